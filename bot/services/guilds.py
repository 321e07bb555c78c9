"""Servers: what the owner chose for them, kept at hand so that the road needn't ask the database."""

import asyncio
from collections.abc import Callable, Sequence, Set
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.db.database import Database
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.languages import parse_languages
from bot.domain.policy import GuildPolicy
from bot.domain.quiet_hours import QuietHours
from bot.domain.snowflake import snowflake_at
from bot.models import AutoReply, Channel, Guild, Watch, WatchDefault
from bot.services.clock import Clock
from bot.services.configuration.changes import GUILDS, note, note_row
from bot.services.guild_rows import ChannelSeen, changes_of, chosen_of, policy_of, row_of
from bot.services.support_roles import SupportRoles
from bot.settings import OrchestratorSettings
from bot.texts import text

__all__ = ["ChannelSeen", "GuildService"]
MAX_TIP = 300  # characters
CHUNK = 500  # ids in one query


class GuildService:
    """Knows every guild's policy and every channel's choice; changes them for the owner."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        defaults: OrchestratorSettings,
        roles: SupportRoles | None = None,
    ) -> None:
        """Make the service; `roles` is told of every server's admin role."""
        self._database = database
        self._clock = clock
        self._defaults = defaults
        self._roles = roles or SupportRoles()
        self._default_policy = policy_of(None, defaults)
        self._policies: dict[int, GuildPolicy] = {}
        self._watch: dict[int, Watch] = {}  # by channel, where it isn't the default
        self._chosen: dict[int, int] = {}  # by channel: the snowflake of the choice
        self._first_seen: dict[int, int] = {}  # by guild the bot is in: unix seconds
        self._changing = asyncio.Lock()
        self.on_change: Callable[[], None] = lambda: None  # called after an owner's change

    async def load(self) -> dict[int, int]:
        """Read every guild and channel once, at the start; return the reading cursors by channel.

        Guilds that were left are read, too: when they come back, their owner's choices hold at once.
        """
        cursors: dict[int, int] = {}
        async with self._database.reading() as tx:
            for guild in await tx.guilds.list_all():
                self._remember(guild)
                for channel in await tx.channels.list_of(guild.id):
                    self._remember_channel(channel)
                    if channel.cursor is not None and guild.left_at is None:
                        cursors[channel.id] = channel.cursor
        return cursors

    async def reload(self, guild_id: int) -> None:
        """Read a guild and its channels anew, because another process has changed them."""
        async with self._changing:
            async with self._database.reading() as tx:
                guild = await tx.guilds.get(guild_id)
                channels = await tx.channels.list_of(guild_id)
            if guild is None:
                return  # deleted since; nothing is asked about it any more
            self._remember(guild)
            for channel in channels:
                self._remember_channel(channel)
        self.on_change()

    def policy(self, guild_id: int | None) -> GuildPolicy:
        """Return the guild's policy; the defaults for a direct message."""
        if guild_id is None:
            return self._default_policy
        return self._policies.get(guild_id, self._default_policy)

    def watch(self, channel_id: int) -> Watch:
        """Return the owner's choice for a channel."""
        return self._watch.get(channel_id, Watch.DEFAULT)

    def chosen(self, channel_id: int) -> int:
        """Return the snowflake of the owner's last choice for a channel, 0 when there was none."""
        return self._chosen.get(channel_id, 0)

    def first_seen(self, guild_id: int) -> int | None:
        """Return when the bot came to the guild (unix seconds), None when it isn't known to be there."""
        return self._first_seen.get(guild_id)

    def present(self) -> Set[int]:
        """Return the guilds the bot is in, as far as it knows."""
        return self._first_seen.keys()

    async def see(self, guild_id: int, name: str, channels: Sequence[ChannelSeen]) -> None:
        """Note that the bot is in the guild, and the channels and active threads it has."""
        rows = [row_of(guild_id, each) for each in sorted(channels, key=attrgetter("id"))]
        async with self._database.transaction() as tx:
            guild = await tx.guilds.see(guild_id, name[:100], self._clock.now())
            await tx.channels.see(rows)
        self._remember(guild)

    async def see_channel(self, guild_id: int, channel: ChannelSeen) -> None:
        """Note a channel or thread that was made, renamed or moved."""
        async with self._database.transaction() as tx:
            await tx.guilds.ensure(guild_id, self._clock.now())
            await tx.channels.see([row_of(guild_id, channel)])

    async def gone(self, guild_id: int, channels: Sequence[ChannelSeen]) -> Set[int]:
        """Return the guild's channels that have stored messages and aren't among `channels`."""
        there, written = {each.id for each in channels}, set[int]()
        async with self._database.reading() as tx:
            others = [each.id for each in await tx.channels.list_of(guild_id) if each.id not in there]
            for start in range(0, len(others), CHUNK):
                written |= await tx.signals.channels_at(others[start : start + CHUNK])
        return written - there  # an archived thread isn't told of, but its channel is

    async def left(self, guild_id: int) -> Sequence[int]:
        """Note that the bot is no longer in the guild; return the guild's channels and threads.

        Everything stays for a while (`RetentionService`), should it come back. Reading then begins anew.
        """
        now = self._clock.now()
        self._first_seen.pop(guild_id, None)
        async with self._database.transaction() as tx:
            await tx.guilds.change(guild_id, {"left_at": now})
            await tx.gaps.close_guild(guild_id, now, "the bot left the server")
            return await tx.channels.begin_anew(guild_id)

    def forget(self, guild_id: int) -> None:
        """Drop what is known of a server that was deleted."""
        self._policies.pop(guild_id, None)

    async def get(self, guild_id: int) -> Guild:
        """Return the guild's row.

        Raises:
            NotFoundError: the bot hasn't seen the guild yet.
        """
        guild = await self.find(guild_id)
        if guild is None:
            raise NotFoundError(text("config.unknown_server"))
        return guild

    async def find(self, guild_id: int) -> Guild | None:
        """Return the guild's row, None when the bot hasn't seen it yet."""
        async with self._database.reading() as tx:
            return await tx.guilds.get(guild_id)

    async def channels(self, guild_id: int) -> Sequence[Channel]:
        """Return the guild's channels and threads as far as they were seen."""
        async with self._database.reading() as tx:
            return await tx.channels.list_of(guild_id)

    async def with_threads(self, guild_id: int, channel_id: int) -> set[int]:
        """Return a channel and the threads of it that are known."""
        rows = await self.channels(guild_id)
        return {channel_id, *(each.id for each in rows if each.parent_id == channel_id)}

    async def set_watch(self, guild_id: int, channel: ChannelSeen, watch: Watch) -> None:
        """Track or ignore a channel, or follow the default again."""
        now = self._clock.now()
        await self._change_channel(guild_id, channel, {"watch": watch.value, "chosen_at": now})
        self.on_change()

    async def set_tip(self, guild_id: int, channel: ChannelSeen, tip: str | None) -> None:
        """Set the pointer that replies in a channel may show; None removes it.

        Raises:
            UserFacingError: it is longer than `MAX_TIP`.
        """
        if tip and len(tip) > MAX_TIP:
            raise UserFacingError(text("channels.tip_too_long", most=MAX_TIP, length=len(tip)))
        await self._change_channel(guild_id, channel, {"tip": tip or None})

    async def forget_channel(self, guild_id: int, channel_id: int) -> None:
        """Drop what was chosen for a channel that is gone."""
        async with self._changing:
            async with self._database.transaction() as tx:
                channel = await tx.channels.get(channel_id)
                if channel is None or channel.guild_id != guild_id:
                    return
                was = chosen_of(channel)
                await tx.channels.change(channel_id, {"watch": Watch.DEFAULT.value, "tip": None})
                await note(tx, guild_id, changes_of(channel_id, was, (None, None)), self._clock.now())
            self._watch.pop(channel_id, None)
            self._chosen.pop(channel_id, None)

    async def tip(self, channel_id: int) -> str | None:
        """Return the channel's pointer."""
        async with self._database.reading() as tx:
            channel = await tx.channels.get(channel_id)
        return channel.tip if channel else None

    async def set_admin_role(self, guild_id: int, role_id: int | None) -> None:
        """Set whose members count as having Manage Server; None for nobody else's.

        Raises:
            UserFacingError: everyone has the role.
        """
        if role_id == guild_id:
            raise UserFacingError(text("config.everyones_admin_role"))
        await self._change(guild_id, {"admin_role_id": role_id})

    async def set_auto_reply(self, guild_id: int, mode: AutoReply) -> None:
        """Switch answering on or off, or have staff asked first.

        Raises:
            UserFacingError: staff are to be asked, and there is no channel for that.
        """
        if mode is AutoReply.SUGGEST and self.policy(guild_id).suggest_channel_id is None:
            raise UserFacingError(text("suggest.no_channel"))
        await self._change(guild_id, {"auto_reply": mode.value})

    async def set_watch_default(self, guild_id: int, choice: WatchDefault) -> None:
        """Set what is watched of the channels for which nothing was chosen."""
        await self._change(guild_id, {"watch_default": choice.value})

    async def set_staff_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Set where escalations go; None switches them off.

        Raises:
            UserFacingError: staff are asked about replies there, and nowhere else.
        """
        await self._move_staff(guild_id, {"staff_channel_id": channel_id})

    async def set_suggest_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Set where staff are asked about replies; None for the staff channel.

        Raises:
            UserFacingError: staff are asked first, and there is no staff channel.
        """
        await self._move_staff(guild_id, {"suggest_channel_id": channel_id})

    async def lose_staff_channel(self, guild_id: int, column: str) -> None:
        """Note that such a channel was deleted; where staff can't be asked any more, replies are off."""
        off = (
            {"auto_reply": AutoReply.OFF.value} if await self._asks_nowhere(guild_id, {column: None}) else {}
        )
        await self._change(guild_id, {column: None, **off})

    async def _move_staff(self, guild_id: int, values: dict[str, int | None]) -> None:
        if await self._asks_nowhere(guild_id, values):
            raise UserFacingError(text("suggest.last_channel"))
        await self._change(guild_id, values)

    async def _asks_nowhere(self, guild_id: int, values: dict[str, int | None]) -> bool:
        """Whether staff are to be asked first, and would have no channel for it with these values."""
        row = await self.find(guild_id)
        if row is None or row.auto_reply != AutoReply.SUGGEST:
            return False
        columns = ("staff_channel_id", "suggest_channel_id")
        return all(values.get(each, getattr(row, each)) is None for each in columns)

    async def set_timezone(self, guild_id: int, zone: str) -> None:
        """Set the guild's time zone.

        Raises:
            UserFacingError: no such zone.
        """
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UserFacingError(text("config.unknown_zone", zone=repr(zone[:60]))) from None
        await self._change(guild_id, {"timezone": zone})

    async def set_quiet_hours(self, guild_id: int, hours: str | None) -> None:
        """Set quiet hours such as "22:00-07:00"; None for none.

        Raises:
            UserFacingError: written otherwise.
        """
        if hours:
            QuietHours.parse(hours)
        await self._change(guild_id, {"quiet_hours": hours.strip() if hours else "none"})

    async def reset_quiet_hours(self, guild_id: int) -> None:
        """Have the quiet hours of config/settings.yaml again."""
        await self._change(guild_id, {"quiet_hours": None})

    async def set_min_confidence(self, guild_id: int, value: float | None) -> None:
        """Set how sure the bot must be to answer (0 to 1); None for the default.

        Raises:
            UserFacingError: outside 0 to 1.
        """
        if value is not None and not 0 <= value <= 1:
            raise UserFacingError(text("config.wrong_confidence"))
        await self._change(guild_id, {"min_confidence": value})

    @property
    def default_confidence(self) -> float:
        """Return how sure the bot must be where a server says nothing about it."""
        return self._defaults.min_confidence

    async def set_fits(self, guild_id: int, fits: bool) -> None:
        """Let feedback move the confidence asked for, or no longer."""
        await self._change(guild_id, {"fits": None if fits else False})

    async def set_fitted(self, guild_id: int, value: float | None) -> None:
        """Note what feedback made of the confidence asked for, None for the default, and when."""
        await self._change(guild_id, {"fitted_confidence": value, "fitted_at": self._clock.now()})

    async def reset_fitted(self, guild_id: int) -> None:
        """Forget what feedback made of it; a day later it is fitted anew, unless that is switched off."""
        await self.set_fitted(guild_id, None)

    async def set_languages(self, guild_id: int, names: str | None) -> None:
        """Set which languages are answered beside English, as in "de, fr" or "all"; None for none.

        Raises:
            UserFacingError: it names a language I don't recognise.
        """
        await self._change(guild_id, {"languages": sorted(parse_languages(names or "")) or None})

    async def set_leak_warnings(self, guild_id: int, on: bool) -> None:
        """Have who posts a password or key told in private, or no longer."""
        await self._change(guild_id, {"warn_leaks": None if on else False})

    async def set_role_ignored(self, guild_id: int, role_id: int, ignored: bool) -> None:
        """Stop answering members with a role, or answer them again."""
        async with self._changing:
            roles = set(self.policy(guild_id).ignored_role_ids)
            roles = roles | {role_id} if ignored else roles - {role_id}
            await self._write(guild_id, {"ignored_role_ids": sorted(roles) or None})

    async def set_ignored_roles(self, guild_id: int, role_ids: Set[int]) -> None:
        """Set which roles' members aren't answered.

        Raises:
            UserFacingError: nobody would be answered.
        """
        if guild_id in role_ids:
            raise UserFacingError(text("config.everyones_ignored_role"))
        await self._change(guild_id, {"ignored_role_ids": sorted(role_ids) or None})

    async def _change(self, guild_id: int, values: dict[str, Any]) -> None:
        async with self._changing:
            await self._write(guild_id, values)

    async def _write(self, guild_id: int, values: dict[str, Any]) -> None:
        async with self._database.transaction() as tx:
            await tx.guilds.ensure(guild_id, self._clock.now())
            before = await tx.guilds.get(guild_id)
            assert before is not None  # ensured
            was = before.model_dump()
            await tx.guilds.change(guild_id, values)
            guild = await tx.guilds.get(guild_id)
            assert guild is not None  # still there
            await note_row(tx, GUILDS, guild_id, was, guild, self._clock.now())
        self._remember(guild)
        self.on_change()

    async def _change_channel(self, guild_id: int, channel: ChannelSeen, values: dict[str, Any]) -> None:
        row = row_of(guild_id, channel)
        async with self._changing:
            async with self._database.transaction() as tx:
                await tx.guilds.ensure(guild_id, self._clock.now())
                await tx.channels.see([row])
                before = await tx.channels.get(channel.id)
                assert before is not None  # just seen
                was = chosen_of(before)
                await tx.channels.change(channel.id, values)
                after = await tx.channels.get(channel.id)
                assert after is not None  # still there
                await note(tx, guild_id, changes_of(channel.id, was, chosen_of(after)), self._clock.now())
            self._remember_channel(after)

    def _remember_channel(self, channel: Channel) -> None:
        self._watch[channel.id] = Watch(channel.watch)
        if channel.chosen_at is not None:
            self._chosen[channel.id] = snowflake_at(channel.chosen_at)

    def _remember(self, guild: Guild) -> None:
        self._policies[guild.id] = policy_of(guild, self._defaults)
        self._roles.choose_admin(guild.id, guild.admin_role_id)
        if guild.left_at is None:
            self._first_seen[guild.id] = int(guild.first_seen_at.timestamp())
