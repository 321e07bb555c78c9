"""Reactions, from the gateway to the database: a bounded queue, taken in batches when the writer is free."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from loguru import logger

from bot.db.database import Database, is_passing
from bot.db.reactions import Reaction
from bot.domain.statistics import ReactionKind, kind_of, slot_of
from bot.services.arrival_rows import SOURCE
from bot.services.clock import Clock

QUEUE: Final = 10_000
BATCH: Final = 500
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between tries to store


class Reacting(Enum):
    """What was done."""

    ADD = auto()
    REMOVE = auto()
    CLEAR = auto()  # every reaction of a message
    CLEAR_EMOJI = auto()  # every one with an emoji


class ReactionEvent(NamedTuple):
    """A reaction given, taken back or cleared.

    Attributes:
        user_id: 0 where reactions were cleared.
        emoji: the character, or the id of a server's own; "" for all.
    """

    what: Reacting
    guild_id: int
    message_id: int
    user_id: int = 0
    emoji: str = ""


@dataclass(slots=True)
class Outcome:
    """What a batch comes to: first what is cleared, then how each reaction ends."""

    cleared: set[int] = field(default_factory=set)
    cleared_emoji: dict[str, set[int]] = field(default_factory=dict)
    ends: dict[tuple[int, int, str], ReactionEvent] = field(default_factory=dict)
    slots: set[int] = field(default_factory=set)  # where figures change

    def take(self, event: ReactionEvent) -> None:
        """Take the next event."""
        if event.what in (Reacting.CLEAR, Reacting.CLEAR_EMOJI):
            gone = [key for key in self.ends if key[0] == event.message_id and event.emoji in ("", key[2])]
            for key in gone:
                del self.ends[key]
            if event.emoji:
                self.cleared_emoji.setdefault(event.emoji, set()).add(event.message_id)
            else:
                self.cleared.add(event.message_id)
        else:
            self.ends[event.message_id, event.user_id, event.emoji] = event
        if not event.emoji or kind_of(event.emoji) is ReactionKind.CHECK:
            self.slots.add(slot_of(event.message_id))


class ReactionService:
    """Takes reactions without ever waiting, and stores those to stored messages in the order they came."""

    def __init__(
        self, database: Database, clock: Clock, stored: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Prepare; `stored` returns once the messages heard so far are in the database."""
        self._database = database
        self._clock = clock
        self._stored = stored
        self._queue: deque[ReactionEvent] = deque()
        self._arrived = asyncio.Event()
        self._lost = 0  # for which there was no room
        self._accepted = self._done = 0  # events ever; equal when everything is in the database
        self._progress = asyncio.Condition()
        self.opted_out: Callable[[int, int], bool] = lambda _guild_id, _user_id: False  # whose aren't taken

    @property
    def depth(self) -> int:
        """How many wait to be stored."""
        return self._accepted - self._done

    def offer(self, event: ReactionEvent) -> None:
        """Take an event; when there is no room, it is lost: a vote less, not a message."""
        if event.what is Reacting.ADD and self.opted_out(event.guild_id, event.user_id):
            return
        if len(self._queue) >= QUEUE:
            self._lost += 1
            return
        self._accepted += 1
        self._queue.append(event)
        self._arrived.set()

    async def flushed(self) -> None:
        """Return once everything taken so far is stored."""
        target = self._accepted
        async with self._progress:
            await self._progress.wait_for(lambda: self._done >= target)

    async def run(self) -> None:
        """Store batches until cancelled."""
        while True:
            while not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            await self._stored()  # a reaction may overtake its message, which waits to be stored
            await self._store_some()

    async def _store_some(self) -> None:
        """Store a batch; nothing of it is held any longer when this returns."""
        outcome = Outcome()
        events = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        for event in events:
            outcome.take(event)
        if self._lost:
            logger.warning("No room for {} reactions; they are not counted", self._lost)
            self._lost = 0
        try:
            await self._store(outcome)
        finally:
            async with self._progress:
                self._done += len(events)
                self._progress.notify_all()

    async def _store(self, outcome: Outcome) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._write(outcome)
            except Exception as error:
                if not is_passing(error):
                    raise
                logger.warning("Could not store reactions ({}); trying again", type(error).__name__)
            else:
                return
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _write(self, outcome: Outcome) -> None:
        ends = [(key, outcome.ends[key]) for key in sorted(outcome.ends)]
        given = [
            Reaction(each.guild_id, each.message_id, each.user_id, each.emoji, kind_of(each.emoji).value)
            for _, each in ends
            if each.what is Reacting.ADD
        ]
        async with self._database.transaction() as tx:
            await tx.reactions.clear(outcome.cleared)
            for emoji, message_ids in outcome.cleared_emoji.items():
                await tx.reactions.clear(message_ids, emoji)
            await tx.reactions.take_back([key for key, each in ends if each.what is Reacting.REMOVE])
            await tx.reactions.put(SOURCE, given)
            await tx.statistics_marks.mark(outcome.slots)
