"""How the bot is: for members whether it and its model answer, for staff each part that may fail."""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import NamedTuple

from loguru import logger

from bot import __version__
from bot.db.database import Database
from bot.llm.breaker import State
from bot.llm.chain import LaneStatus
from bot.llm.errors import CeilingReached
from bot.llm.ports import Spend
from bot.llm.provider import LLMProvider
from bot.llm.types import Health
from bot.services.clock import Clock
from bot.services.language import Language
from bot.services.metrics import Metrics
from bot.services.tasks import TaskSet
from bot.settings_llm import LlmSettings

PATIENCE = 4.0  # seconds for everything that is asked; an interaction's answer shouldn't take longer
FRESH_SECONDS = 10.0  # for how long a provider's health holds: anyone may ask
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Voice(StrEnum):
    """Whether there is a language model that answers."""

    NONE = "none"  # none is set up
    ANSWERS = "answers"
    SILENT = "silent"
    UNKNOWN = "unknown"  # it takes its time to say


class ProviderState(NamedTuple):
    """How one provider is.

    Attributes:
        health: None while it hasn't answered.
        wanted: the models that chains name.
        lane: how it is asked.
    """

    name: str
    health: Health | None
    wanted: tuple[str, ...]
    lane: LaneStatus


class Ceiling(NamedTuple):
    """What hosted providers took today, and may take; None is no ceiling."""

    spent: Spend
    max_tokens: int | None
    max_cost: float | None  # US dollars


class Versions(NamedTuple):
    """What runs."""

    bot: str
    python: str
    discord: str


@dataclass(frozen=True, slots=True)
class Status:
    """Everything staff are told.

    Attributes:
        database_seconds: of the least question; None when it did not answer.
        queues: items waiting, by queue.
        here: today's spend of the guild; None where nothing costs, or it can't be read.
        total: that of all guilds.
        plugins: what is wrong with them.
        untold: ceilings reached today that no owner could be told of.
    """

    voice: Voice
    database: str
    database_seconds: float | None
    providers: tuple[ProviderState, ...]
    queues: Mapping[str, int]
    here: Ceiling | None
    total: Ceiling | None
    untold: tuple[str, ...]
    costs: bool
    versions: Versions
    plugins: tuple[str, ...] = ()


class StatusService:
    """Asks every part how it is, all at the same time, and waits for none longer than `patience` seconds."""

    def __init__(
        self,
        database: Database,
        language: Language,
        llm: LlmSettings,
        metrics: Metrics,
        clock: Clock,
        patience: float = PATIENCE,
    ) -> None:
        self._database = database
        self._models = language.models
        self._providers = language.providers
        self._llm = llm
        self._metrics = metrics
        self._clock = clock
        self._patience = patience
        self._wanted = llm.wanted()
        self._tasks = TaskSet()
        self.troubles: Callable[[], Sequence[str]] = tuple  # of plugins
        self._looks: dict[str, asyncio.Task[Health]] = {}
        self._looked_at: dict[str, float] = {}  # monotonic

    async def voice(self) -> Voice:
        """Return whether a language model answers."""
        return _voice(await self._states())

    async def of(self, guild_id: int | None) -> Status:
        """Return how everything is, with the spend of a guild."""
        costs = any(provider.is_hosted for provider in self._providers.values())
        providers, seconds, spent = await asyncio.gather(
            self._states(), self._database_seconds(), self._spent() if costs else _nothing()
        )
        here = total = None
        ceilings = self._llm.ceilings
        if spent is not None:
            everywhere, guilds = spent
            own = guilds.get(guild_id, Spend(0, 0.0))
            here = Ceiling(own, ceilings.tokens_per_day_guild, ceilings.usd_per_day_guild)
            total = Ceiling(everywhere, ceilings.tokens_per_day, ceilings.usd_per_day)
        return Status(
            voice=_voice(providers),
            database=KINDS.get(self._database.dialect, self._database.dialect),
            database_seconds=seconds,
            providers=providers,
            queues=self._metrics.depths(),
            here=here,
            total=total,
            untold=self._models.untold(guild_id),
            costs=costs,
            versions=Versions(__version__, platform.python_version(), version("discord.py")),
            plugins=tuple(self.troubles()),
        )

    async def close(self) -> None:
        """Ask nobody any more."""
        await self._tasks.cancel()

    async def _states(self) -> tuple[ProviderState, ...]:
        looks = {name: self._look(name, provider) for name, provider in self._providers.items()}
        if looks:
            await asyncio.wait(looks.values(), timeout=self._patience)
        lanes = {lane.provider: lane for lane in self._models.status()}
        return tuple(
            ProviderState(name, _health(look), self._wanted.get(name, ()), lanes[name])
            for name, look in looks.items()
        )

    def _look(self, name: str, provider: LLMProvider) -> asyncio.Task[Health]:
        """Return the question under way, or answered lately, else a new one; it outlives who waits for it."""
        now = self._clock.monotonic()
        known = self._looks.get(name)
        if known is None or (known.done() and now - self._looked_at[name] >= FRESH_SECONDS):
            known = self._tasks.spawn(provider.health(self._wanted.get(name, ())), f"health of {name}")
            self._looks[name], self._looked_at[name] = known, now
        return known

    async def _database_seconds(self) -> float | None:
        started = self._clock.monotonic()
        if not await self._in_time(self._database.answer, "the database"):
            return None
        return self._clock.monotonic() - started

    async def _spent(self) -> tuple[Spend, dict[int | None, Spend]] | None:
        try:
            return await self._models.spent(self._patience)
        except CeilingReached as error:
            logger.warning("Today's spend can't be told: {}", error)
            return None

    async def _in_time(self, work: Callable[[], Awaitable[None]], what: str) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                await work()
        except Exception as error:  # noqa: BLE001  (whatever it is, that is the answer)
            logger.warning("{} does not answer: {}", what.capitalize(), str(error) or type(error).__name__)
            return False
        return True


async def _nothing() -> None:
    return None


def _health(look: asyncio.Task[Health]) -> Health | None:
    if not look.done():
        return None
    if look.cancelled() or look.exception() is not None:
        return Health(ok=False, detail="it could not be asked: see the log")
    return look.result()


def _voice(providers: tuple[ProviderState, ...]) -> Voice:
    """Return whether one of them would answer, as far as it can be told."""
    if not providers:
        return Voice.NONE
    asked = [each for each in providers if each.lane.state is not State.OPEN]
    if any(each.health and _has_a_model(each, each.health) for each in asked):
        return Voice.ANSWERS
    return Voice.UNKNOWN if any(each.health is None for each in asked) else Voice.SILENT


def _has_a_model(provider: ProviderState, health: Health) -> bool:
    """Whether it answers, if only with some of the models it is wanted for."""
    if not health.ok and not health.missing:
        return False
    silent = {each.model for each in provider.lane.models if each.state is State.OPEN}
    return not set(provider.wanted) <= silent.union(health.missing)
