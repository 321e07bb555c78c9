"""How the bot is: asked of a loopback Ollama and a loopback Anthropic, and of the database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy.exc import OperationalError

import run
from bot.db.database import Database
from bot.llm.breaker import State
from bot.llm.ports import CeilingNotice, Outcome, OwnerUnreachable, Spend
from bot.llm.types import Message, Options, Prompt, Role, Task
from bot.services.clock import SystemClock
from bot.services.language import Language
from bot.services.metrics import Metrics
from bot.services.status import FRESH_SECONDS, Ceiling, StatusService, Voice
from bot.settings import Settings
from sandbox.hosted.driver import HostedSandbox
from sandbox.ollama import OllamaSandbox
from tests.conftest import Logged
from tests.services.support import GUILD, OTHER_GUILD
from tests.services.test_llm_log import call

HI = Prompt((Message(Role.USER, "hi"),), options=Options(max_tokens=10))
CONFIG = Path(run.__file__).parent / "config"


class Later(SystemClock):
    """The machine's clock, put forward by a test."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaSandbox]:
    async with OllamaSandbox(["llama3.2:3b", "gemma3:4b"]) as sandbox:
        yield sandbox


class Made(NamedTuple):
    """The service and what it asks."""

    status: StatusService
    language: Language


Make = Callable[..., Made]


@pytest.fixture
def tried() -> asyncio.Event:
    """Set once somebody tried to tell an owner of a ceiling."""
    return asyncio.Event()


@pytest.fixture
async def make(
    database: Database, later: Later, ollama: OllamaSandbox, tried: asyncio.Event
) -> AsyncIterator[Make]:
    """Return a maker of the service for a section `llm`; everything is closed afterwards."""
    made: list[Made] = []

    async def closed(_notice: CeilingNotice) -> None:
        tried.set()
        raise OwnerUnreachable("closed")

    def start(patience: float = 5.0, **llm: Any) -> Made:
        settings = Settings.model_validate({"llm": {"ollama_host": ollama.url, **llm}})
        metrics = Metrics()
        language = Language(settings, CONFIG, database, later, metrics, closed)
        language.start()
        service = StatusService(database, language, settings.llm, metrics, later, patience)
        made.append(Made(service, language))
        return made[-1]

    yield start
    for status, language in made:
        await status.close()
        await language.close()


async def test_without_a_provider_there_is_no_model_and_nothing_is_spent(make: Make) -> None:
    status = await make().status.of(GUILD)
    assert (status.voice, status.providers, status.costs, status.here) == (Voice.NONE, (), False, None)
    assert status.database in {"SQLite", "PostgreSQL"}
    assert status.database_seconds is not None
    assert 0 <= status.database_seconds < 5
    assert status.queues == {"llm_log": 0}
    assert all(status.versions)


async def test_models_that_are_there_and_missing_are_told_with_their_provider(
    make: Make, ollama: OllamaSandbox
) -> None:
    service = make(chains={"reply": ["ollama"], "classify": ["ollama/gemma3:4b", "ollama/gemma3:27b"]}).status
    [state] = (await service.of(GUILD)).providers
    assert state.wanted == ("gemma3:4b", "gemma3:27b", "llama3.2:3b")
    assert state.health is not None
    assert (state.health.ok, state.health.missing) == (False, ("gemma3:27b",))
    assert "`ollama pull gemma3:27b`" in state.health.detail
    assert (state.lane.state, state.lane.running, state.lane.waiting) == (State.CLOSED, 0, 0)
    assert await service.voice() is Voice.ANSWERS  # with the others


async def test_a_provider_without_any_of_its_models_does_not_answer(make: Make) -> None:
    assert await make(provider="ollama", ollama_model="made-up").status.voice() is Voice.SILENT


async def test_a_provider_that_is_gone_does_not_answer(make: Make, ollama: OllamaSandbox) -> None:
    await ollama.stop()
    service = make(provider="ollama").status
    assert await service.voice() is Voice.SILENT
    [state] = (await service.of(GUILD)).providers
    assert state.health is not None
    assert "start it (`ollama serve`)" in state.health.detail


async def test_what_hangs_is_not_waited_for_and_goes_on_being_asked(
    make: Make, ollama: OllamaSandbox
) -> None:
    ollama.fail("hang", "/api/version")
    service = make(patience=0.05, provider="ollama").status
    assert await service.voice() is Voice.UNKNOWN
    status = await service.of(GUILD)
    assert [state.health for state in status.providers] == [None]
    assert len(ollama.bodies("/api/version")) == 1


async def test_an_answer_holds_for_a_while(make: Make, ollama: OllamaSandbox, later: Later) -> None:
    service = make(provider="ollama").status
    for _ in range(5):
        assert await service.voice() is Voice.ANSWERS
    assert len(ollama.bodies("/api/version")) == 1
    later.ahead += FRESH_SECONDS
    await ollama.stop()
    assert await service.voice() is Voice.SILENT


