"""The part of the composition root that puts together what whoever runs the bot is told."""

from contextlib import AsyncExitStack

from bot.db.database import Database
from bot.logs import Masker
from bot.services.clock import Clock
from bot.services.errors.explaining import Explainer
from bot.services.errors.log import ErrorLog
from bot.services.errors.service import ErrorService
from bot.services.errors.telling import ErrorNotices
from bot.services.language import Language
from bot.services.maintenance import MaintenanceService
from bot.settings import Settings
from bot.tools.owner import BotOwner


class AdminParts:
    """What keeps errors, and tells of them.

    Attributes:
        owner: how whoever runs the bot is reached.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.owner = BotOwner()

    def errors(self, stack: AsyncExitStack, database: Database, language: Language) -> ErrorService:
        """Return what keeps errors; it stops after all that may fail, but for models and database."""
        settings = self._settings
        log = ErrorLog(database, self._clock, Masker(settings.secrets()))
        explainer = Explainer(language.writer, settings.llm.deadlines.explain)
        notices = ErrorNotices(
            database,
            self._clock,
            log=log,
            explainer=explainer,
            owner=self.owner,
            settings=settings.errors,
            folder=(settings.database.sqlite_path or settings.log.folder).absolute().parent,
        )
        errors = ErrorService(database, self._clock, log, explainer, notices)
        errors.start()
        stack.push_async_callback(errors.close)
        return errors

    async def maintenance(self, database: Database) -> MaintenanceService:
        """Return what knows whether the bot is being worked on, as it was when it stopped."""
        maintenance = MaintenanceService(database, self._clock)
        await maintenance.load()
        return maintenance
