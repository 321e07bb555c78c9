"""Makes a date's summary once and posts it once, message by message; and keeps the post true afterwards."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from loguru import logger

from bot.db.database import Database
from bot.domain.audience import Person
from bot.domain.summaries import Reading, Span
from bot.models import SummaryPost, SummaryRun, SummarySettings
from bot.services.actions import nonce_for
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.summaries.collecting import Reader, Wanted
from bot.services.summaries.making import Manner, SummaryMaker
from bot.services.summaries.rendering import Extra, Page, pages, title_of
from bot.services.summaries.settings import Section, SummarySettingsService
from bot.services.summaries.storing import Stored, SummaryStore
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError

SEND_SECONDS: Final = 60.0  # for a message with its picture


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG; `about` is read out to who can't see it."""

    name: str
    content: bytes
    about: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where a summary goes: a channel, or a member's direct messages."""

    guild_id: int
    channel_id: int | None = None
    user_id: int | None = None

    @property
    def id(self) -> int:
        """What tells it from others."""
        return self.channel_id or self.user_id or 0


class SummaryDesk(Protocol):
    """What the daily post needs of Discord. Every method raises a `ToolError` where it can't."""

    async def post(
        self, target: Target, page: Page, nonce: str, *, rated_id: int | None, picture: Picture | None
    ) -> int:
        """Post a page, with the buttons that rate summary `rated_id`; return the message's id."""
        ...

    async def find(self, target: Target, page: Page, since: datetime) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        ...

    async def edit(self, target: Target, message_id: int, page: Page) -> None:
        """Have a message say what `page` does."""
        ...

    async def person(self, guild_id: int, user_id: int) -> Person:
        """Return a member as a reader."""
        ...

    async def tell(self, settings: SummarySettings, line: str) -> None:
        """Tell a server's admins."""
        ...


Extras = Callable[[int, Span, Reader], Awaitable[Sequence[Extra]]]
Pictures = Callable[[int, Span, Reader], Awaitable[Picture | None]]
Alarms = Callable[[int, Span, int], Awaitable[Extra | None]]

ALARM_PART: Final = 1_000  # the number of staff's message beside the post's


