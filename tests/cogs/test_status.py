from collections.abc import Mapping
from typing import Any, cast

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.llm.breaker import State
from bot.llm.breakers import ModelState
from bot.llm.chain import LaneStatus
from bot.llm.ports import Spend
from bot.llm.types import Health
from bot.services.status import Ceiling, ProviderState, Status, Versions, Voice
from cogs.status import Status as StatusCog
from cogs.status.embeds import staff_embed, status_embed
from tests.discord_payloads import GUILD
from tests.fake_interaction import FakeInteraction, check_embed, use

NO_MANAGER = discord.Permissions(send_messages=True)
noisy = st.text(alphabet="*_`~|>[]()#@<a\n\\€", max_size=400)


def provider(health: Health | None = None, **values: Any) -> ProviderState:
    known: dict[str, Any] = {
        "name": "ollama",
        "health": health,
        "wanted": ("llama3.2:3b",),
        "lane": LaneStatus("ollama", State.CLOSED, 1, 2),
    }
    return ProviderState(**known | values)


def status(*providers: ProviderState, **values: Any) -> Status:
    known: dict[str, Any] = {
        "voice": Voice.ANSWERS,
        "database": "SQLite",
        "database_seconds": 0.0004,
        "providers": providers,
        "queues": {"ingest": 0, "observe": 1_200, "plan": 0},
        "here": None,
        "total": None,
        "untold": (),
        "costs": False,
        "versions": Versions("0.4.0", "3.12.1", "2.7.1"),
    }
    return Status(**known | values)


def fields(embed: discord.Embed) -> Mapping[str | None, str | None]:
    return {field.name: field.value for field in embed.fields}


class TestForEveryone:
    @pytest.mark.parametrize(
        ("voice", "words"),
        [
            (Voice.NONE, "No language model is set up"),
            (Voice.ANSWERS, "My language model answers."),
            (Voice.SILENT, "does not answer"),
            (Voice.UNKNOWN, "has not said yet"),
        ],
    )
    def test_says_whether_bot_and_model_answer_and_no_more(self, voice: Voice, words: str) -> None:
        embed = status_embed(voice, 0.042)
        assert str(embed.description).startswith("I'm here, 42 ms from Discord.\n")
        assert words in str(embed.description)
        assert (embed.fields, embed.footer.text) == ([], None)

    @pytest.mark.parametrize("latency", [float("nan"), float("inf")])
    def test_a_latency_nobody_knows_is_none(self, latency: float) -> None:
        assert "an unknown time from Discord" in str(status_embed(Voice.NONE, latency).description)


