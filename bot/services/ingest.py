"""From arrivals to committed, tagged and decided signals: one ordered queue, one writer, batches."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from loguru import logger

from bot.bus.protocol import SignalBus
from bot.db.database import Database, is_passing
from bot.domain.arrival import Arrival, Change
from bot.domain.signal import Intent, Stage
from bot.models import Gap
from bot.models.signal import signal_from_row
from bot.nlp.classifier import NanoClassifier
from bot.services.arrival_batch import Batch, Cursor, store
from bot.services.arrival_rows import (
    LARGE_SLICE,
    SLICE,
    Unjudged,
    can_be_stored,
    clean,
    leaks_of,
    member_of,
    rows_of,
    slices,
    tombstone_of,
)
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.metrics import Metrics
from bot.settings import IngestSettings

LONG_QUEUE = 1_000
CURSOR_SECONDS = 1.0  # between writes of the cursors in a flood: one behind only means reading more again
KNOWN_MEMBERS = 50_000  # remembered so as not to write them again
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between tries to commit


Steps = Sequence[tuple[Change, list[dict[str, Any]]]]  # rows as they were stored, in order
_PLACE = itemgetter(0)


class IngestService:
    """Takes arrivals without ever waiting, and commits them in the order they came."""

    def __init__(
        self,
        database: Database,
        classifier: NanoClassifier,
        bus: SignalBus,
        clock: Clock,
        metrics: Metrics,
        settings: IngestSettings,
    ) -> None:
        self._database = database
        self._classifier = classifier
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._queue: deque[Arrival] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._accepted = self._committed = 0  # arrivals ever; equal when everything is in the database
        self._progress = asyncio.Condition()
        self._gaps: dict[int, Gap] = {}  # by place; opened with the next batch
        self._opening: list[Gap] = []  # of the batch that is being written
        self._in_hand: list[Batch] = []  # judged or written now, oldest first
        self._starts: dict[int, Cursor] = {}  # by place; cursors to begin with
        self._behind: dict[int, Cursor] = {}  # by place; cursors not written yet
        self._cursors_written = 0.0  # monotonic seconds
        self.clears = 0  # channels and threads deleted so far
        self._guilds: set[int] = set()  # known to be in the database
        self._members: dict[tuple[int, int], str] = {}  # by guild and user: the name in the database
        self.cursors: dict[int, int] = {}  # by place: the newest message committed
        self.on_stored: Callable[[Steps], None] | None = None  # called with each batch, when it is committed
        self.on_gap: Callable[[], None] = lambda: None  # called when gaps have been opened
        self.on_leak: Callable[[Sequence[dict[str, Any]]], None] = lambda _rows: None  # once they are stored
        self.opted_out: Callable[[int | None, int], bool] = lambda _guild_id, _user_id: False  # not taken
        # By message, too: not taken from history.
        self.erased: Callable[[int | None, int, int], bool] = lambda _guild_id, _user_id, _id: False

    @property
    def depth(self) -> int:
        """How many arrivals are not committed yet."""
        return self._accepted - self._committed

    @property
    def pressure(self) -> float:
        """How full the queue is, beyond what a busy moment brings: 0 to 1."""
        spare = LONG_QUEUE * 2
        return min(1.0, max(0.0, (len(self._queue) - spare) / (self._settings.queue_size / 2)))

    def offer(self, arrival: Arrival) -> None:
        """Take an arrival from the gateway. Never waits: what doesn't fit becomes a gap, to be read again."""
        if self._is_unwanted(arrival):
            if not _may_pass(arrival) or len(self._queue) >= self._settings.queue_size:
                return
            arrival = _passed(arrival)
        if len(self._queue) >= self._settings.queue_size and arrival.change is not Change.CLEAR:
            self._overflowed(arrival)
            return
        self._accepted += 1
        self.clears += arrival.change is Change.CLEAR
        self._queue.append(arrival)
        self._arrived.set()

    async def put(self, arrivals: Sequence[Arrival], clears: int) -> bool:
        """Take arrivals read from history, waiting for room; no longer when `clears` isn't `self.clears`."""
        while len(self._queue) >= self._settings.queue_size // 2:
            self._room.clear()
            await self._room.wait()
        if clears != self.clears:  # where they were written may be gone
            return False
        arrivals = [
            _passed(each) if unwanted else each
            for each in arrivals
            if not (unwanted := self._is_unwanted(each) or self._was_erased(each)) or _may_pass(each)
        ]
        self._accepted += len(arrivals)
        self._queue.extend(arrivals)
        self._arrived.set()
        return True

    def _is_unwanted(self, arrival: Arrival) -> bool:
        """Whether somebody wrote it of whom nothing is to be kept; that they deleted something counts."""
        written = arrival.change is Change.CREATE or arrival.change is Change.EDIT
        return written and self.opted_out(arrival.guild_id, arrival.author_id)

    def _was_erased(self, arrival: Arrival) -> bool:
        return self.erased(arrival.guild_id, arrival.author_id, arrival.message_id)

    async def flushed(self) -> None:
        """Return once everything taken so far is committed."""
        target = self._accepted
        async with self._progress:
            await self._progress.wait_for(lambda: self._committed >= target)

    def asks(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """Return for each whether the bot may have to do something about it."""
        judged = self._classifier.classify([clean(arrival.content) for arrival in arrivals])
        pairs = zip(arrivals, judged, strict=True)
        return [arrival.to_bot or each.uncertain or each.intent != Intent.OTHER for arrival, each in pairs]

    def has_unwritten_gaps(self, guild_id: int) -> bool:
        """Whether something is known to be missed in a guild that the database doesn't tell of yet."""
        return any(gap.guild_id == guild_id for gap in (*self._gaps.values(), *self._opening))

    def note_gap(self, gap: Gap) -> None:
        """Have `gap` opened in the transaction of the next batch, so that no cursor can pass it."""
        known = self._gaps.setdefault(gap.channel_id, gap)
        known.from_id, known.to_id = min(known.from_id, gap.from_id), max(known.to_id, gap.to_id)
        self._arrived.set()

    def note_cursor(self, guild_id: int, place_id: int, message_id: int) -> None:
        """Have reading in a channel begin after `message_id`, with the next batch."""
        self.cursors[place_id] = message_id
        self._starts[place_id] = (place_id, guild_id, None, message_id)
        self._arrived.set()

    def forget_members(self) -> None:
        """Write each member anew with the next message: some rows have been deleted."""
        self._members.clear()

    def forget_guild(self, guild_id: int, place_ids: Iterable[int]) -> None:
        """Forget a guild that is left: should it come back, reading begins anew."""
        self._guilds.discard(guild_id)
        self._members = {key: name for key, name in self._members.items() if key[0] != guild_id}
        for place_id in place_ids:
            self.cursors.pop(place_id, None)
            self._behind.pop(place_id, None)

    async def run(self) -> None:
        """Write batches until cancelled. A batch closes when the writer is free, never on a timer."""
        writing: asyncio.Task[None] | None = None
        try:
            while True:
                while not (self._queue or self._gaps or self._starts):
                    self._arrived.clear()
                    await self._arrived.wait()
                arrivals = self._next()
                batch = await self._judge_safely(arrivals)
                if writing is not None:
                    await writing
                # The next batch is judged while this one is written.
                writing = asyncio.create_task(self._write(batch), name="ingest-write")
                del arrivals, batch  # else held until the next message
                await asyncio.sleep(0)
                if not self._queue:
                    await writing
        finally:
            if writing is not None:
                await asyncio.gather(writing, return_exceptions=True)
            self._take_back()

    def _take_back(self) -> None:
        """Queue again what is not known to be written; storing it twice changes nothing."""
        for batch in reversed(self._in_hand):
            self._queue.extendleft(reversed(batch.arrivals))
            self._opening = [gap for gap in self._opening if gap not in batch.gaps]
            for gap in batch.gaps:
                self.note_gap(gap)
            self._starts = batch.starts | self._starts
            self._behind = {cursor[0]: cursor for cursor in batch.due} | self._behind
        self._in_hand = []

    def _next(self) -> list[Arrival]:
        queue = self._queue
        taken = [queue.popleft() for _ in range(min(len(queue), self._settings.batch_size))]
        if len(queue) < self._settings.queue_size // 2:
            self._room.set()
        return taken

    async def _judge_safely(self, arrivals: list[Arrival]) -> Batch:
        """Judge `arrivals`, of which those that can't be made into rows are left out."""
        now = self._clock.now()
        batch = Batch(now, size=len(arrivals), gaps=list(self._gaps.values()), cursors=self._starts)
        batch.arrivals, batch.starts = arrivals, dict(self._starts)
        self._in_hand.append(batch)
        self._opening += batch.gaps
        self._gaps, self._starts = {}, {}
        try:
            await self._judge(batch, arrivals)
        except Exception as error:  # noqa: BLE001  (one impossible message must not take the others along)
            possible = [arrival for arrival in arrivals if can_be_stored(arrival, now)]
            left_out = [arrival.message_id for arrival in arrivals if arrival not in possible]
            logger.opt(exception=error).error("Messages left out, no row can be made of them: {}", left_out)
            batch.steps.clear()
            batch.leaks.clear()
            await self._judge(batch, possible)
        self._behind |= batch.cursors
        moment = self._clock.monotonic()
        if not self._queue or moment - self._cursors_written >= CURSOR_SECONDS:
            batch.due, self._behind = list(self._behind.values()), {}
            self._cursors_written = moment
        else:  # the row of a new place is needed as soon as its messages are there: it holds the throttle
            new = [place for place in batch.cursors if place in batch.starts or place not in self.cursors]
            batch.due = [self._behind.pop(place) for place in new]
        return batch

    async def _judge(self, batch: Batch, arrivals: list[Arrival]) -> None:
        now = batch.now
        for change, run in groupby(arrivals, key=lambda arrival: arrival.change):
            group = list(run)
            if change in (Change.CREATE, Change.EDIT):
                rows = await self._rows(group, now)
                batch.steps.append((change, rows))
                batch.leaks += leaks_of(group, rows)
            elif change is not Change.PASS:
                batch.steps.append((change, [tombstone_of(arrival, now) for arrival in group]))
        members: dict[tuple[int, int], dict[str, Any]] = {}
        for arrival in arrivals:
            guild_id = arrival.guild_id
            if guild_id is None:
                continue
            if guild_id not in self._guilds:
                batch.guilds.add(guild_id)
            if arrival.change in (Change.CREATE, Change.PASS):
                batch.note_cursor(arrival, guild_id)
            if arrival.change in (Change.CREATE, Change.EDIT):
                key, name = (guild_id, arrival.author_id), arrival.author_name
                known = self._members.get(key)
                # History doesn't tell nicknames.
                if known != name and not (arrival.backfilled and known is not None):
                    members[key] = member_of(arrival, now)
                    batch.names[key] = name
        others = [gap.guild_id for gap in batch.gaps] + [start[1] for start in batch.cursors.values()]
        batch.guilds.update(guild_id for guild_id in others if guild_id not in self._guilds)
        batch.members = [members[key] for key in sorted(members)]

    async def _rows(self, arrivals: list[Arrival], now: datetime) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        size = SLICE if len(self._queue) < LONG_QUEUE else LARGE_SLICE
        for part in slices(arrivals, size):
            try:
                rows += rows_of(part, self._classifier, now)
            except Exception as error:  # noqa: BLE001  (a fault of judging must not lose a message)
                logger.opt(exception=error).error("Judging failed; storing {} messages unjudged", len(part))
                rows += rows_of(part, Unjudged(), now)
            await asyncio.sleep(0)
        return rows

    async def _write(self, batch: Batch) -> None:
        fail_point("ingest.before_commit")
        try:
            await self._commit(batch)
        except Exception as error:  # noqa: BLE001  (one bad row must not take the others along)
            logger.opt(exception=error).error("A batch of {} was refused; storing one by one", batch.size)
            await self._store_singly(batch)
        fail_point("ingest.after_commit")
        try:
            self._hand_over(batch)
        finally:
            async with self._progress:
                self._committed += batch.size
                self._in_hand = [each for each in self._in_hand if each is not batch]
                self._progress.notify_all()

    async def _commit(self, batch: Batch) -> None:
        """Store `batch`; while the database is busy or lost, try again.

        Raises:
            Exception: the database refuses it, now and for ever.
        """
        pause = FIRST_PAUSE
        while True:
            try:
                # Ahead: answers that a model gives together are stored one by one, and would be waited for.
                async with self._database.transaction(ahead=True) as tx:
                    await store(tx, batch)
            except Exception as error:
                if not is_passing(error):
                    raise
                logger.warning(
                    "Could not store {} messages ({}); trying again", batch.size, type(error).__name__
                )
            else:
                return
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _store_singly(self, batch: Batch) -> None:
        now = batch.now
        parts: list[tuple[object, Batch]] = []
        for change, rows in batch.steps:
            for row in rows:
                author = (row["guild_id"], row.get("author_id"))
                members = [each for each in batch.members if (each["guild_id"], each["user_id"]) == author]
                part = Batch(now, [(change, [row])], members, guilds={row["guild_id"]} & batch.guilds)
                parts.append((row["id"], part))
        for gap in batch.gaps:
            part = Batch(now, gaps=[gap], guilds={gap.guild_id} & batch.guilds)
            parts.append((f"gap of {gap.channel_id}", part))
        for cursor in batch.due:
            part = Batch(now, due=[cursor], guilds={cursor[1]} & batch.guilds)
            parts.append((f"cursor of {cursor[0]}", part))
        batch.new = 0
        refused: list[object] = []
        for name, part in parts:
            try:
                await self._commit(part)
            except Exception:  # noqa: BLE001  (see `_write`, which logged it)
                refused.append(name)
            batch.new += part.new
        if refused:
            logger.error("The database refuses {} of {}; left out: {}", len(refused), len(parts), refused)

    def _hand_over(self, batch: Batch) -> None:
        self._metrics.ingested(batch.new)
        if len(self._members) > KNOWN_MEMBERS:
            self._members.clear()
        self._members |= batch.names
        self._guilds |= batch.guilds
        for place, _, _, message_id in batch.cursors.values():
            self.cursors[place] = max(message_id, self.cursors.get(place, 0))
        if batch.leaks:
            self.on_leak(batch.leaks)
        if batch.gaps:
            self._opening = [gap for gap in self._opening if gap not in batch.gaps]
            self._metrics.gap(len(batch.gaps))
            self.on_gap()
        if self.on_stored is not None:
            self.on_stored(batch.steps)
        open_ = [row for _, rows in batch.steps for row in rows if row["stage"] != Stage.DONE]
        if open_:
            self._bus.publish(Stage.OBSERVE, [signal_from_row(row) for row in open_])

    def _overflowed(self, arrival: Arrival) -> None:
        if arrival.guild_id is None:
            logger.error("The queue is full: direct message {} is lost", arrival.message_id)
            return
        message_id = arrival.message_id
        self.note_gap(
            Gap(
                guild_id=arrival.guild_id,
                channel_id=arrival.place_id,
                from_id=message_id - 1,
                to_id=message_id,
                reason="queue full",
                created_at=self._clock.now(),
            )
        )


def _may_pass(arrival: Arrival) -> bool:
    """Whether a message that isn't kept counts as read, so that it isn't read again."""
    return arrival.change is Change.CREATE and arrival.guild_id is not None


def _passed(arrival: Arrival) -> Arrival:
    """Return where a message was, and nothing else of it."""
    return Arrival(Change.PASS, arrival.guild_id, arrival.channel_id, arrival.thread_id, arrival.message_id)
