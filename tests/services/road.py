"""Observer and orchestrator as a pair on one database and one fake Discord."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.domain.signal import Intent, Signal, Stage, Urgency
from bot.models import SignalRecord
from bot.models.signal import signal_from_row
from bot.nlp.refining import Refiner
from bot.services.actions import ActionLog
from bot.services.cascade import CascadeService
from bot.services.compose import Composer
from bot.services.guilds import GuildService
from bot.services.maintenance import MaintenanceService
from bot.services.metrics import Metrics
from bot.services.observer import ObserverService
from bot.services.orchestrator import OrchestratorService
from bot.services.refinement import RefinementService
from bot.services.replies import Replies
from bot.services.reply_writing import ReplyWriting
from bot.services.situations import SituationService
from bot.services.throttle import Throttle
from bot.services.writing import Writer
from bot.settings import OrchestratorSettings, Settings, WorkerSettings
from tests.fakes import FakeClock, FakeDiscord, FakeTool
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    NOW,
    key,
    message_id,
)

REPLIES = Replies(
    help_request=["Hi {member}. {tip} What did you try?"],
    problem_report=["Thanks {member}. {tip}"],
    passed_on=["I have told the team, {member}."],
    staff_alert=["{reason}: {member} in {channel}: {link}"],
    missing_permission=["I can't answer in {channel}: {reason}."],
)


KINDS = ("reply", "suggest", "escalate", "tell_owner", "maintenance")


class Crash(BaseException):
    """The process dies here."""


def crash(_action: object) -> None:
    raise Crash


CALM = {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}
URGENT: dict[str, Any] = {"urgency": Urgency.HIGH.value}
REPORT: dict[str, Any] = {"intent": Intent.PROBLEM_REPORT.value}


class Road:
    """The two stages on one database and one fake Discord; `anew` is a second bot on the same."""

    def __init__(  # noqa: PLR0913  (whatever a test wants otherwise)
        self,
        database: Database,
        clock: FakeClock,
        discord: FakeDiscord,
        refiner: Refiner | None = None,
        *,
        writer: Writer | None = None,
        llm_seconds: float = 10,
        maintenance: MaintenanceService | None = None,
        **settings: Any,
    ) -> None:
        self.database, self.clock, self.discord = database, clock, discord
        self.writer = writer
        self.bus = MemoryBus()
        whole = Settings(
            orchestrator=OrchestratorSettings(**CALM | settings.pop("orchestrator", {})),
            workers=WorkerSettings(sweep_seconds=1),
            **settings,
        )
        self.guilds = GuildService(database, clock, whole.orchestrator)
        self.metrics = Metrics()
        tools = {kind: FakeTool(discord, kind) for kind in KINDS}
        self.refinement = RefinementService(refiner, database, clock, self.metrics, whole.nlp.refine_seconds)
        situations = SituationService(whole)
        self.cascade = None
        if writer is not None:
            self.cascade = CascadeService(
                writer=writer,
                mode=whole.llm.observer_mode,
                refinement=self.refinement,
                guilds=self.guilds,
                clock=clock,
                metrics=self.metrics,
                seconds=llm_seconds,
                max_age=situations.max_age,
            )
        self.observer = ObserverService(
            database, self.bus, clock, self.metrics, self.refinement, whole.workers, cascade=self.cascade
        )
        writing = ReplyWriting(writer, self.refinement, llm_seconds) if writer else None
        self.orchestrator = OrchestratorService(
            database=database,
            bus=self.bus,
            clock=clock,
            metrics=self.metrics,
            guilds=self.guilds,
            situations=situations,
            throttle=Throttle(whole.orchestrator),
            composer=Composer(REPLIES, self.guilds, writing),
            actions=ActionLog(database, tools, clock),
            settings=whole.workers,
            maintenance=maintenance,
        )

    def anew(self) -> "Road":
        return Road(self.database, self.clock, self.discord, writer=self.writer)

    async def hear(self, number: int, *, stage: Stage = Stage.PLAN, **values: Any) -> Signal:
        """Store the `number`th message as one that asks for help, waiting in `stage`."""
        place = values.pop("place_id", CHANNEL)
        row: dict[str, Any] = {
            "id": key(number), "source": "discord", "guild_id": GUILD, "channel_id": place,
            "thread_id": None, "place_id": place, "message_id": message_id(number), "reply_to_id": None,
            "author_id": MEMBER, "author_name": "Ada", "content": "how do I start it?", "attachments": None,
            "embeds": None, "mentions": None, "created_at": self.clock.now(), "ingested_at": self.clock.now(),
            "edited_at": None, "language": "en", "backfilled": False, "purpose": "support",
            "sentiment": "neu", "sentiment_score": 0.0, "urgency": "low", "toxicity": 0.0,
            "intent": "help_request", "confidence": 0.9, "rationale": "asks how", "stage": stage.value,
            "status": "pending" if stage is not Stage.DONE else "skipped", "plan": None, "reason": "",
            "attempts": 0, **values,
        }  # fmt: skip
        async with self.database.transaction() as tx:
            if row["guild_id"] is not None:
                await tx.guilds.ensure(GUILD, NOW)
                await tx.channels.see(
                    [
                        {"id": each, "guild_id": GUILD, "parent_id": None, "name": "general"}
                        for each in {row["channel_id"], row["place_id"]}
                    ]
                )
                member = {"guild_id": GUILD, "user_id": row["author_id"], "name": "Ada", "first_seen_at": NOW}
                await tx.members.see([member])
            await tx.signals.add_batch([row])
        return signal_from_row(row)

    async def answer(self, number: int, **values: Any) -> SignalRecord:
        """Hear the message, decide about it, and return its row."""
        await self.plan([await self.hear(number, **values)])
        return await self.row(number)

    async def plan(self, signals: Sequence[Signal]) -> None:
        """Decide about the signals, and wait until the decisions are carried out."""
        await self.orchestrator.plan(signals)
        await self.at_rest()

    async def at_rest(self) -> None:
        """Return once nothing is being judged or carried out."""
        async with asyncio.timeout(10):
            # nothing to wait on: these are properties
            while self.observer.busy or self.orchestrator.busy:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def observe(self, number: int, **values: Any) -> SignalRecord:
        await self.observer.observe([await self.hear(number, stage=Stage.OBSERVE, **values)])
        await self.at_rest()
        return await self.row(number)

    async def row(self, number: int) -> SignalRecord:
        async with self.database.reading() as tx:
            record = await tx.signals.get(key(number))
        assert record is not None
        return record

    async def kinds(self, number: int) -> list[tuple[str, str]]:
        async with self.database.reading() as tx:
            return [(each.kind, each.status) for each in await tx.actions.list_for(key(number))]

    async def edit(self, number: int, content: str) -> None:
        """Change the message's text, as its author would."""
        edit = {"key": key(number), "edited_at": self.clock.now(), "content": content}
        async with self.database.transaction() as tx:
            await tx.signals.edit_batch([edit])

    async def forget(self, number: int) -> None:
        """Delete the message, as its author would."""
        async with self.database.transaction() as tx:
            row = await tx.signals.get(key(number))
            assert row is not None
            names = ("id", "source", "guild_id", "channel_id", "thread_id", "place_id", "message_id")
            tombstone = {name: getattr(row, name) for name in names} | {"created_at": NOW, "ingested_at": NOW}
            await tx.signals.erase_batch([tombstone], NOW)
