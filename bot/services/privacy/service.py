"""What members may know, take along, and have deleted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from loguru import logger

from bot.db.database import Database, is_passing
from bot.db.privacy.scope import Whose
from bot.domain.errors import UserFacingError
from bot.services.clock import Clock, wait_until
from bot.services.privacy.erasing import Eraser, Parts
from bot.services.privacy.export import Export, ExportFile
from bot.services.privacy.leaks import LeakWarnings
from bot.services.privacy.log import ErasureLog
from bot.services.privacy.opt_outs import OptOuts
from bot.services.privacy.ports import PrivacyDesk
from bot.services.privacy.records import MemberKey, Wish
from bot.services.tools import ToolError
from bot.settings import LogSettings, RetentionSettings
from bot.texts import text

EVERY_SECONDS: Final = 60.0  # between two looks for what is left to do
PAGE: Final = 100  # posts to remove at one look

EraseHook = Callable[[int | None, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class About:
    """What is told of how things are kept here.

    Attributes:
        providers: of language models that words may be sent to.
    """

    retention: RetentionSettings
    log: LogSettings
    providers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Overview:
    """What is kept of a member, by kind, and whether they opted out there or everywhere."""

    counts: dict[str, int]
    opted_out: bool


class PrivacyService:
    """Members' rights.

    Attributes:
        on_erase: called with a server (None: everywhere) and a user, for whoever keeps data of its own.
        key: makes and reads what stands for a member where no id may be kept.
        leaks: warns who posts a secret.
        about: how things are kept.
        channels_of: the channels of a server where staff are shown transcripts and lessons.
    """

    def __init__(  # noqa: PLR0913  (members' rights reach everything)
        self,
        database: Database,
        clock: Clock,
        *,
        opt_outs: OptOuts,
        log: ErasureLog,
        key: MemberKey,
        parts: Parts,
        leaks: LeakWarnings,
        desk: PrivacyDesk,
        about: About,
    ) -> None:
        self._database = database
        self._clock = clock
        self._opt_outs = opt_outs
        self._log = log
        self._eraser = Eraser(database, clock, parts)
        self._export = Export(database, clock)
        self._desk = desk
        self._work = asyncio.Event()
        self.key = key
        self.leaks = leaks
        self.about = about
        self.on_erase: list[EraseHook] = parts.hooks
        self.channels_of: Callable[[int], list[int]] = lambda _guild_id: []

    def opted_out(self, guild_id: int | None, user_id: int) -> bool:
        """Whether nothing may be kept of somebody in a server, or in direct messages (None)."""
        return self._opt_outs.holds(guild_id, user_id)

    def is_out(self, guild_id: int | None, user_id: int) -> bool:
        """Whether somebody opted out of exactly this: a server, or everything (None)."""
        return self._opt_outs.at(guild_id, user_id)

    async def reapply(self) -> int:
        """Grant again what an older database doesn't know of: call it after a restore, before all else.

        Raises:
            StartupError: the record can't be read.
        """
        return await self._log.reapply(self._eraser.erase)

    async def overview(self, guild_id: int | None, user_id: int) -> Overview:
        """Return what is kept of somebody in a server, or everywhere."""
        async with self._database.reading() as tx:
            counts = await tx.overview.counts(Whose(user_id, guild_id))
        return Overview(counts, self.opted_out(guild_id, user_id))

    def export(self, guild_id: int | None, user_id: int) -> AsyncIterator[ExportFile]:
        """Return what is kept of somebody in a server, or everywhere, as files."""
        return self._export.files(Whose(user_id, guild_id), opted_out=self.opted_out(guild_id, user_id))

    async def erase(self, guild_id: int | None, user_id: int) -> None:
        """Erase somebody in a server, or everywhere; what fails is tried again.

        Raises:
            UserFacingError: it couldn't be done now.
        """
        await self._grant(guild_id, user_id, Wish.ERASE)

    async def opt_out(self, guild_id: int | None, user_id: int) -> None:
        """Keep nothing of somebody from now on, and erase what there is.

        Raises:
            UserFacingError: it couldn't be done now; nothing more is kept, though.
        """
        self._opt_outs.block(guild_id, user_id)
        await self._grant(guild_id, user_id, Wish.OPT_OUT, Wish.ERASE)

    async def opt_in(self, guild_id: int | None, user_id: int) -> None:
        """Take an opt-out back.

        Raises:
            UserFacingError: it couldn't be done now.
        """
        await self._grant(guild_id, user_id, Wish.OPT_IN)

    async def run(self) -> None:
        """Finish what failed, and remove posts that quote somebody who was erased, until cancelled."""
        while True:
            self._work.clear()
            try:
                await self._log.finish(self._eraser.erase)
                await self.remove_posts()
            except Exception as error:
                if not is_passing(error) and not isinstance(error, TimeoutError):
                    raise
                logger.warning("Erasing waits for the database ({})", type(error).__name__)
            await wait_until(self._work, self._clock, EVERY_SECONDS)

    async def remove_posts(self) -> None:
        """Remove what staff were shown that quotes somebody; what can't be removed now is tried again."""
        after = 0
        while True:
            async with self._database.reading() as tx:
                found = await tx.erasing.tickets.to_remove(after, PAGE)
            for posted in found:
                after = posted.delivery_id
                channels = self.channels_of(posted.guild_id)
                try:
                    await self._desk.remove(posted.guild_id, channels, posted.message_id)
                except ToolError as error:
                    log = logger.bind(guild_id=posted.guild_id)
                    log.warning("A post that quotes somebody can't be removed now: {}", error)
                    continue
                async with self._database.transaction() as tx:
                    await tx.erasing.tickets.removed(posted.delivery_id)
            if len(found) < PAGE:
                return

    async def _grant(self, guild_id: int | None, user_id: int, *wishes: Wish) -> None:
        try:
            await self._log.grant(guild_id, user_id, wishes, self._eraser.erase)
        except Exception as error:
            if not is_passing(error) and not isinstance(error, TimeoutError):
                raise
            logger.bind(guild_id=guild_id).warning("A wish waits for the database ({})", type(error).__name__)
            raise UserFacingError(text("privacy.later")) from error
        finally:
            self._work.set()