class DailyPosts:
    """The `DailyPost` of the scheduler.

    Attributes:
        extras: by section, what stands below the topics.
        picture: what draws the day; None where nothing can.
        alarm: what staff are told of a day, in their channel.
    """

    def __init__(  # noqa: PLR0913  (where everything comes together)
        self,
        database: Database,
        clock: Clock,
        *,
        guilds: GuildService,
        settings: SummarySettingsService,
        maker: SummaryMaker,
        store: SummaryStore,
        desk: SummaryDesk,
    ) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._settings = settings
        self._maker = maker
        self._store = store
        self._desk = desk
        self.extras: dict[Section, Extras] = {}
        self.picture: Pictures | None = None
        self.alarm: Alarms | None = None

    async def post(self, settings: SummarySettings, run: SummaryRun) -> bool:
        """Post what isn't posted of it yet; False: nothing was said that its readers may read.

        Raises:
            ToolError: Discord does not take it.
        """
        span = Span(run.starts_at, run.ends_at)
        reader = await self._reader(settings)
        stored = await self._store.of_date(run.guild_id, run.local_date)
        if stored is None:
            wanted = Wanted(run.guild_id, reader, span)
            reading = Reading(settings.style)
            manner = Manner(reading, settings.language or Manner().language)
            digest, collected = await self._maker.make(wanted, manner)
            if not collected.lines:
                return False
            stored = await self._store.keep(wanted, digest, collected, reading, run.local_date)
            stored = stored or await self._store.of_date(run.guild_id, run.local_date)
            assert stored is not None  # kept by us or by somebody before
        shown = await self._pages(stored, reader)
        picture = await self._picture(stored, span, reader)
        for target in _targets(settings):
            first = await self._deliver(target, run.local_date, shown, stored, picture)
            if first is not None and target.channel_id is not None:
                await self._store.posted(stored.summary.id, target.channel_id, first)
        await self._warn(run, span, shown[0].title)
        return True

    async def tell_admins(self, settings: SummarySettings, line: str) -> None:
        """Tell a server's admins."""
        await self._desk.tell(settings, line)

    async def refresh(self) -> None:
        """Have posts that quote what was deleted, or lack what was put right, say what they should."""
        for stored in await self._store.stale():
            try:
                await self._refresh(stored)
            except ToolError as error:
                logger.bind(guild_id=stored.summary.guild_id).warning(
                    "Summary {} can't be mended: {}", stored.summary.id, error
                )

    async def _refresh(self, stored: Stored) -> None:
        summary = stored.summary
        if summary.local_date is None or summary.posted_channel_id is None:
            await self._store.refreshed(stored)
            return
        target = Target(summary.guild_id, channel_id=summary.posted_channel_id)
        async with self._database.reading() as tx:
            posts = await tx.summary_runs.posts(summary.guild_id, summary.local_date, target.id)
        shown = await self._pages(stored, summary.posted_channel_id)
        for post in posts:
            if post.message_id is None:
                continue
            page = (
                shown[post.part]
                if post.part < len(shown)
                else Page(shown[0].title, "-# Nothing is left here.")
            )
            try:
                await self._desk.edit(target, post.message_id, page)
            except TargetGoneError:  # somebody deleted it
                continue
        await self._store.refreshed(stored)

    async def _reader(self, settings: SummarySettings) -> Reader:
        if settings.channel_id is not None:
            return settings.channel_id
        people = [await self._desk.person(settings.guild_id, int(each)) for each in settings.admin_ids or ()]
        return tuple(people)

    async def _pages(self, stored: Stored, reader: Reader) -> list[Page]:
        summary = stored.summary
        sections = self._settings.sections(summary.guild_id)
        span = Span(summary.starts_at, summary.ends_at)
        extras = [
            each
            for section, source in self.extras.items()
            if section in sections
            for each in await source(summary.guild_id, span, reader)
        ]
        zone = self._guilds.policy(summary.guild_id).timezone
        return pages(title_of(span, zone), summary.guild_id, stored, sections, extras)

    async def _picture(self, stored: Stored, span: Span, reader: Reader) -> Picture | None:
        if self.picture is None or Section.PICTURE not in self._settings.sections(stored.summary.guild_id):
            return None
        return await self.picture(stored.summary.guild_id, span, reader)

    async def _warn(self, run: SummaryRun, span: Span, title: str) -> None:
        """Tell staff where feelings fell suddenly; if they can't be told, that holds nothing up."""
        channel_id = self._guilds.policy(run.guild_id).staff_channel_id
        if self.alarm is None or channel_id is None:
            return
        found = await self.alarm(run.guild_id, span, channel_id)
        if found is None:
            return
        page = Page(f"{found.title}: {title}", "\n".join(found.lines))
        try:
            await self._put(Target(run.guild_id, channel_id=channel_id), run.local_date, ALARM_PART, page)
        except (NotPermittedError, TargetGoneError, RefusedError) as error:
            logger.bind(guild_id=run.guild_id).warning("Staff can't be told of the mood: {}", error)

    async def _deliver(
        self, target: Target, day: date, shown: Sequence[Page], stored: Stored, picture: Picture | None
    ) -> int | None:
        """Post the pages that aren't there yet; return the first one's message."""
        first = None
        for part, page in enumerate(shown):
            is_last = part == len(shown) - 1
            message_id = await self._put(
                target,
                day,
                part,
                page,
                rated_id=stored.summary.id if is_last else None,
                picture=picture if part == 0 else None,
            )
            first = message_id if first is None else first
        return first

    async def _put(
        self,
        target: Target,
        day: date,
        part: int,
        page: Page,
        *,
        rated_id: int | None = None,
        picture: Picture | None = None,
    ) -> int | None:
        """Post a page unless it is there; return its message."""
        row = SummaryPost(
            guild_id=target.guild_id, local_date=day, target_id=target.id, part=part,
            created_at=self._clock.now(),
        )  # fmt: skip
        async with self._database.transaction() as tx:
            row, is_new = await tx.summary_runs.begin_post(row)
        if row.finished_at is not None:
            return row.message_id
        async with asyncio.timeout(SEND_SECONDS):
            message_id = None if is_new else await self._desk.find(target, page, row.created_at)
            if message_id is None:
                nonce = _nonce(target, day, part)
                message_id = await self._desk.post(target, page, nonce, rated_id=rated_id, picture=picture)
        async with self._database.transaction() as tx:
            await tx.summary_runs.posted(row.id, message_id, self._clock.now())
        return message_id


def _targets(settings: SummarySettings) -> list[Target]:
    if settings.channel_id is not None:
        return [Target(settings.guild_id, channel_id=settings.channel_id)]
    return [Target(settings.guild_id, user_id=int(each)) for each in settings.admin_ids or ()]


def _nonce(target: Target, day: date, part: int) -> str:
    key = f"summary/{target.guild_id}/{day}/{target.id}/{part}"
    return nonce_for(key)
