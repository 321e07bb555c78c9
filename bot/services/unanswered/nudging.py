"""Calls the helper role to what nobody has answered, seldom, and never twice to the same."""

import asyncio
from datetime import datetime, timedelta
from typing import Final, Protocol

from loguru import logger

from bot.db.database import Database
from bot.domain.audience import Person
from bot.domain.errors import UserFacingError
from bot.models import AlertSettings, Nudge
from bot.services.actions import nonce_for
from bot.services.alert_settings import AlertSettingsService
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.guilds import GuildService
from bot.services.tools import ToolError, UnreachableError
from bot.services.unanswered.finding import LOOKS_BACK, Unanswered, Waiting

EVERY: Final = timedelta(minutes=10)  # between two looks at a server
MOST_PLACES: Final = 10  # of one look, the longest waiting
MOST_LINKS: Final = 5
SEND_SECONDS: Final = 30.0
SAFE_AGAIN: Final = timedelta(minutes=2)  # for which Discord knows a nonce


class NudgeDesk(Protocol):
    """What nudges need of Discord. Every method raises a `ToolError` where it can't."""

    async def call(self, nudge: Nudge, role_id: int, nonce: str) -> int:
        """Call a role, and nobody else, to the nudge's questions; return the message's id."""
        ...

    async def find_call(self, nudge: Nudge) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        ...


class Nudging:
    """At most one call in a server's chosen hours; the row comes before the call."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        guilds: GuildService,
        settings: AlertSettingsService,
        unanswered: Unanswered,
        desk: NudgeDesk,
    ) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._settings = settings
        self._unanswered = unanswered
        self._desk = desk
        self._looked: dict[int, datetime] = {}

    async def look(self) -> None:
        """Call where it is time to; one server's trouble is no other's."""
        present = self._guilds.present()
        for settings in self._settings.nudged():
            if settings.guild_id not in present:
                continue
            try:
                await self._look_at(settings)
            except Exception as error:  # noqa: BLE001  (it is looked at again later)
                log = logger.bind(guild_id=settings.guild_id)
                if isinstance(error, ToolError | TimeoutError | UserFacingError):
                    log.warning("Helpers can't be called: {}", error)
                else:
                    log.opt(exception=error).error("Helpers can't be called")

    async def _look_at(self, settings: AlertSettings) -> None:
        guild_id, now = settings.guild_id, self._clock.now()
        async with self._database.reading() as tx:
            last = await tx.alerts.last_nudge(guild_id)
        if last is not None and last.finished_at is None:
            await self._take_up(settings, last)
            return
        if last is not None and now < last.created_at + timedelta(hours=settings.nudge_hours):
            return
        looked = self._looked.get(guild_id)
        if self._guilds.policy(guild_id).quiet_at(now) or (looked is not None and now < looked + EVERY):
            return
        self._looked[guild_id] = now
        assert settings.helper_role_id is not None  # else nobody is nudged
        waiting = await self._next(guild_id, settings.helper_role_id)
        if not waiting:
            return
        nudge = Nudge(
            guild_id=guild_id,
            place_id=waiting[0].place_id,
            message_ids=[str(each.message_id) for each in waiting],
            created_at=now,
        )
        async with self._database.transaction() as tx:
            nudge = await tx.alerts.begin_nudge(nudge)
        fail_point("nudge.after_row")
        await self._call(settings, nudge)

    async def _next(self, guild_id: int, role_id: int) -> list[Waiting]:
        """Return what waits where something waits longest, helpers can read, and nobody was called yet."""
        helper = Person(0, guild_id, frozenset({role_id}))
        async with self._database.reading() as tx:
            called = await tx.alerts.nudged(guild_id, self._clock.now() - LOOKS_BACK)
        places = await self._unanswered.places_waiting(guild_id, helper)
        for place_id in places[:MOST_PLACES]:
            found = await self._unanswered.find(guild_id, place_id, place_id=place_id)
            fresh = [each for each in found if called.isdisjoint(each.message_ids)]
            if fresh:
                return fresh[:MOST_LINKS]
        return []

    async def _take_up(self, settings: AlertSettings, nudge: Nudge) -> None:
        """Finish what was interrupted: find it, or call again while Discord would notice it was done."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                message_id = await self._desk.find_call(nudge)
        except UnreachableError:
            raise
        except ToolError:  # nobody can say any more, and others wait for it
            await self._end(nudge, None)
            raise
        if message_id is None and self._clock.now() - nudge.created_at < SAFE_AGAIN:
            await self._call(settings, nudge)
            return
        await self._end(nudge, message_id)

    async def _call(self, settings: AlertSettings, nudge: Nudge) -> None:
        assert settings.helper_role_id is not None  # else nobody is nudged
        nonce = nonce_for(f"nudge/{nudge.id}")
        try:
            async with asyncio.timeout(SEND_SECONDS):
                message_id = await self._desk.call(nudge, settings.helper_role_id, nonce)
        except UnreachableError:
            raise  # whether it was posted is found out at the next look
        except ToolError:
            await self._end(nudge, None)
            raise
        fail_point("nudge.after_post")
        await self._end(nudge, message_id)

    async def _end(self, nudge: Nudge, message_id: int | None) -> None:
        async with self._database.transaction() as tx:
            await tx.alerts.end_nudge(nudge.id, message_id, self._clock.now())
