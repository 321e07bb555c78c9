"""Calls to the bot: a message that a member points at is read if need be, and judged anew."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from loguru import logger

from bot.bus.protocol import SignalBus
from bot.db.database import Database, Transaction
from bot.domain.arrival import Arrival
from bot.domain.signal import Stage, Status
from bot.domain.summons import PER_MEMBER, PER_PLACE, SUMMONED, WINDOW
from bot.models import Summons, SummonsState
from bot.models.signal import signal_from_row
from bot.services.arrival_rows import SOURCE
from bot.services.clock import Clock
from bot.services.compose import ESCALATE, REPLY, SUGGEST
from bot.services.failpoints import fail_point
from bot.services.ingest import IngestService
from bot.services.recovery import UnreachableError, UnreadableError

AT_ONCE = 100  # calls looked at in one go
AGAIN_SECONDS = 2.0  # while any call waits
LOOK_SECONDS = 30.0  # else, should another process have taken one and died
GIVE_UP = timedelta(minutes=10)  # for what Discord doesn't tell
_SHOWN = frozenset((REPLY, SUGGEST, ESCALATE))


class MessageSource(Protocol):
    """Reads a message of a channel that is watched."""

    async def one(self, place_id: int, message_id: int) -> Arrival | None:
        """Return a message as an edit (it moves no cursor), None when no member wrote it.

        Raises:
            UnreadableError: it or its channel is gone, forbidden or not watched.
            UnreachableError: no answer.
        """
        ...


class SummoningService:
    """Takes calls, and has each message judged anew until it is answered once."""

    def __init__(self, database: Database, ingest: IngestService, bus: SignalBus, clock: Clock) -> None:
        self._database = database
        self._ingest = ingest
        self._bus = bus
        self._clock = clock
        self._source: MessageSource | None = None
        self._wake = asyncio.Event()
        self._read: set[str] = set()  # ids of signals that wait for the end of what is under way

    def read_from(self, source: MessageSource) -> None:
        """Use `source` from now on."""
        self._source = source
        self._wake.set()

    async def summon(
        self, guild_id: int, place_id: int, message_id: int, user_id: int, author_id: int | None
    ) -> bool:
        """Take a call; False when it doesn't count: repeated, too many, or of or about who opted out."""
        people = {user_id, author_id or user_id}
        if any(self._ingest.opted_out(guild_id, each) for each in people):
            return False
        now = self._clock.now()
        summons = Summons(
            guild_id=guild_id,
            signal_id=f"{SOURCE}:{message_id}",
            place_id=place_id,
            message_id=message_id,
            user_id=user_id,
            created_at=now,
        )
        async with self._database.transaction() as tx:
            if await tx.summons.by_member(guild_id, user_id, now - WINDOW) >= PER_MEMBER:
                return False
            if await tx.summons.in_place(place_id, now - WINDOW) >= PER_PLACE:
                return False
            await tx.guilds.ensure(guild_id, now)
            is_new = await tx.summons.add(summons)
        fail_point("summons.after_row")
        self._wake.set()
        return is_new

    async def run(self) -> None:
        """Look after calls until cancelled."""
        while True:
            self._wake.clear()
            if await self.look():
                await self._clock.sleep(AGAIN_SECONDS)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()

    async def look(self) -> bool:
        """Do what can be done about every call that waits; return whether any still does."""
        if self._source is None:
            return False
        async with self._database.reading() as tx:
            waiting = await tx.summons.waiting(AT_ONCE)
        oldest: dict[str, Summons] = {}
        for each in waiting:
            oldest.setdefault(each.signal_id, each)
        self._read &= oldest.keys()
        left = [each for each in oldest.values() if not await self._settle(self._source, each)]
        return bool(left)

    async def _settle(self, source: MessageSource, summons: Summons) -> bool:
        """Have a message judged anew, if that can be; False when it has to wait."""
        if summons.signal_id not in self._read:
            try:
                arrival = await source.one(summons.place_id, summons.message_id)
            except UnreadableError as error:
                logger.info("A member called me to a message that is none of mine: {}", error)
                return await self._forget(summons)
            except UnreachableError as error:
                logger.warning("I can't read what a member called me to ({}); trying again", error)
                if self._clock.now() - summons.created_at < GIVE_UP:
                    return False
                return await self._end(summons, SummonsState.REFUSED)
            if arrival is None or arrival.muted:
                return await self._end(summons, SummonsState.REFUSED)
            if self._ingest.opted_out(arrival.guild_id, arrival.author_id):
                return await self._forget(summons)
            await self._ingest.put([arrival], self._ingest.clears)
            await self._ingest.flushed()
            self._read.add(summons.signal_id)
        fail_point("summons.after_read")
        return await self._judge_anew(summons)

    async def _judge_anew(self, summons: Summons) -> bool:
        async with self._database.transaction() as tx:
            await tx.queue.standing(summons.signal_id)  # who decides about it at the same time waits here
            state = await self._move(tx, summons)
            if state is not None:
                await tx.summons.end(summons.signal_id, state)
            record = await tx.signals.get(summons.signal_id)
        fail_point("summons.after_commit")
        if state is SummonsState.TAKEN and record is not None and record.stage == Stage.OBSERVE:
            logger.bind(signal=record.id).info("A member called me to {}", record.id)
            self._bus.publish(Stage.OBSERVE, [signal_from_row(record.model_dump())])
        return state is not None

    @staticmethod
    async def _move(tx: Transaction, summons: Summons) -> SummonsState | None:
        """Send a signal along the road again; return what came of the calls, None while it is on its way."""
        signal_id = summons.signal_id
        record = await tx.signals.get(signal_id)
        if record is None or record.deleted_at is not None:
            return SummonsState.REFUSED
        shown = [each for each in await tx.actions.list_for(signal_id) if each.kind in _SHOWN]
        if shown:  # what was read because of the call may have gone its way by itself
            later = all(each.created_at >= summons.created_at for each in shown)
            return SummonsState.TAKEN if later else SummonsState.JOINED
        anew = {
            "stage": Stage.OBSERVE.value,
            "status": Status.PENDING.value,
            "plan": None,
            "reason": SUMMONED,
            "observed_at": None,
            "decided_at": None,
            "finished_at": None,
        }
        return SummonsState.TAKEN if await tx.queue.advance([signal_id], Stage.DONE, anew) else None

    async def _end(self, summons: Summons, state: SummonsState) -> bool:
        async with self._database.transaction() as tx:
            await tx.summons.end(summons.signal_id, state)
        return True

    async def _forget(self, summons: Summons) -> bool:
        async with self._database.transaction() as tx:
            await tx.summons.forget(summons.signal_id)
        return True


def told(calls: Sequence[Summons]) -> list[dict[str, str | None]]:
    """Return calls as a story tells them: ids are strings."""
    return [
        {
            "user_id": str(each.user_id) if each.user_id is not None else None,
            "state": each.state,
            "at": each.created_at.isoformat(),
        }
        for each in calls
    ]
