"""Warns who posts a password or key: once for each message, in private, without saying it again."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from loguru import logger

from bot.db.database import Database, is_passing
from bot.domain.signal import Signal
from bot.models import LEAK_PREFIX, Action, ActionStatus
from bot.models.signal import signal_from_row
from bot.nlp.redaction import kinds_of
from bot.services.actions import ActionLog, nonce_of
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.guilds import GuildService
from bot.services.tools import Tool
from bot.texts import text

WARN_LEAK: Final = "warn_leak"
QUEUE: Final = 200
EVERY: Final = timedelta(minutes=10)  # for each member
REMEMBERED: Final = 5_000  # members
PAUSE: Final = 5.0  # seconds until the database is asked again


class LeakWarnings:
    """Takes messages with secrets in them, without ever waiting, and tells their authors."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        guilds: GuildService,
        tools: Mapping[str, Tool],
        max_age: timedelta,
    ) -> None:
        """Prepare; nobody is warned of a message older than `max_age`."""
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._actions = ActionLog(database, tools, clock)
        self._max_age = max_age
        self._queue: deque[Signal] = deque(maxlen=QUEUE)  # in a flood the oldest are let go
        self._arrived = asyncio.Event()
        self._told: OrderedDict[int, datetime] = OrderedDict()  # by member: when

    def offer(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take stored messages of which something was redacted."""
        now = self._clock.now()
        for row in rows:
            guild_id = row["guild_id"]
            if guild_id is None or not self._guilds.policy(guild_id).warn_leaks:
                continue
            if now - row["created_at"] <= self._max_age:
                self._queue.append(signal_from_row(row))
                self._arrived.set()

    def forget_member(self, user_id: int) -> None:
        """Forget when somebody was warned, and what they would be warned of."""
        self._told.pop(user_id, None)
        left = [each for each in self._queue if each.message.author_id != user_id]
        self._queue.clear()
        self._queue.extend(left)

    async def run(self) -> None:
        """Finish what was interrupted, then warn until cancelled."""
        await self._take_up()
        while True:
            while not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            signal = self._queue.popleft()
            try:
                await self.warn(signal)
            except Exception as error:
                if not is_passing(error):
                    raise
                logger.warning("A warning waits for the database ({})", type(error).__name__)
                self._queue.appendleft(signal)
                await self._clock.sleep(PAUSE)
            del signal

    async def warn(self, signal: Signal) -> None:
        """Warn the author of a message, unless they were warned of it, or of another a moment ago."""
        author_id, now = signal.message.author_id, self._clock.now()
        last = self._told.get(author_id)
        if last is not None and now - last < EVERY:
            return
        draft = self._draft(signal)
        fail_point("leak.before_row")
        async with self._database.transaction() as tx:
            record = await tx.signals.get(signal.id)
            if record is None or record.deleted_at is not None:
                return  # they saw it themselves
            begun = await tx.actions.begin(draft)
        if begun is None:
            return
        fail_point("leak.after_row")
        self._remember(author_id, now)
        await self._actions.execute(begun, signal, interrupted=False)

    def _remember(self, author_id: int, told_at: datetime) -> None:
        self._told[author_id] = told_at
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    def _draft(self, signal: Signal) -> Action:
        message = signal.message
        subject = LEAK_PREFIX + signal.id
        what = ", ".join(kinds_of(message.content)) or text("privacy.leak_secret")
        return Action(
            signal_id=subject,
            kind=WARN_LEAK,
            part=0,
            guild_id=message.guild_id,
            channel_id=message.place_id,
            nonce=nonce_of(subject, WARN_LEAK, 0),
            content=text("privacy.leak_warning", what=what, link=message.link),
            status=ActionStatus.PENDING.value,
            created_at=self._clock.now(),
        )

    async def _take_up(self) -> None:
        """Remember who was warned a moment ago; finish warnings that were begun before the bot stopped."""
        async with self._database.reading() as tx:
            recent = await tx.actions.begun_since(WARN_LEAK, self._clock.now() - EVERY)
            pending = [each for each in await tx.actions.list_pending() if each.kind == WARN_LEAK]
            subjects = [_subject(each) for each in (*recent, *pending)]
            found = {record.id: record for record in await tx.signals.get_many(subjects)}
        for action in recent:
            record = found.get(_subject(action))
            if record is not None and record.author_id:
                self._remember(record.author_id, action.created_at)
        for action in pending:
            record = found.get(_subject(action))
            if record is None or record.deleted_at is not None:
                async with self._database.transaction() as tx:
                    gone = {"status": ActionStatus.SKIPPED.value, "detail": "message deleted"}
                    await tx.actions.finish(action.id, gone)
                continue
            await self._actions.execute(action, signal_from_row(record.model_dump()), interrupted=True)


def _subject(action: Action) -> str:
    """Return the id of the signal that a warning is about."""
    return action.signal_id.removeprefix(LEAK_PREFIX)