class TestForStaff:
    def test_shows_every_part(self) -> None:
        embed = staff_embed(status(provider(Health(ok=True, detail="Ollama 0.9 at http://x, 1 model"))), 0.05)
        assert fields(embed) == {
            "Gateway": "50 ms",
            "Database": "SQLite, 0.4 ms",
            "Queues": "observe 1,200",
            "Model provider: ollama": (
                "✅ Ollama 0.9 at http://x, 1 model\n✓ `llama3.2:3b`\n1 call under way, 2 waiting"
            ),
        }
        assert embed.footer.text == "Lookout 0.4.0 · Python 3.12.1 · discord.py 2.7.1"

    def test_a_missing_model_comes_with_the_command_that_fetches_it(self) -> None:
        detail = (
            "Ollama 0.9 at http://x lacks gemma3:27b, b: run `ollama pull gemma3:27b` and `ollama pull b`"
        )
        health = Health(ok=False, detail=detail, missing=("gemma3:27b", "b"))
        shown = fields(staff_embed(status(provider(health, wanted=("llama3.2:3b", "gemma3:27b", "b"))), 0.05))
        assert shown["Model provider: ollama"] == (
            "⚠️ Ollama 0.9 at http://x lacks 2 models\n✓ `llama3.2:3b`\n"
            "✗ `gemma3:27b`: `ollama pull gemma3:27b`\n"
            "✗ `b`: `ollama pull b`\nall of them: `python run.py pull`\n1 call under way, 2 waiting"
        )

    def test_of_a_provider_that_does_not_answer_no_model_is_said_to_be_there(self) -> None:
        lane = LaneStatus("ollama", State.OPEN, 0, 0)
        gone = provider(Health(ok=False, detail="it is gone: run `ollama serve`"), lane=lane)
        assert fields(staff_embed(status(gone), 0.05))["Model provider: ollama"] == (
            "⚠️ It is gone: run `ollama serve`\n· `llama3.2:3b`\n"
            "not asked for a while, because it failed or asked for quiet"
        )

    def test_a_model_that_is_left_alone_is_named_with_what_it_failed_with(self) -> None:
        models = (
            ModelState("llama3.2:3b", State.CLOSED, "it was slow"),
            ModelState("gemma3:27b", State.OPEN, "too little memory: choose a smaller model"),
        )
        lane = LaneStatus("ollama", State.CLOSED, 0, 0, models)
        there = provider(Health(ok=True, detail="fine"), wanted=("llama3.2:3b", "gemma3:27b"), lane=lane)
        assert fields(staff_embed(status(there), 0.05))["Model provider: ollama"] == (
            "✅ Fine\n✓ `llama3.2:3b`\n✓ `gemma3:27b`\n"
            "· `gemma3:27b` not asked for a while, because it failed or asked for quiet: "
            "too little memory: choose a smaller model"
        )
        late = fields(staff_embed(status(provider()), 0.05))["Model provider: ollama"]
        assert str(late).startswith("⏳ it has not answered yet\n· `llama3.2:3b`")

    def test_queues_in_which_nothing_waits_are_one_word(self) -> None:
        assert fields(staff_embed(status(queues={"ingest": 0, "plan": 0}), 0.05))["Queues"] == "all empty"

    def test_a_database_that_does_not_answer_is_red(self) -> None:
        embed = staff_embed(status(database_seconds=None), 0.05)
        assert fields(embed)["Database"] == "SQLite, does not answer"
        assert embed.colour == discord.Colour.red()

    def test_shows_the_ceilings_no_owner_could_be_told_of(self) -> None:
        name = "The owner could not be told by direct message"
        assert fields(staff_embed(status(untold=("one", "two")), 0.05))[name] == "⚠️ one\n⚠️ two"
        assert name not in fields(staff_embed(status(), 0.05))

    def test_shows_todays_spend_against_the_ceilings(self) -> None:
        shown = fields(
            staff_embed(
                status(
                    costs=True,
                    here=Ceiling(Spend(1_200, 0.25), 500_000, 1.0),
                    total=Ceiling(Spend(9, 0.5), None, None),
                ),
                0.05,
            )
        )
        assert shown["Spent today, this server"] == "$0.2500 (of $1.00)\n1,200 tokens (of 500,000)"
        assert shown["Spent today, all servers"] == "$0.5000 (no ceiling)\n9 tokens (no ceiling)"
        unread = fields(staff_embed(status(costs=True), 0.05))
        assert unread["Spent today, this server"] == "can't be read now: see the log"

    @example("*" * 400, "`" * 400, 40, 40)
    @given(noisy, noisy, st.integers(0, 40), st.integers(0, 40))
    def test_always_fits(self, detail: str, model: str, models: int, queues: int) -> None:
        wanted = tuple(f"{model}{number}" for number in range(models))
        health = Health(ok=False, detail=detail * 5, missing=wanted)
        names = ("ollama", "anthropic", "openai", "transformers")
        found = [provider(health, name=name, wanted=wanted) for name in names]
        ceiling = Ceiling(Spend(10**12, 1e9), 10**12, 1e9)
        check_embed(
            staff_embed(
                status(
                    *found,
                    costs=True,
                    here=ceiling,
                    total=ceiling,
                    queues={f"{'queue' * 8}{number}": 10**9 for number in range(queues)},
                ),
                0.05,
            )
        )


class FakeStatus:
    """Stands for the service: says what is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def voice(self) -> Voice:
        self.asked.append("voice")
        return Voice.ANSWERS

    async def of(self, guild_id: int | None) -> Status:
        self.asked.append(guild_id)
        return status()


class FakeBot:
    latency = 0.05


class TestCommand:
    @pytest.fixture
    def service(self) -> FakeStatus:
        return FakeStatus()

    @pytest.fixture
    def cog(self, service: FakeStatus) -> StatusCog:
        return StatusCog(cast("Any", FakeBot()), cast("Any", service))

    async def test_staff_see_every_part_and_nobody_else_sees_it(
        self, cog: StatusCog, service: FakeStatus
    ) -> None:
        shown = (await use(cog, "status", FakeInteraction(GUILD))).embed  # which fails unless ephemeral
        assert "Database" in fields(shown)
        assert service.asked == [GUILD]

    @pytest.mark.parametrize(
        "caller",
        [FakeInteraction(GUILD, NO_MANAGER), FakeInteraction(None)],
        ids=["a member", "in a direct message"],
    )
    async def test_everyone_else_sees_one_line(
        self, cog: StatusCog, service: FakeStatus, caller: FakeInteraction
    ) -> None:
        shown = (await use(cog, "status", caller)).embed
        assert shown.fields == []
        assert "My language model answers." in str(shown.description)
        assert service.asked == ["voice"]
