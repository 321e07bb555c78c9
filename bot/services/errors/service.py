"""What went wrong on the bot's side: kept, listed, explained, told to whoever runs it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from loguru import logger

from bot.db.database import Database
from bot.domain.errors import NotFoundError
from bot.models import ErrorRecord
from bot.services.clock import Clock
from bot.services.errors.explaining import Explainer, Explanation
from bot.services.errors.log import ErrorLog
from bot.services.errors.telling import ErrorNotices
from bot.services.tasks import Worker
from bot.texts import text

ON_A_PAGE: Final = 8
LAST_SECONDS: Final = 5.0  # for the last faults to be written at the end


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """A page of faults, the newest first; pages count from 1."""

    number: int
    faults: Sequence[ErrorRecord]
    has_more: bool


class ErrorService:
    """Everything around faults. Its workers begin with the bot and end after all others."""

    def __init__(
        self, database: Database, clock: Clock, log: ErrorLog, explainer: Explainer, notices: ErrorNotices
    ) -> None:
        self._database = database
        self.log = log
        self.notices = notices
        self._explainer = explainer
        self._writing = Worker("the log of errors", log.run, clock)
        self._telling = Worker("error notices", notices.run, clock)
        self._sink: int | None = None

    def note(
        self, error: BaseException, place: str, guild_id: int | None = None, *, is_critical: bool = False
    ) -> str:
        """Keep an exception in mind and return its reference; see `ErrorLog.note`."""
        return self.log.note(error, place, guild_id, is_critical=is_critical)

    async def page(self, guild_id: int | None, number: int) -> ErrorPage:
        """Return a page of faults: of one server, or (None) of all and of none."""
        number = max(1, number)
        async with self._database.reading() as tx:
            found = await tx.errors.page(guild_id, (number - 1) * ON_A_PAGE, ON_A_PAGE + 1)
        return ErrorPage(number, found[:ON_A_PAGE], len(found) > ON_A_PAGE)

    async def of(self, reference: str, guild_id: int | None) -> ErrorRecord:
        """Return a fault; `guild_id` None: of any server.

        Raises:
            NotFoundError: there is none, or it is another server's.
        """
        reference = reference.strip().strip("`").lower()
        async with self._database.reading() as tx:
            found = await tx.errors.get(reference)
        found = found or self.log.waiting(reference)
        if found is None or (guild_id is not None and found.guild_id != guild_id):
            raise NotFoundError(text("errors.unknown", reference=reference.replace("`", "")[:40]))
        return found

    async def explain(self, fault: ErrorRecord) -> Explanation:
        """Return what a fault means; a model's words are kept, so that nobody pays for them twice."""
        explanation = await self._explainer.explain(fault)
        if explanation.model and not fault.explanation:
            values = {"explanation": explanation.text, "explained_by": explanation.model}
            async with self._database.transaction() as tx:
                await tx.errors.change(fault.reference, values)
        return explanation

    def start(self) -> None:
        """Begin to write down what is noted, from here and from the log."""
        self._sink = logger.add(self.log.sink, level="ERROR", format="{message}")
        self._writing.start()

    def start_telling(self) -> None:
        """Begin to tell whoever runs the bot; it must be connected."""
        self._telling.start()

    async def close(self) -> None:
        """Stop, and write what is left."""
        await self._telling.stop()
        await self._writing.stop()
        if self._sink is not None:
            logger.remove(self._sink)
            self._sink = None
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self.log.flush()
        except Exception as error:  # noqa: BLE001  (there is nobody left to tell)
            logger.warning("The last {} errors aren't written down: {}", self.log.depth, type(error).__name__)
