"""Servers: what the owner chose for them, kept at hand so that the road needn't ask the database."""

import asyncio
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.db.database import Database
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.languages import parse_languages
from bot.domain.policy import GuildPolicy
from bot.domain.quiet_hours import QuietHours
from bot.domain.snowflake import snowflake_at
from bot.models import AutoReply, Channel, Guild, Watch
from bot.services.clock import Clock
from bot.settings import OrchestratorSettings

MAX_TIP = 300  # characters
CHUNK = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel or thread as the platform tells of it."""

    id: int
    parent_id: int | None
    name: str


class GuildService:
    """Knows every guild's policy and every channel's choice; changes them for the owner."""

    def __init__(self, database: Database, clock: Clock, defaults: OrchestratorSettings) -> None:
        self._database = database
        self._clock = clock
        self._defaults = defaults
        self._default_policy = self._policy_of(None)
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
                    self._watch[channel.id] = Watch(channel.watch)
                    if channel.chosen_at is not None:
                        self._chosen[channel.id] = snowflake_at(channel.chosen_at)
                    if channel.cursor is not None and guild.left_at is None:
                        cursors[channel.id] = channel.cursor
        return cursors

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
        rows = [
            {"id": each.id, "guild_id": guild_id, "parent_id": each.parent_id, "name": each.name[:100]}
            for each in sorted(channels, key=attrgetter("id"))
        ]
        async with self._database.transaction() as tx:
            guild = await tx.guilds.see(guild_id, name[:100], self._clock.now())
            await tx.channels.see(rows)
        self._remember(guild)

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

    async def get(self, guild_id: int) -> Guild:
        """Return the guild's row.

        Raises:
            NotFoundError: the bot hasn't seen the guild yet.
        """
        async with self._database.reading() as tx:
            guild = await tx.guilds.get(guild_id)
        if guild is None:
            raise NotFoundError("I don't know this server yet. Try again in a moment.")
        return guild

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
        self._watch[channel.id] = watch
        self._chosen[channel.id] = snowflake_at(now)
        self.on_change()

    async def set_tip(self, guild_id: int, channel: ChannelSeen, tip: str | None) -> None:
        """Set the pointer that replies in a channel may show; None removes it.

        Raises:
            UserFacingError: it is longer than `MAX_TIP`.
        """
        if tip and len(tip) > MAX_TIP:
            raise UserFacingError(f"A tip has at most {MAX_TIP} characters; this one has {len(tip)}.")
        await self._change_channel(guild_id, channel, {"tip": tip or None})

    async def tip(self, channel_id: int) -> str | None:
        """Return the channel's pointer."""
        async with self._database.reading() as tx:
            channel = await tx.channels.get(channel_id)
        return channel.tip if channel else None

    async def set_auto_reply(self, guild_id: int, mode: AutoReply) -> None:
        """Switch answering on or off."""
        await self._change(guild_id, {"auto_reply": mode.value})

    async def set_staff_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Set where escalations go; None switches them off."""
        await self._change(guild_id, {"staff_channel_id": channel_id})

    async def set_timezone(self, guild_id: int, zone: str) -> None:
        """Set the guild's time zone.

        Raises:
            UserFacingError: no such zone.
        """
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UserFacingError(
                f"I know no time zone {zone[:60]!r}. Write it as `Europe/Berlin`."
            ) from None
        await self._change(guild_id, {"timezone": zone})

    async def set_quiet_hours(self, guild_id: int, text: str | None) -> None:
        """Set quiet hours such as "22:00-07:00"; None for none.

        Raises:
            UserFacingError: written otherwise.
        """
        if text:
            QuietHours.parse(text)
        await self._change(guild_id, {"quiet_hours": text.strip() if text else "none"})

    async def set_min_confidence(self, guild_id: int, value: float | None) -> None:
        """Set how sure the bot must be to answer (0 to 1); None for the default.

        Raises:
            UserFacingError: outside 0 to 1.
        """
        if value is not None and not 0 <= value <= 1:
            raise UserFacingError("Confidence is a number from 0 to 1, such as 0.6.")
        await self._change(guild_id, {"min_confidence": value})

    async def set_languages(self, guild_id: int, text: str | None) -> None:
        """Set which languages are answered beside English, as in "de, fr" or "all"; None for none.

        Raises:
            UserFacingError: it names a language I don't recognise.
        """
        await self._change(guild_id, {"languages": sorted(parse_languages(text or "")) or None})

    async def set_role_ignored(self, guild_id: int, role_id: int, ignored: bool) -> None:
        """Stop answering members with a role, or answer them again."""
        async with self._changing:
            roles = set(self.policy(guild_id).ignored_role_ids)
            roles = roles | {role_id} if ignored else roles - {role_id}
            await self._write(guild_id, {"ignored_role_ids": sorted(roles) or None})

    async def _change(self, guild_id: int, values: dict[str, Any]) -> None:
        async with self._changing:
            await self._write(guild_id, values)

    async def _write(self, guild_id: int, values: dict[str, Any]) -> None:
        async with self._database.transaction() as tx:
            await tx.guilds.ensure(guild_id, self._clock.now())
            await tx.guilds.change(guild_id, values)
            guild = await tx.guilds.get(guild_id)
        assert guild is not None  # ensured above
        self._remember(guild)
        self.on_change()

    async def _change_channel(self, guild_id: int, channel: ChannelSeen, values: dict[str, Any]) -> None:
        row = {"id": channel.id, "guild_id": guild_id, "parent_id": channel.parent_id, "name": channel.name}
        async with self._database.transaction() as tx:
            await tx.guilds.ensure(guild_id, self._clock.now())
            await tx.channels.see([row])
            await tx.channels.change(channel.id, values)

    def _remember(self, guild: Guild) -> None:
        self._policies[guild.id] = self._policy_of(guild)
        if guild.left_at is None:
            self._first_seen[guild.id] = int(guild.first_seen_at.timestamp())

    def _policy_of(self, guild: Guild | None) -> GuildPolicy:
        defaults = self._defaults
        quiet = (guild.quiet_hours if guild else None) or defaults.quiet_hours
        confidence = guild.min_confidence if guild else None
        return GuildPolicy(
            auto_reply=defaults.auto_reply and (guild is None or guild.auto_reply == AutoReply.ON),
            min_confidence=defaults.min_confidence if confidence is None else confidence,
            timezone=guild.timezone if guild else "UTC",
            quiet_hours=QuietHours.parse(quiet) if quiet and quiet != "none" else None,
            staff_channel_id=guild.staff_channel_id if guild else None,
            ignored_role_ids=frozenset((guild.ignored_role_ids if guild else None) or ()),
            languages=frozenset((guild.languages if guild else None) or ()),
        )
