"""Makes a date's summary once and posts it once, message by message; and keeps the post true afterwards."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
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
from bot.services.failpoints import fail_point
from bot.services.guilds import GuildService
from bot.services.summaries.collecting import Reader, Wanted
from bot.services.summaries.composing import Composer, Picture
from bot.services.summaries.making import Manner, SummaryMaker
from bot.services.summaries.rendering import Page
from bot.services.summaries.settings import SummarySettingsService
from bot.services.summaries.storing import Stored, SummaryStore
from bot.services.tools import TargetGoneError, ToolError, UnreachableError
from bot.texts import text

SEND_SECONDS: Final = 60.0  # for a message with its picture
OnPosted = Callable[[int, int, int, date], None]  # guild, channel, message, day
MEND_SECONDS: Final = 300.0  # for all messages of a post
REST_SECONDS: Final = 3_600.0  # before a post that can't be mended is tried again


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

    async def edit(self, target: Target, message_id: int, page: Page, picture: Picture | None = None) -> None:
        """Have a message say what `page` does, with this picture alone; one that says it stays as it is."""
        ...

    async def person(self, guild_id: int, user_id: int) -> Person:
        """Return a member as a reader."""
        ...

    async def tell(self, settings: SummarySettings, line: str) -> None:
        """Tell a server's admins."""
        ...


ALARM_PART: Final = 1_000  # the number of staff's message beside the post's


