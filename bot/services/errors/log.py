"""Writes down what goes wrong, behind the back of whoever it happens to."""

import asyncio
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from bot.db.database import Database
from bot.models import ErrorRecord
from bot.services.clock import Clock
from bot.services.errors.faults import Fault, Mask, fault_of, reference_of

if TYPE_CHECKING:
    from loguru import Message

CAPACITY: Final = 200  # different faults waiting to be written
PAUSE_SECONDS: Final = 5.0  # before the database is tried again
FIRST_LINE: Final = 200  # characters of what a library logged
OWN: Final = ("bot.", "cogs.", "plugins.")


@dataclass(slots=True)
class _Waiting:
    """A fault that is still to be written, and how often it happened."""

    fault: Fault
    first_at: datetime
    last_at: datetime
    count: int = 1

    def record(self) -> ErrorRecord:
        fault = self.fault
        return ErrorRecord(
            reference=fault.reference,
            guild_id=fault.guild_id,
            place=fault.place,
            kind=fault.kind,
            about=fault.about,
            trace=fault.trace,
            is_critical=fault.is_critical,
            count=self.count,
            first_at=self.first_at,
            last_at=self.last_at,
        )


class ErrorLog:
    """Takes faults from wherever they are noticed: bounded, the same ones together, written by one worker.

    Attributes:
        written: set whenever something critical was written.
    """

    def __init__(self, database: Database, clock: Clock, mask: Mask, capacity: int = CAPACITY) -> None:
        """Make it; `mask` takes the bot's own secrets out of a text."""
        self._database = database
        self._clock = clock
        self._mask = mask
        self._capacity = capacity
        self._waiting: dict[str, _Waiting] = {}
        self._lost = 0
        self._lock = threading.Lock()  # lines of the log come from any thread
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived = asyncio.Event()
        self.written = asyncio.Event()

    @property
    def depth(self) -> int:
        """How many different faults wait to be written."""
        return len(self._waiting)

    def note(
        self, error: BaseException, place: str, guild_id: int | None = None, *, is_critical: bool = False
    ) -> str:
        """Keep an exception in mind and return its reference; it is written in the background.

        Args:
            error: what was raised.
            place: where it was noticed, such as "/audit message" or "plugin karma".
            guild_id: the server it happened in; None for none alone.
            is_critical: whether the owner is to be told at once.
        """
        return self._take(place, guild_id, error, is_critical=is_critical)

    def waiting(self, reference: str) -> ErrorRecord | None:
        """Return a fault that isn't written yet."""
        with self._lock:
            found = self._waiting.get(reference)
            return found.record() if found else None

    def sink(self, message: "Message") -> None:
        """Take a line of the log, of level ERROR or above; those that were noted already are left out."""
        record: dict[str, Any] = dict(message.record)
        extra, name = record["extra"], record["name"] or ""
        if "reference" in extra or name.startswith(__package__):
            return  # what goes wrong here is no news for here
        raised = record.get("raised") or record["exception"]
        error = getattr(raised, "value", raised)
        said = record["message"]
        if not name.startswith(OWN):  # a library may quote what it was working on
            said = said.partition("\n")[0][:FIRST_LINE]
            said = said.partition(": ")[0] if error is None else ""
        guild_id = extra.get("guild_id")
        self._take(
            str(extra.get("place") or name),
            int(guild_id) if str(guild_id or "").isdecimal() else None,
            error,
            said=said,
            spot=f"{name}:{record['function']}:{record['line']}",
            is_critical=record["level"].name == "CRITICAL",
        )

    def _take(
        self,
        place: str,
        guild_id: int | None,
        error: BaseException | None,
        *,
        said: str = "",
        spot: str = "",
        is_critical: bool,
    ) -> str:
        now = self._clock.now()
        reference = reference_of(place, guild_id, error, spot)
        with self._lock:
            known = self._waiting.get(reference)
            if known is not None and known.fault.is_critical >= is_critical:
                known.count += 1
                known.last_at = now
                return reference
            if known is None and len(self._waiting) >= self._capacity:
                self._lost += 1
                return reference
        fault = fault_of(
            place, guild_id, error, self._mask, said=said, spot=spot, is_critical=is_critical
        )  # the costly part: once for each that waits
        with self._lock:
            before = self._waiting.get(reference)
            first, count = (before.first_at, before.count + 1) if before else (now, 1)
            self._waiting[reference] = _Waiting(fault, first, now, count)
        self._wake()
        return reference

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._arrived.set)

    async def run(self) -> None:
        """Write what comes until cancelled; what the database doesn't take now is tried again."""
        self._loop = asyncio.get_running_loop()
        self._arrived.set()  # what came before
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            try:
                await self.flush()
            except Exception as error:  # noqa: BLE001  (an error here would be written down here)
                logger.warning("{} faults can't be written down now: {}", self.depth, type(error).__name__)
                await self._clock.sleep(PAUSE_SECONDS)
                self._arrived.set()

    async def flush(self) -> None:
        """Write everything that waits.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database was away for too long; what waits still does.
        """
        with self._lock:
            taken, self._waiting = self._waiting, {}
            lost, self._lost = self._lost, 0
        if lost:
            logger.warning("{} faults were not written down: too many different ones at once", lost)
        if not taken:
            return
        try:
            async with self._database.transaction() as tx:
                for each in taken.values():
                    await tx.errors.note(each.record())
        except BaseException:
            self._put_back(taken)
            raise
        if any(each.fault.is_critical for each in taken.values()):
            self.written.set()

    def _put_back(self, taken: dict[str, _Waiting]) -> None:
        with self._lock:
            for reference, each in taken.items():
                newer = self._waiting.get(reference)
                if newer is not None:
                    newer.count += each.count
                    newer.first_at = each.first_at
                else:
                    self._waiting[reference] = each
