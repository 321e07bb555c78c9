"""Tells whoever runs the bot: of critical faults at once, of all others once a day."""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from loguru import logger

from bot.db.database import Database
from bot.llm.ports import OwnerAway, OwnerUnreachable
from bot.models import ErrorRecord
from bot.services.clock import Clock, wait_until
from bot.services.errors.explaining import Explainer, Explanation
from bot.services.errors.log import ErrorLog
from bot.settings import ErrorSettings
from bot.texts import counted, text

SCOPE: Final = "error_digest"
AGAIN: Final = timedelta(hours=1)  # before the owner is told of the same fault anew
EXPLAIN_SECONDS: Final = 15.0  # the owner doesn't wait longer for a model's words
TICK_SECONDS: Final = 30.0
PING_SECONDS: Final = 45.0  # the database tries for 30 by itself
MOST_LISTED: Final = 10
MAX_MESSAGE: Final = 1_900  # characters
LEAST_FREE: Final = 100_000_000  # bytes


class OwnerPort(Protocol):
    """How whoever runs the bot is told."""

    async def tell(self, words: str, subject: str) -> None:
        """Send a direct message; the same `subject` twice within minutes is sent once.

        Raises:
            OwnerAway: it can't be done now.
            OwnerUnreachable: it can't be done at all.
        """
        ...

    async def was_told(self, beginning: str, since: datetime) -> bool:
        """Return whether there is a message that begins so.

        Raises:
            OwnerAway: it can't be looked up now.
        """
        ...


class DatabaseAwayError(Exception):
    """The database didn't take a word for a while."""


class DiskAlmostFullError(Exception):
    """There is hardly room left where the bot writes."""


