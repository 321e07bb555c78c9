"""`/maintenance` from the command to what members read, with a restart in the middle."""

from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.handles import Channel
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running
from tests.e2e.test_tickets import set_up

CALM = {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}
HELP = "how do I install the driver on my machine?"


async def notices(home: Home, channel: Channel) -> list[str]:
    """What was told of maintenance in a channel."""
    return [each["content"] for each in home.posts(channel) if "being worked on" in each["content"]]


async def registered(discord: Sandbox, bot: Running) -> None:
    await bot.until("the commands", lambda: discord.app.commands)


async def set_mode(home: Home, mode: str, **more: Any) -> str:
    return (await home.owner.slash("maintenance", channel=home.chat, mode=mode, **more)).content


def embed_of(answer: Any) -> str:
    [embed] = answer.message.embeds
    return str(embed["description"])


async def test_what_is_asked_meanwhile_is_answered_in_the_end_over_a_restart(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path, orchestrator=CALM) as bot:
        await registered(discord, bot)
        assert "Maintenance (soft) is on" in await set_mode(home, "soft", text="Back at noon.")
        first = await home.alice.say(HELP, home.help)
        await bot.until("the notice", lambda: home.posts(home.help))
        second = await home.bob.say(HELP, home.help)
        told = await home.bob.slash("summary now", channel=home.chat)
        assert "You get the summary by direct message." in told.content
        again = await home.bob.slash("summary now", channel=home.chat)
        assert "have one for you already" in again.content
        await bot.until("both to be told", lambda: len(home.posts(home.help)) == 2)
    async with running_bot(discord, folder=tmp_path, orchestrator=CALM) as bot:
        await registered(discord, bot)
        assert "Back at noon." in embed_of(await home.alice.slash("status", channel=home.chat))
        third = await home.alice.say(HELP, home.chat)
        await bot.until("the notice elsewhere", lambda: home.posts(home.chat))
        assert [home.replies(each) for each in (first, second, third)] == [[], [], []]
        assert len(await notices(home, home.help)) == 2, "nobody is told twice in a place"
        assert "Maintenance is over" in await set_mode(home, "off")
        for each in (first, second, third):
            await discord.wait_for_reply(to=each)
        direct = await home.bob.dm()

        async def sent() -> list[Any]:
            return await direct.history()

        [summary] = await bot.until("the summary", sent)
        assert summary.embeds
        assert "worked on" not in embed_of(await home.alice.slash("status", channel=home.chat))
    posted = [each["message_id"] for each in home.posts(home.help)]
    answers = [home.replies(each)[0]["message_id"] for each in (first, second)]
    assert posted[2:] == answers, "in order"
    assert [len(home.replies(each)) for each in (first, second, third)] == [1, 1, 1]


async def test_hard_refuses_all_but_who_runs_the_bot(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with running_bot(discord, orchestrator=CALM) as bot:
        await registered(discord, bot)
        await set_mode(home, "hard")
        said = await home.alice.say(HELP, home.help)
        story = await bot.story(said)
        assert story["orchestrator"]["reason"] == "maintenance mode"
        await bot.until("the notice", lambda: home.posts(home.help))
        assert "ask again later" in (await notices(home, home.help))[0]
        refused = await home.alice.slash("summary now", channel=home.chat)
        assert refused.content.startswith("I'm being worked on and can't answer now.")
        assert "worked on" in embed_of(await home.alice.slash("status", channel=home.chat))
        assert embed_of(await home.owner.slash("activity", channel=home.chat))
        await set_mode(home, "off")
        answered = await home.alice.say(HELP, home.help)
        await discord.wait_for_reply(to=answered)
    assert home.replies(said) == []


async def test_hard_refuses_buttons_selects_and_forms_too(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    role = await discord.role("managers", guild=home.guild, permissions=["manage_guild"])
    manager = await home.person("mona", roles=[role])
    async with running_bot(discord) as bot:
        await registered(discord, bot)
        desk = await set_up(home, bot)
        form = await home.alice.click(desk.panel, "Open a ticket")
        page = (await manager.slash("setup", channel=home.chat)).message
        asked = (await home.alice.slash("privacy opt-out", channel=home.chat)).message
        listed = (await manager.slash("help", channel=home.chat)).message
        assert page is not None
        assert asked is not None
        assert listed is not None
        await set_mode(home, "hard", text="Back at noon.")
        written = {"Title": "It fails", "Description": "It crashes.", "Environment": "v2"}
        for refused in (
            await home.alice.click(desk.panel, "Open a ticket"),
            await home.alice.submit(form, written),
            await manager.click(page, "Next"),
            await manager.choose(page, "What I watch", ["chosen"]),
        ):
            assert refused.ephemeral
            assert refused.content.startswith("I'm being worked on and can't answer now.")
            assert refused.content.endswith("Back at noon.")
        assert desk.rows() == []
        await manager.click(listed, "Next")
        await bot.until("the next page", lambda: "Page 2" in _now(discord, listed))
        await home.alice.click(asked, "Opt out and delete")
        await bot.until("the opt-out", lambda: "Done: I store nothing" in _now(discord, asked))
        own = await home.owner.click(desk.panel, "Open a ticket")
        assert own.modal is not None, "who runs the bot may try things"
        await set_mode(home, "off")
        assert (await home.bob.click(desk.panel, "Open a ticket")).modal is not None


def _now(discord: Sandbox, message: Any) -> str:
    """What a message shows."""
    shown = discord.core.world.channels[int(message.json["channel_id"])].messages[message.id]
    return f"{shown.content} {shown.embeds}"


async def test_only_who_runs_the_bot_may(discord: Sandbox, home: Home, running_bot: BotFactory) -> None:
    role = await discord.role("managers", guild=home.guild, permissions=["manage_guild"])
    manager = await home.person("mona", roles=[role])
    async with running_bot(discord) as bot:
        await registered(discord, bot)
        told = await manager.slash("maintenance", channel=home.chat, mode="hard")
        assert told.content == "Only whoever runs this bot may do this."
        assert embed_of(await home.alice.slash("status", channel=home.chat)).startswith("I'm here")


async def test_questions_in_tickets_wait_too(discord: Sandbox, home: Home, running_bot: BotFactory) -> None:
    async with running_bot(discord) as bot:
        await registered(discord, bot)
        desk = await set_up(home, bot)
        options = {"question": "How do I reset my password?", "answer": "Press the red button."}
        await home.owner.slash("train add", channel=home.chat, options=options)
        await set_mode(home, "soft")
        await desk.open(home.alice, "Password", "How do I reset my password?", settled=False)
        thread = Channel(desk.rows()[-1][3], "", discord)

        async def said(part: str) -> list[Any]:
            return [each for each in await thread.history() if part in each.content]

        await bot.until("the notice", lambda: said("being worked on"))
        assert not await said("red button")
        await set_mode(home, "off")
        await bot.until("the answer", lambda: said("red button"))
        assert len(await said("being worked on")) == 1
        assert len(await said("red button")) == 1