class DailyPosts:
    """The `DailyPost` of the scheduler.

    Attributes:
        composer: what puts the pages together.
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
        self._maker = maker
        self._store = store
        self._desk = desk
        self.on_posted: OnPosted = lambda *_: None
        self._resting: dict[int, float] = {}  # by summary that can't be mended: when it is tried again
        self.composer = Composer(guilds, settings, store)

    async def post(self, settings: SummarySettings, run: SummaryRun) -> bool:
        """Post what isn't posted of it yet; False: nothing was said that its readers may read.

        Raises:
            ToolError: Discord does not take it.
        """
        people = await self._people(settings.guild_id, settings.admin_ids or ())
        channel_id = settings.channel_id
        if channel_id is None and not people:
            raise TargetGoneError(text("summaries.run_nobody"))
        reader: Reader = channel_id if channel_id is not None else people
        stored = await self._stored(settings, run, reader)
        if stored is None:
            return False
        shown = await self.composer.pages(stored, reader)
        picture = await self.composer.picture(stored, reader)
        targets = [Target(run.guild_id, user_id=each.user_id) for each in people]
        if channel_id is not None:
            targets = [Target(run.guild_id, channel_id=channel_id)]
        await self._deliver_to(targets, run.local_date, shown, stored, picture)
        await self._warn(run, stored)
        return True

    async def _stored(self, settings: SummarySettings, run: SummaryRun, reader: Reader) -> Stored | None:
        """Return the date's summary, made now unless it is there; None where there is nothing to tell.

        One that was made before it could be posted is made anew where its readers aren't those any more who
        may read all it is of: the channel was changed meanwhile, or somebody's permissions.
        """
        before = await self._store.of_date(run.guild_id, run.local_date)
        if before is not None:
            if await self._store.is_for(reader, before):
                return before
            await self._store.discard(before)
        reading = Reading(settings.style)
        wanted = Wanted(run.guild_id, reader, Span(run.starts_at, run.ends_at))
        manner = Manner(reading, settings.language or Manner().language)
        digest, collected = await self._maker.make(wanted, manner)
        if not collected.lines:
            return None
        fail_point("summary.after_make")
        kept = await self._store.keep(wanted, digest, collected, reading, run.local_date)
        fail_point("summary.after_keep")
        if kept is not None and before is not None:  # some of its pages may stand there already
            await self._store.outdated(kept.summary.id)
        return kept or await self._store.of_date(run.guild_id, run.local_date)

    async def _people(self, guild_id: int, admin_ids: Sequence[str | int]) -> tuple[Person, ...]:
        """Return the admins it goes to, as readers, as far as they are still members."""
        people = []
        for each in admin_ids:
            try:
                people.append(await self._desk.person(guild_id, int(each)))
            except TargetGoneError:
                logger.bind(guild_id=guild_id).info("{} is no member any more: no summary for them", each)
        return tuple(people)

    async def tell_admins(self, settings: SummarySettings, line: str) -> None:
        """Tell a server's admins."""
        await self._desk.tell(settings, line)

    async def refresh(self) -> None:
        """Have posts that quote what was deleted, or lack what was put right, say what they should."""
        now, after_id = self._clock.monotonic(), 0
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        while found := await self._store.stale(after_id=after_id):
            after_id = found[-1].summary.id
            for stored in found:
                if stored.summary.id not in self._resting:
                    await self._refresh_safely(stored)

    async def _refresh_safely(self, stored: Stored) -> None:
        summary = stored.summary
        try:
            async with asyncio.timeout(MEND_SECONDS):
                await self._refresh(stored)
        except Exception as error:  # noqa: BLE001  (one post's trouble is no other's)
            self._resting[summary.id] = self._clock.monotonic() + REST_SECONDS
            log = logger.bind(guild_id=summary.guild_id)
            log.opt(exception=None if isinstance(error, ToolError) else error).warning(
                "Summary {} can't be mended for now: {}", summary.id, str(error) or type(error).__name__
            )

    async def _refresh(self, stored: Stored) -> None:
        summary = stored.summary
        if summary.local_date is None:
            await self._refresh_public(stored)
            return
        async with self._database.reading() as tx:
            posts = await tx.summary_runs.posts(summary.guild_id, summary.local_date)
        posts = [each for each in posts if each.message_id is not None]
        told = [each for each in posts if each.part < ALARM_PART]
        in_channel = summary.posted_channel_id is not None
        people = () if in_channel else await self._people(summary.guild_id, _targets_of(told))
        reader = summary.posted_channel_id if summary.posted_channel_id is not None else people
        shown = await self.composer.pages(stored, reader)
        picture = await self.composer.picture(stored, reader)
        for post in told:
            page = _page_of(shown, post.part)
            where = {"channel_id" if in_channel else "user_id": post.target_id}
            await self._mend(Target(summary.guild_id, **where), post, page, None if post.part else picture)
        for post in posts:
            if post.part == ALARM_PART:
                page = await self.composer.alarm(stored, post.target_id) or Page(
                    shown[0].title, text("summaries.alarm_gone")
                )
                await self._mend(Target(summary.guild_id, channel_id=post.target_id), post, page)
        await self._store.refreshed(stored)

    async def _refresh_public(self, stored: Stored) -> None:
        """Mend what staff had posted for everybody."""
        summary = stored.summary
        shown = await self.composer.asked(stored)
        target = Target(summary.guild_id, channel_id=summary.posted_channel_id)
        for message_ids in summary.public_posts or ():
            for part, message_id in enumerate(message_ids):
                with suppress(TargetGoneError):  # somebody deleted it
                    await self._desk.edit(target, int(message_id), _page_of(shown, part))
        await self._store.refreshed(stored)

    async def _mend(
        self, target: Target, post: SummaryPost, page: Page, picture: Picture | None = None
    ) -> None:
        assert post.message_id is not None  # only what was posted is mended
        with suppress(TargetGoneError):  # somebody deleted it
            await self._desk.edit(target, post.message_id, page, picture)

    async def _warn(self, run: SummaryRun, stored: Stored) -> None:
        """Tell staff where feelings fell suddenly; if they can't be told, that holds nothing up."""
        channel_id = self._guilds.policy(run.guild_id).staff_channel_id
        if channel_id is None:
            return
        try:
            page = await self.composer.alarm(stored, channel_id)
            if page is not None:
                target = Target(run.guild_id, channel_id=channel_id)
                await self._put(target, run.local_date, ALARM_PART, page)
        except (ToolError, TimeoutError) as error:
            told = str(error) or type(error).__name__
            logger.bind(guild_id=run.guild_id).warning("Staff can't be told of the mood: {}", told)

    async def _deliver_to(
        self,
        targets: Sequence[Target],
        day: date,
        shown: Sequence[Page],
        stored: Stored,
        picture: Picture | None,
    ) -> None:
        """Post it at each target; of several it is enough that one takes it.

        Raises:
            ToolError: nobody took it, or somebody may when it is tried again.
        """
        refused: list[ToolError] = []
        for target in targets:
            try:
                first = await self._deliver(target, day, shown, stored, picture)
            except ToolError as error:
                if len(targets) == 1:
                    raise
                refused.append(error)
                told = (target.id, error)
                logger.bind(guild_id=target.guild_id).warning("{} does not get the summary: {}", *told)
                continue
            if first is not None:
                await self._store.posted(stored.summary.id, target.channel_id, first)
                if target.channel_id is not None:
                    self.on_posted(target.guild_id, target.channel_id, first, day)
        passing = [each for each in refused if isinstance(each, UnreachableError)]
        if passing or len(refused) == len(targets):
            raise [*passing, *refused][0]

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
        fail_point("alarm.after_row" if part == ALARM_PART else "summary.after_row")
        async with asyncio.timeout(SEND_SECONDS):
            message_id = None if is_new else await self._desk.find(target, page, row.created_at)
            if message_id is None:
                nonce = _nonce(target, day, part)
                message_id = await self._desk.post(target, page, nonce, rated_id=rated_id, picture=picture)
        fail_point("alarm.after_post" if part == ALARM_PART else "summary.after_post")
        async with self._database.transaction() as tx:
            await tx.summary_runs.posted(row.id, message_id, self._clock.now())
        return message_id


def _page_of(shown: Sequence[Page], part: int) -> Page:
    """Return what a post's message is to say; there may be fewer pages than there were."""
    return shown[part] if part < len(shown) else Page(shown[0].title, text("summaries.page_gone"))


def _targets_of(posts: Iterable[SummaryPost]) -> list[int]:
    return list(dict.fromkeys(each.target_id for each in posts))


def _nonce(target: Target, day: date, part: int) -> str:
    key = f"summary/{target.guild_id}/{day}/{target.id}/{part}"
    return nonce_for(key)