class ErrorNotices:
    """Reads what is written down, and tells of it."""

    def __init__(  # noqa: PLR0913  (it meets the log, a model and the owner)
        self,
        database: Database,
        clock: Clock,
        *,
        log: ErrorLog,
        explainer: Explainer,
        owner: OwnerPort,
        settings: ErrorSettings,
        folder: Path,
    ) -> None:
        """Make it; `folder` is where the bot writes."""
        self._database = database
        self._clock = clock
        self._log = log
        self._explainer = explainer
        self._owner = owner
        self._settings = settings
        self._folder = folder
        self._told_without: dict[str, datetime] = {}  # while the database is away; by kind
        self._digest_of = ""  # the day that is done with

    async def run(self) -> None:
        """Look now, whenever something critical was written, and now and then, until cancelled."""
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                await self.look()
                await wait_until(self._log.written, self._clock, TICK_SECONDS)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def look(self) -> None:
        """Tell what is to be told; what can't be now is tried at the next look."""
        self._log.written.clear()
        try:
            await self._tell_urgent()
            await self._tell_daily()
        except OwnerAway as error:
            logger.info("The owner can't be told of errors now: {}", error)
        except OwnerUnreachable as error:
            logger.warning("The owner takes no direct messages, so errors aren't told: {}", error)
        except Exception as error:  # noqa: BLE001  (what goes wrong here is no news for here)
            logger.warning("Errors can't be told now: {}", type(error).__name__)

    async def check(self) -> None:
        """Look whether the database answers and the disk has room; tell the owner at once where not."""
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._database.ping()
            self._told_without.pop(DatabaseAwayError.__name__, None)
        except Exception as error:  # noqa: BLE001  (whatever it is, that is the answer)
            logger.warning("The database does not answer: {}", type(error).__name__)
            await self._tell_without(DatabaseAwayError())
        usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        if usage.free < LEAST_FREE:
            await self._tell_without(DiskAlmostFullError())
        else:
            self._told_without.pop(DiskAlmostFullError.__name__, None)

    async def _watch(self) -> None:
        checked_at = self._clock.monotonic()
        while True:
            await self._clock.sleep(TICK_SECONDS)
            if self._clock.monotonic() - checked_at < TICK_SECONDS:
                continue  # a clock that doesn't wait
            checked_at = self._clock.monotonic()
            try:
                await self.check()
            except OSError as error:
                logger.warning("The disk can't be looked at: {}", error.strerror)

    async def _tell_without(self, error: Exception) -> None:
        """Tell of a fault that may not be possible to write down, at most once an hour."""
        kind, now = type(error).__name__, self._clock.now()
        told = self._told_without.get(kind)
        if not self._settings.critical or (told is not None and now - told < AGAIN):
            return
        why = "disk_full" if isinstance(error, DiskAlmostFullError) else "database_away"
        words = text("errors.critical_short", why=text(f"errors.why_{why}"))
        try:
            await self._owner.tell(words, f"{kind}/{now:%Y%m%d%H}")
        except (OwnerAway, OwnerUnreachable) as away:
            logger.warning("The owner can't be told that something is critical: {}", away)
            return
        self._told_without[kind] = now

    async def _tell_urgent(self) -> None:
        if not self._settings.critical:
            return
        async with self._database.reading() as tx:
            urgent = await tx.errors.urgent(self._clock.now() - AGAIN)
        for fault in urgent:
            explanation = await self._explainer.explain(fault, EXPLAIN_SECONDS)
            now = self._clock.now()
            try:
                await self._owner.tell(
                    _critical(fault, explanation), f"error/{fault.reference}/{fault.count}"
                )
            except OwnerUnreachable as error:
                logger.warning("The owner takes no direct messages, so they aren't told: {}", error)
            values: dict[str, Any] = {"told_at": now}
            if explanation.model:
                values |= {"explanation": explanation.text, "explained_by": explanation.model}
            async with self._database.transaction() as tx:
                await tx.errors.change(fault.reference, values)

    async def _tell_daily(self) -> None:
        now = self._clock.now()
        day = now.date().isoformat()
        if not self._settings.digest or self._digest_of == day or f"{now:%H:%M}" < self._settings.digest_at:
            return
        async with self._database.transaction() as tx:
            last = await tx.kv.get(SCOPE, "last") or {}
            if last.get("day") == day and last.get("done"):
                self._digest_of = day
                return
            is_again = last.get("day") == day
            since = datetime.fromisoformat(last["at"]) if is_again else now
            faults = await tx.errors.unreported(MOST_LISTED + 1)
            await tx.kv.put(SCOPE, "last", {"day": day, "at": since.isoformat(), "done": not faults})
        if faults:
            title = text("errors.digest_title", day=day)
            if not (is_again and await self._owner.was_told(title, since - timedelta(minutes=1))):
                await self._owner.tell(_digest(title, faults), f"error digest/{day}")
            async with self._database.transaction() as tx:
                await tx.errors.reported(now)
                await tx.kv.put(SCOPE, "last", {"day": day, "at": since.isoformat(), "done": True})
        self._digest_of = day


def _critical(fault: ErrorRecord, explanation: Explanation) -> str:
    lines = [
        text("errors.critical_title", place=fault.place, kind=fault.kind or text("errors.logged")),
        *([f"`{_plain(fault.about)}`"] if fault.about else []),
        explained(explanation),
        text("errors.critical_more", reference=fault.reference),
    ]
    return "\n".join(lines)[:MAX_MESSAGE]


def _digest(title: str, faults: Sequence[ErrorRecord]) -> str:
    lines = [title]
    lines += [
        text(
            "errors.digest_line",
            reference=fault.reference,
            times=counted(fault.count - fault.reported, "time"),
            kind=fault.kind or text("errors.logged"),
            place=_plain(fault.place),
        )
        for fault in faults[:MOST_LISTED]
    ]
    if len(faults) > MOST_LISTED:
        lines.append(text("errors.digest_more"))
    lines.append(text("errors.digest_end"))
    return "\n".join(lines)[:MAX_MESSAGE]


def explained(explanation: Explanation) -> str:
    """Return an explanation with who gave it: nobody takes a model's words for a person's."""
    by = text("errors.by_model", model=explanation.model) if explanation.model else text("errors.by_rule")
    return f"{explanation.text}\n{by}"


def _plain(words: str) -> str:
    return words.replace("`", "'")