async def test_a_provider_that_is_left_alone_does_not_answer(
    make: Make, ollama: OllamaSandbox, database: Database
) -> None:
    service, language = make(provider="ollama", breaker={"failures": 1})
    ollama.fail("cut")
    await language.models.complete(Task.REPLY, HI, guild_id=GUILD, fallback=lambda: "no")
    status = await service.of(GUILD)
    assert [state.lane.state for state in status.providers] == [State.OPEN]
    assert status.voice is Voice.SILENT
    assert status.providers[0].lane.models[0].why


async def test_a_provider_is_not_silent_for_longer_than_it_is_left_alone(
    make: Make, ollama: OllamaSandbox, later: Later
) -> None:
    service, language = make(provider="ollama", breaker={"failures": 1, "open_seconds": 30})
    ollama.fail("cut")
    await language.models.complete(Task.REPLY, HI, guild_id=GUILD, fallback=lambda: "no")
    later.ahead += 30
    status = await service.of(GUILD)
    assert [state.lane.state for state in status.providers] == [State.HALF_OPEN]
    assert status.voice is Voice.ANSWERS


async def test_a_model_that_is_left_alone_is_told_beside_one_that_answers(
    make: Make, ollama: OllamaSandbox
) -> None:
    service, language = make(
        provider="ollama", chains={"reply": ["ollama/gemma3:4b"]}, breaker={"failures": 1}
    )
    ollama.fail("status", text="model requires more system memory (18.2 GiB) than is available (7.1 GiB)")
    await language.models.complete(Task.REPLY, HI, guild_id=GUILD, fallback=lambda: "no")
    status = await service.of(GUILD)
    assert status.voice is Voice.ANSWERS
    [state] = status.providers
    assert state.lane.state is State.CLOSED
    told = {each.model: each for each in state.lane.models}
    assert told["llama3.2:3b"].state is State.CLOSED
    assert told["gemma3:4b"].state is State.OPEN
    assert "choose a smaller model than gemma3:4b" in told["gemma3:4b"].why


async def test_todays_spend_is_told_against_the_ceilings(make: Make, database: Database) -> None:
    now = SystemClock().now()
    async with HostedSandbox() as hosted:
        service, language = make(
            provider="anthropic",
            anthropic_api_key=hosted.key,
            anthropic_base_url=hosted.anthropic_url,
            ceilings={"usd_per_day_guild": 2.0, "tokens_per_day": None},
        )
        log = language.log
        log.record(call(created_at=now, outcome=Outcome.ANSWERED))
        log.record(call(created_at=now, guild_id=OTHER_GUILD, cost=0.5, billed_tokens=80))
        await log.flush()
        status = await service.of(GUILD)
    assert status.here == Ceiling(Spend(120, 0.25), 500_000, 2.0)
    assert status.total == Ceiling(Spend(200, 0.75), None, 5.0)
    assert status.costs
    assert (await service.of(None)).here == Ceiling(Spend(0, 0.0), 500_000, 2.0)


async def test_a_key_that_is_not_accepted_is_told(make: Make) -> None:
    async with HostedSandbox() as hosted:
        service, _ = make(provider="anthropic", api_key="sk-wrong", anthropic_base_url=hosted.anthropic_url)
        status = await service.of(GUILD)
    assert status.voice is Voice.SILENT
    [state] = status.providers
    assert state.health is not None
    assert not state.health.ok
    assert (
        "Anthropic does not accept the key: put a valid one into .env (ANTHROPIC_API_KEY"
        in state.health.detail
    )
    assert "sk-wrong" not in state.health.detail


async def test_a_database_that_fails_is_told_and_nothing_else_suffers(
    make: Make, database: Database, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    async def broken() -> None:
        raise OperationalError("select 1", {}, Exception("no such file"))

    monkeypatch.setattr(database, "answer", broken)
    status = await make(provider="ollama").status.of(GUILD)
    assert status.database_seconds is None
    assert status.voice is Voice.ANSWERS
    assert logged.of("WARNING", "The database does not answer")


async def test_a_ceiling_no_owner_could_be_told_of_is_shown_in_its_server(
    make: Make, tried: asyncio.Event
) -> None:
    prompt = Prompt((Message(Role.USER, "hello"),))
    async with HostedSandbox() as hosted:
        service, language = make(
            provider="anthropic",
            api_key=hosted.key,
            anthropic_base_url=hosted.anthropic_url,
            ceilings={"tokens_per_day_guild": 0},
        )
        await language.models.complete(Task.REPLY, prompt, guild_id=GUILD, fallback=lambda: "none")
        await asyncio.wait_for(tried.wait(), 10)
        here, there = await asyncio.gather(service.of(GUILD), service.of(OTHER_GUILD))
    assert "tokens_per_day_guild" in "".join(here.untold)
    assert there.untold == ()
