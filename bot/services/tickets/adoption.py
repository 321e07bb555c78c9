"""What members post in the forum past the panel: each such post becomes a ticket, once."""

from functools import partial
from typing import Final

from loguru import logger

from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.domain.tickets import post_key
from bot.models import TicketSettings
from bot.services.clock import Clock
from bot.services.tasks import OrderedTasks
from bot.services.tickets.opening import TicketOpening, Wish
from bot.services.tickets.ports import Erased, ForumPost, OptedOut, PostDesk
from bot.services.tickets.settings import TicketSettingsService, adopts
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError
from bot.texts import text

PARALLEL: Final = 4  # servers at the same time
TRIES: Final = 5  # to read a post, which Discord may tell of before its first message is there
PAUSE_SECONDS: Final = 1.0


class TicketAdoption:
    """Looks at the posts of each forum in their order; `posts_after` is the last one looked at.

    So a restart loses none and takes none twice; what was posted before tickets were set up stays as it is.

    Attributes:
        desk: where posts are; None until there is one.
        opted_out: of whom nothing is stored.
        erased: what isn't stored though Discord still has it.
    """

    def __init__(
        self, database: Database, clock: Clock, settings: TicketSettingsService, opening: TicketOpening
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._opening = opening
        self._tasks = OrderedTasks(PARALLEL)
        self._again: set[int] = set()
        self._told_of: dict[int, set[int]] = {}  # new posts, by server, until they are looked at
        self.desk: PostDesk | None = None
        self.opted_out: OptedOut = lambda _guild_id, _user_id: False
        self.erased: Erased = lambda _guild_id, _user_id, _message_id: False

    def offer(self, guild_id: int, post_id: int | None = None) -> None:
        """Look for new posts of a server, in the background; at `post_id` even after a later one."""
        if self.desk is not None and adopts(self._settings.of(guild_id)):
            if post_id is not None:
                self._told_of.setdefault(guild_id, set()).add(post_id)
            self._tasks.spawn_after(guild_id, partial(self.take_up, guild_id), f"posts of {guild_id}")

    def retry(self) -> None:
        """Look again where Discord didn't answer."""
        for guild_id in self._again.copy():
            self._again.discard(guild_id)
            self.offer(guild_id)

    async def settled(self) -> None:
        """Wait until what was offered is looked at."""
        while self._tasks:
            await self._tasks.wait_for_one()

    async def close(self) -> None:
        """Stop; what isn't taken up is found by the next start."""
        await self._tasks.cancel()

    async def take_up(self, guild_id: int) -> None:
        """Make tickets of a server's new posts."""
        settings = self._settings.of(guild_id)
        if self.desk is None or not adopts(settings):
            return
        assert settings.parent_id is not None  # it adopts
        told_of = self._told_of.pop(guild_id, set())
        try:
            if settings.posts_after is None:  # from now on
                await self._looked_at(settings, await self.desk.newest(guild_id, settings.parent_id))
                return
            after = settings.posts_after
            first = min([after, *(each - 1 for each in told_of)])
            for post_id in await self.desk.posts(guild_id, settings.parent_id, first):
                if post_id > after or post_id in told_of:
                    await self._adopt(self.desk, settings, post_id)
                    await self._looked_at(settings, max(post_id, after))
                told_of.discard(post_id)
        except ToolError as error:
            logger.bind(guild_id=guild_id).warning("Posts in the forum wait: {}", error)
            self._told_of.setdefault(guild_id, set()).update(told_of)
            self._again.add(guild_id)

    async def _looked_at(self, settings: TicketSettings, post_id: int) -> None:
        if self._settings.of(settings.guild_id).parent_id == settings.parent_id:
            await self._settings.change(settings.guild_id, posts_after=post_id)

    async def _adopt(self, desk: PostDesk, settings: TicketSettings, post_id: int) -> None:
        key = post_key(post_id)
        if await self._is_known(key, post_id):
            return
        post = await self._read(desk, settings.guild_id, post_id)
        if post is None or self.opted_out(settings.guild_id, post.author_id):
            return
        if self.erased(settings.guild_id, post.author_id, post_id):
            return
        wish = Wish(
            key=key,
            guild_id=settings.guild_id,
            opener_id=post.author_id,
            opener_name=post.author_name,
            title=post.title,
            question=post.text,
            category_id=_category(self._settings.of(settings.guild_id), post),
        )
        try:
            await self._opening.open(wish)
        except UserFacingError as error:
            if await self._is_known(key, post_id):  # it will be opened, or staff were told
                return
            told = text("ticket_life.post_declined", member=f"<@{post.author_id}>", reason=error)
            try:
                await desk.decline(settings.guild_id, post, told)
            except (NotPermittedError, RefusedError, TargetGoneError) as refused:  # no better in a minute
                log = logger.bind(guild_id=settings.guild_id)
                log.warning("Nobody can be told that post {} is no ticket: {}", post_id, refused)

    async def _read(self, desk: PostDesk, guild_id: int, post_id: int) -> ForumPost | None:
        for _ in range(TRIES):
            try:
                return await desk.read(guild_id, post_id)
            except TargetGoneError:
                await self._clock.sleep(PAUSE_SECONDS)
        return None

    async def _is_known(self, key: str, post_id: int) -> bool:
        async with self._database.reading() as tx:
            known = await tx.tickets.by_key(key) or await tx.tickets.by_thread(post_id)
        return known is not None


def _category(settings: TicketSettings, post: ForumPost) -> int | None:
    """Return the category whose tag a post has."""
    for key, tag in (settings.tags or {}).items():
        kind, _, name = key.partition(":")
        if kind == "category" and tag in post.tags:
            return int(name)
    return None
