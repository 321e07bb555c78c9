"""Reading again what was missed: gaps in a channel's history, filled in order and only then closed."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from loguru import logger

from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.domain.errors import BotError
from bot.domain.snowflake import snowflake_at, snowflake_time
from bot.models import Gap
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.ingest import IngestService
from bot.settings import IngestSettings

PAGE = 100  # messages, the most Discord gives at once
RETRY_SECONDS = 30.0  # until a channel that couldn't be read is tried again
PARALLEL = 4  # channels read at the same time
RECHECKED = timedelta(
    hours=1
)  # before the newest one read: edited or deleted, perhaps, while nobody listened


class UnreadableError(BotError):
    """The channel is gone or may not be read: what is missing there stays missing."""


class UnreachableError(BotError):
    """The platform did not answer; it is worth trying again."""


class HistorySource(Protocol):
    """Reads a channel's past."""

    async def after(self, place_id: int, message_id: int, limit: int) -> tuple[Sequence[Arrival], int | None]:
        """Return what members wrote after `message_id`, oldest first, and the last id of a full page.

        Looks at `limit` messages; the second value is None when there were fewer, so that nothing follows.

        Raises:
            UnreadableError: the channel is gone or forbidden.
            UnreachableError: no answer.
        """
        ...


class RecoveryService:
    """Finds out what was missed while the bot was away, and fills it from the channels' history."""

    def __init__(
        self, database: Database, ingest: IngestService, clock: Clock, settings: IngestSettings
    ) -> None:
        self._database = database
        self._ingest = ingest
        self._clock = clock
        self._settings = settings
        self._wake = asyncio.Event()
        self._history: HistorySource | None = None
        ingest.on_gap = self._wake.set

    def read_from(self, history: HistorySource) -> None:
        """Use `history` from now on, and look for open gaps."""
        self._history = history
        self._wake.set()

    def catch_up(
        self, guild_id: int, place_id: int, last_message_id: int | None, start: int | None, since: int = 0
    ) -> None:
        """Compare a channel's newest message with what has been read, and note the gap between them.

        What was read last is read again, because edits and deletions may have gone unheard since.

        Args:
            guild_id: the channel's guild.
            place_id: the channel or thread.
            last_message_id: its newest message, None when it has none.
            start: where reading begins in a channel never read before; None for its newest message.
            since: nothing before it is read, such as what was said while the owner had the channel ignored.
        """
        cursor, newest = self._ingest.cursors.get(place_id), last_message_id or 0
        if cursor is not None:
            now, newest = self._clock.now(), max(newest, cursor)
            oldest = snowflake_at(now - timedelta(days=self._settings.max_backfill_days))
            begin = max(snowflake_at(min(now, snowflake_time(cursor)) - RECHECKED), oldest, since)
        elif start is not None:  # nothing to read again
            begin = max(start, since)
        else:
            self._ingest.note_cursor(guild_id, place_id, last_message_id or place_id)
            return
        if newest > begin:
            reason = "recheck" if newest == cursor else "missed"
            self.note_gap(guild_id, place_id, begin, newest, reason)

    def note_gap(self, guild_id: int, place_id: int, from_id: int, to_id: int, reason: str) -> None:
        """Note that messages after `from_id`, up to and including `to_id`, are still to be read."""
        self._ingest.note_gap(
            Gap(
                guild_id=guild_id,
                channel_id=place_id,
                from_id=from_id,
                to_id=to_id,
                reason=reason,
                created_at=self._clock.now(),
            )
        )

    async def run(self) -> None:
        """Fill gaps until cancelled."""
        while True:
            self._wake.clear()
            if self._history is not None and await self._pass():
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS):
                    await self._wake.wait()

    async def _pass(self) -> bool:
        """Try every open gap once; return whether any progress was made."""
        async with self._database.reading() as tx:
            gaps = await tx.gaps.list_open()
        by_place: dict[int, list[Gap]] = {}
        for gap in gaps:
            by_place.setdefault(gap.channel_id, []).append(gap)
        slots = asyncio.Semaphore(PARALLEL)

        async def fill_all(of_place: list[Gap]) -> bool:
            async with slots:
                try:
                    return any([await self._fill(gap) for gap in of_place])
                except Exception:  # one channel's fault must not keep the others unread
                    logger.exception("Could not fill the gaps of channel {}", of_place[0].channel_id)
                    return False

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(fill_all(of_place)) for of_place in by_place.values()]
        return any(task.result() for task in tasks)

    async def _fill(self, gap: Gap) -> bool:
        assert self._history is not None  # checked in `run`
        fail_point("gap.after_open")
        oldest = snowflake_at(self._clock.now() - timedelta(days=self._settings.max_backfill_days))
        position, read, outcome = max(await self._begin(gap), oldest), 0, ""
        try:
            while position < gap.to_id:
                if read >= self._settings.max_backfill_messages:
                    outcome = f"stopped after {read} messages"
                    break
                clears = self._ingest.clears
                arrivals, last = await self._history.after(gap.channel_id, position, PAGE)
                upto = gap.to_id if last is None else min(last, gap.to_id)
                stored = await self._store(gap, position, upto, arrivals, clears)
                if stored is not None:
                    read += stored
                    position = upto
        except UnreadableError as error:
            outcome = str(error)
        except UnreachableError as error:
            logger.warning("Could not read channel {} on: {}", gap.channel_id, error)
            return False
        fail_point("gap.before_close")
        async with self._database.transaction() as tx:
            await tx.gaps.close(gap, self._clock.now(), (outcome or f"read {read} messages")[:200])
        logger.bind(guild_id=gap.guild_id).info(
            "Caught up in channel {} ({}): {}", gap.channel_id, gap.reason, outcome or f"{read} messages"
        )
        return True

    async def _begin(self, gap: Gap) -> int:
        """Return where reading begins: never before the bot came."""
        async with self._database.reading() as tx:
            channel = await tx.channels.get(gap.channel_id)
            cursor = (channel.cursor if channel else None) or 0
            if gap.from_id >= cursor:
                return gap.from_id
            first = await tx.signals.first_between(gap.channel_id, gap.from_id, cursor)
        return cursor if first is None else first - 1

    async def _store(
        self, gap: Gap, after: int, upto: int, arrivals: Sequence[Arrival], clears: int
    ) -> int | None:
        """Bring the stored stretch in line with the history; return how many messages were missing.

        Returns None when a channel was deleted since it was read: then it must be read again.
        """
        there = [arrival for arrival in arrivals if arrival.message_id <= upto]
        async with self._database.reading() as tx:
            stored = set(await tx.signals.ids_between(gap.channel_id, after, upto))
        gone = stored - {arrival.message_id for arrival in there}
        there += [Arrival(Change.DELETE, gap.guild_id, gap.channel_id, None, each) for each in sorted(gone)]
        if not await self._ingest.put(there, clears):
            return None
        await self._ingest.flushed()
        fail_point("gap.in_page")
        async with self._database.transaction() as tx:
            await tx.gaps.shrink(gap.id, upto)
        fail_point("gap.after_page")
        return sum(arrival.message_id not in stored for arrival in there)
