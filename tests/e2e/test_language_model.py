"""The bot with a language model: a loopback Ollama, whose words are scripted, writes its replies."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.services.clock import SystemClock
from sandbox import Sandbox
from sandbox.hosted.driver import HostedSandbox
from sandbox.ollama import OllamaSandbox, Rule
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running, TestClock

CALM = {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}
ASKED = "how do I install the driver on my machine? I need help"
SAID = "Take the driver from the maker's page, then start the machine again."
CALLS = "select task, guild_id, provider, model, outcome from llm_calls where task = 'reply' order by id"


class AtPace(TestClock):
    """A clock that waits: a model's deadline is a real one."""

    async def sleep(self, seconds: float) -> None:
        await SystemClock.sleep(self, seconds)


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaSandbox]:
    async with OllamaSandbox(["llama3.2:3b"]) as sandbox:
        sandbox.script(Rule(lambda asked: "install the driver" in asked.prompt and not asked.format, SAID))
        yield sandbox


def asking(ollama: OllamaSandbox, **more: Any) -> dict[str, Any]:
    llm = {"provider": "ollama", "ollama_host": ollama.url, "breaker": {"failures": 2}, **more}
    return {"llm": llm, "orchestrator": CALM, "clock": AtPace()}


async def calls(bot: Running, count: int) -> list[tuple[Any, ...]]:
    """Return the rows of replies once there are so many: they are written in the background."""
    await bot.until(f"{count} calls to be written down", lambda: len(bot.rows(CALLS)) == count)
    return bot.rows(CALLS)


def shown(answer: Any) -> str:
    """Return what an answer's embed says, whether it came at once or after a pause."""
    [embed] = [embed for said in (answer.message, *answer.followups) if said for embed in said.embeds]
    told = [embed.get("description", "")]
    told += [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
    return "\n".join(told)


async def test_a_reply_is_the_models_and_without_it_the_templates(
    discord: Sandbox, home: Home, running_bot: BotFactory, ollama: OllamaSandbox
) -> None:
    async with running_bot(discord, **asking(ollama)) as bot:
        assert bot.log.said("Language models: ollama")
        asked = await home.alice.say(ASKED, home.help)
        reply = await discord.wait_for_reply(to=asked)
        assert reply.content == SAID
        answered = ("reply", home.guild.id, "ollama", "llama3.2:3b", "answered")
        assert await calls(bot, 1) == [answered]

        await ollama.stop()
        again = await home.bob.say(ASKED, home.chat)
        reply = await discord.wait_for_reply(to=again)
        assert reply.content != SAID
        assert home.bob.name in reply.content
        assert await calls(bot, 2) == [answered, ("reply", home.guild.id, "embedded", "", "embedded")]
        [(skipped,)] = bot.rows("select skipped from llm_calls where task = 'reply' and skipped is not null")
        assert "Ollama doesn't answer" in skipped
        text = (await bot.get("/metrics"))[1]
        assert 'llm_calls_total{outcome="answered",provider="ollama",task="reply"} 1.0' in text
        assert 'queue_depth{queue="llm_ollama"} 0.0' in text
    assert [len(home.replies(each)) for each in (asked, again)] == [1, 1]


@pytest.mark.parametrize(("mode", "judges"), [("llm", ["llm", "llm"]), ("cascade", [None, None])])
async def test_in_mode_llm_the_model_judges_what_the_heads_are_sure_of(
    discord: Sandbox, home: Home, running_bot: BotFactory, ollama: OllamaSandbox, mode: str, judges: list[Any]
) -> None:
    told = {"id": "m1", "intent": "help_request", "confidence": 0.9, "reason": "hints at it"}
    ollama.script(
        Rule(lambda asked: bool(asked.format) and "> Good morning" in asked.prompt, {"results": [told]}),
        Rule(lambda asked: not asked.format, SAID),
        {"results": [told | {"intent": "other"}]},
    )
    async with running_bot(discord, **asking(ollama, observer_mode=mode), nlp={"encoder": "off"}) as bot:
        query = "select judge from signals where stage = 'done' order by id"
        hint = await home.alice.say("Good morning everybody, the coffee is ready.", home.help)
        await bot.until("the first to be done", lambda: len(bot.rows(query)) == 1)
        chat = await home.bob.say("Had a lovely walk along the river today.", home.chat)
        await bot.until("both to be done", lambda: len(bot.rows(query)) == len(judges))
        assert [judge for (judge,) in bot.rows(query)] == judges
    assert [len(home.replies(each)) for each in (hint, chat)] == [int(mode == "llm"), 0]


async def test_status_says_whether_bot_and_model_answer(
    discord: Sandbox, home: Home, running_bot: BotFactory, ollama: OllamaSandbox
) -> None:
    models = {"summarize": "gemma3:27b"}
    async with running_bot(discord, **asking(ollama, models=models)) as bot:
        await bot.until("the commands to be registered", lambda: bool(discord.app.commands))
        member = await home.alice.slash("status", channel=home.help)
        assert member.ephemeral
        assert shown(member).endswith("My language model answers.")
        staff = shown(await home.owner.slash("status", channel=home.help))
        for part in (
            "Gateway: ",
            "Database: SQLite, ",
            "Queues: ",
            "Model provider: ollama: ",
            "✓ `llama3.2:3b`",
            "✗ `gemma3:27b`: `ollama pull gemma3:27b`",
        ):
            assert part in staff
        assert "Spent today" not in staff


async def test_without_a_model_status_says_so(discord: Sandbox, home: Home, running_bot: BotFactory) -> None:
    async with running_bot(discord) as bot:
        await bot.until("the commands to be registered", lambda: bool(discord.app.commands))
        told = shown(await home.owner.slash("status", channel=home.help))
        assert "No language model is set up" in told
        assert "Model provider" not in told


async def test_at_a_ceiling_the_template_answers_and_the_owner_is_told_once(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with HostedSandbox() as hosted:
        llm = {
            "provider": "anthropic",
            "api_key": hosted.key,
            "anthropic_base_url": hosted.anthropic_url,
            "ceilings": {"tokens_per_day_guild": 0},
        }
        async with running_bot(discord, llm=llm, orchestrator=CALM, clock=AtPace()) as bot:

            def told() -> list[str]:
                posted = discord.record.messages(bot=True)
                return [entry["content"] for entry in posted if entry["guild_id"] is None]

            for place in (home.help, home.chat):
                asked = await home.alice.say(ASKED, place)
                await discord.wait_for_reply(to=asked)
                await bot.until("the owner to be told", lambda: len(told()) == 1)
            assert "the day's 0 tokens for this server are used up" in told()[0]
            assert "llm.ceilings.tokens_per_day_guild" in told()[0]
            staff = shown(await home.owner.slash("status", channel=home.help))
            assert "Spent today, this server: $0.0000 (of $1.00)\n0 tokens (of 0)" in staff
        assert hosted.record.of("request", path="/v1/messages") == []
