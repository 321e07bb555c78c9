"""Summaries that were asked for during maintenance: kept, and sent by direct message when it is over."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

from loguru import logger

from bot.db.database import Database
from bot.domain.audience import Person
from bot.domain.errors import UserFacingError
from bot.domain.maintenance import Mode
from bot.domain.summaries import Reading, Span
from bot.models import KeyValue
from bot.services.actions import nonce_for
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.maintenance import MaintenanceService
from bot.services.summaries.collecting import Reader, Wanted
from bot.services.summaries.posting import Target
from bot.services.summaries.rendering import Page, pages, title_of
from bot.services.summaries.requests import SummaryRequests
from bot.services.summaries.settings import SummarySettingsService
from bot.services.summaries.storing import Stored
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError
from bot.texts import text

SCOPE: Final = "kept_summaries"  # keys are a server's id and a member's
MOST: Final = 1_000  # kept ones, at one look
EVERY_SECONDS: Final = 30.0
SEND_SECONDS: Final = 60.0


class KeptDesk(Protocol):
    """What sending them needs of Discord. Every method raises a `ToolError` where it can't."""

    async def post(
        self, target: Target, page: Page, nonce: str, *, rated_id: int | None, picture: None
    ) -> int:
        """Post a page; return the message's id."""
        ...

    async def find(self, target: Target, page: Page, since: datetime) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        ...

    async def person(self, guild_id: int, user_id: int) -> Person:
        """Return a member as a reader."""
        ...


class KeptSummaries:
    """One request for each member of a server; the newest doesn't push out what is kept."""

    def __init__(  # noqa: PLR0913  (it meets settings, making and platform)
        self,
        database: Database,
        clock: Clock,
        *,
        maintenance: MaintenanceService,
        guilds: GuildService,
        settings: SummarySettingsService,
        requests: SummaryRequests,
        desk: KeptDesk,
    ) -> None:
        self._database = database
        self._clock = clock
        self._maintenance = maintenance
        self._guilds = guilds
        self._settings = settings
        self._requests = requests
        self._desk = desk
        self.opted_out: Callable[[int, int], bool] = lambda _guild_id, _user_id: False
        self._may_have = True  # anything that is kept; an earlier start may have left some

    async def stop(
        self, guild_id: int, user_id: int, span: Span, places: frozenset[int] | None, *, is_public: bool
    ) -> str | None:
        """Return what a member is told instead of a summary; None: they get one.

        Raises:
            UserFacingError: it is refused.
        """
        mode = self._maintenance.now.mode
        if mode is Mode.OFF:
            return None
        words = self._maintenance.words()
        # Posted hours later for everyone, it would answer nobody; and of some nothing may be kept.
        if mode is Mode.HARD or is_public or self.opted_out(guild_id, user_id):
            raise UserFacingError(words)
        value: dict[str, Any] = {
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            "places": None if places is None else [str(each) for each in sorted(places)],
            "at": self._clock.now().isoformat(),
        }
        async with self._database.transaction() as tx:
            is_new = await tx.kv.add(SCOPE, f"{guild_id}/{user_id}", value)
        self._may_have = True
        if is_new:
            return text("maintenance.summary_kept", words=words)
        return text("maintenance.summary_many", words=words)

    async def run(self) -> None:
        """Send what is kept once maintenance is over, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Send what is kept, in the order it was asked for, while there is no maintenance."""
        if self._maintenance.now.mode is not Mode.OFF or not self._may_have:
            return
        async with self._database.reading() as tx:
            kept = await tx.kv.list_of(SCOPE, MOST)
        for each in sorted(kept, key=lambda pair: str((pair.value or {}).get("at"))):
            try:
                await self._serve(each)
            except (NotPermittedError, TargetGoneError, RefusedError) as error:
                logger.info("A summary that was kept can't be sent: {}", error)
            except (ToolError, TimeoutError) as error:
                logger.warning("A summary that was kept can't be sent now: {}", type(error).__name__)
                return  # it is tried again
            async with self._database.transaction() as tx:
                await tx.kv.clear(SCOPE, each.key)
        self._may_have = len(kept) == MOST

    async def _serve(self, kept: KeyValue) -> None:
        guild_id, user_id = map(int, kept.key.split("/"))
        value = kept.value or {}
        span = Span(datetime.fromisoformat(value["start"]), datetime.fromisoformat(value["end"]))
        places = None if value["places"] is None else frozenset(map(int, value["places"]))
        target, since = Target(guild_id, user_id=user_id), datetime.fromisoformat(value["at"])
        reader: Reader = await self._desk.person(guild_id, user_id)
        settings, is_again = self._settings.of(guild_id), bool(value.get("tried"))
        async with self._database.transaction() as tx:
            await tx.kv.put(SCOPE, kept.key, value | {"tried": True})
        wanted = Wanted(guild_id, reader, span, places)
        try:
            stored = await self._requests.ask(
                wanted, Reading(settings.style), settings.language, lambda _read, _total: None
            )
        except UserFacingError as error:
            logger.info("A summary that was kept can't be made: {}", error)
            shown, rated = [Page(text("maintenance.summary_ready"), text("maintenance.summary_failed"))], None
        else:
            shown, rated = self._pages(guild_id, span, stored)
        for part, page in enumerate(shown):
            async with asyncio.timeout(SEND_SECONDS):
                found = await self._desk.find(target, page, since) if is_again else None
                if found is None:
                    nonce = nonce_for(f"{SCOPE}/{kept.key}/{value['at']}/{part}")
                    is_last = part == len(shown) - 1
                    shown_id = rated if is_last else None
                    await self._desk.post(target, page, nonce, rated_id=shown_id, picture=None)

    def _pages(self, guild_id: int, span: Span, stored: Stored | None) -> tuple[list[Page], int | None]:
        title = title_of(span, self._guilds.policy(guild_id).timezone)
        if stored is None:
            return [Page(title, text("maintenance.summary_nothing"))], None
        return pages(title, guild_id, stored, self._settings.sections(guild_id)), stored.summary.id
