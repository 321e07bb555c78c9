"""Listens to everything that happens to messages, and owns the worker that stores them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
from discord.ext import commands
from loguru import logger

from bot.core.client import Bot
from bot.domain.arrival import Arrival, Change
from bot.domain.snowflake import snowflake_time
from bot.services.clock import SystemClock
from bot.services.guilds import ChannelSeen
from bot.services.tasks import TaskSet, Worker
from cogs.ingest.client import DiscordIngestClient, Payload
from cogs.ingest.history import DiscordHistory
from cogs.ingest.places import Spot, WatchedPlaces


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message in a place that is being looked up."""

    message_id: int
    then: Callable[[Spot], None]  # called when the place is watched


class Ingest(commands.Cog):
    """Gateway events in, arrivals out."""

    def __init__(self, bot: Bot) -> None:
        services = bot.services
        self._bot = bot
        self._guilds = services.guilds
        self._ingest = services.ingest
        self._recovery = services.recovery
        self._places = WatchedPlaces(bot, services.guilds)
        self._client = DiscordIngestClient(bot.application_id or 0)
        self._caught_up: dict[int, int] = {}  # places, in this session, and their guilds
        self._unknown: dict[int, list[_Waiting]] = {}  # by place that is being looked up
        self._tasks = TaskSet()
        self._workers = [
            Worker("ingest", services.ingest.run, SystemClock()),
            Worker("recovery", services.recovery.run, SystemClock()),
            Worker("retention", services.retention.run, SystemClock()),
        ]

    async def cog_load(self) -> None:
        """Start listening and storing."""
        assert self._bot.user is not None  # logged in before extensions load
        self._client = DiscordIngestClient(self._bot.user.id)
        self._guilds.on_change = self._places.forget
        for worker in self._workers:
            worker.start()
        self._bot.on_new_session = self._new_session
        self._bot.on_places_changed = self._places.forget
        self._bot.on_guild_lost = self._lose
        self._bot.services.retention.on_members_gone = self._ingest.forget_members
        self._bot.on_every_message = self._take

    async def cog_unload(self) -> None:
        """Stop listening, then stop storing."""
        self._bot.on_every_message = None
        await self._tasks.cancel()
        for worker in self._workers:
            await worker.stop()

    async def before_reload(self) -> None:
        """Return once all that was taken is stored; what is read of gaps is read again."""
        for worker in self._workers[1:]:
            await worker.stop()
        while len(self._tasks):
            await self._tasks.wait_for_one()
        await self._ingest.flushed()

    def _take(self, payload: Payload, change: Change = Change.CREATE) -> None:
        """Take a message. Called for every one, so it must be quick and must not wait."""
        if not self._client.wants(payload):
            return
        guild_id = payload.get("guild_id")
        if guild_id is None:
            if self._bot.direct_messages:
                self._ingest.offer(self._client.arrival(payload, None, None, change=change))
            return
        spot = self._places.spot(guild_id, payload["channel_id"])
        if spot is None:
            self._look_up(payload, lambda found: self._offer(payload, found, change))
        elif spot.watched:
            self._offer(payload, spot, change)

    def _offer(self, payload: Payload, spot: Spot, change: Change) -> None:
        if spot.place_id not in self._caught_up:
            self._catch_up(spot)
        muted = self._muted(payload, spot.guild_id)
        self._ingest.offer(
            self._client.arrival(payload, spot.guild_id, spot.parent_id, change=change, muted=muted)
        )

    def _look_up(self, payload: Payload, then: Callable[[Spot], None]) -> None:
        """Do something about a message once its place is known to be watched.

        Discord tells of active threads only; the others are asked for, each once.
        """
        place_id = int(payload["channel_id"])
        waiting = self._unknown.get(place_id)
        if waiting is None:
            waiting = self._unknown[place_id] = []
            looking = self._look_up_place(int(payload["guild_id"]), place_id)
            self._tasks.spawn(looking, f"look up {place_id}")
        waiting.append(_Waiting(int(payload["id"]), then))

    async def _look_up_place(self, guild_id: int, place_id: int) -> None:
        guild, problem = self._bot.get_guild(guild_id), ""
        spot = Spot(guild_id, place_id, None, watched=False, place=None)
        try:
            if guild is not None:
                spot = self._places.spot_of(await guild.fetch_channel(place_id))
        except (discord.NotFound, discord.Forbidden, discord.InvalidData) as error:
            logger.warning("I can't look up channel {}, so it is left out: {}", place_id, error)
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = str(error) or type(error).__name__
        waiting = self._unknown.pop(place_id)
        if problem:
            logger.warning("I can't look up channel {} now; it is read later: {}", place_id, problem)
            ids = [each.message_id for each in waiting]
            self._recovery.note_gap(guild_id, place_id, min(ids) - 1, max(ids), "not looked up")
            return
        self._places.keep(spot)
        for each in waiting if spot.watched else ():
            each.then(spot)

    def _new_session(self) -> None:
        self._caught_up.clear()
        self._places.forget()

    def _lose(self, guild_id: int) -> None:
        """Note that a guild is out of reach: what is said until it is back must be read then."""
        self._caught_up = {place: guild for place, guild in self._caught_up.items() if guild != guild_id}
        self._places.forget()

    def _catch_up(self, spot: Spot) -> None:
        """Note what was missed in a place since the last session, before anything new is taken there."""
        self._caught_up[spot.place_id] = spot.guild_id
        first_seen = self._guilds.first_seen(spot.guild_id)
        made = snowflake_time(spot.place_id).timestamp()
        start = spot.place_id - 1 if first_seen is not None and made > first_seen else None
        last_message_id = getattr(spot.place, "last_message_id", None)
        self._recovery.catch_up(spot.guild_id, spot.place_id, last_message_id, start, spot.since)

    def _muted(self, payload: Payload, guild_id: int) -> bool:
        ignored = self._guilds.policy(guild_id).ignored_role_ids
        return bool(ignored) and any(int(role_id) in ignored for role_id in payload["member"]["roles"])

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Take an edit; Discord also sends these when it unfurls a link, which changes nothing of ours."""
        edited: Payload = payload.data
        if edited.get("edited_timestamp") is not None:
            self._take(edited, Change.EDIT)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Take a deletion."""
        self._erase(payload.guild_id, payload.channel_id, payload.message_id)

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Take a bulk deletion."""
        for message_id in sorted(payload.message_ids):
            self._erase(payload.guild_id, payload.channel_id, message_id)

    def _erase(self, guild_id: int | None, channel_id: int, message_id: int) -> None:
        if guild_id is None:
            if self._bot.direct_messages:
                self._ingest.offer(Arrival(Change.DELETE, None, channel_id, None, message_id))
            return
        if channel_id in self._unknown:  # the message itself may be waiting there
            payload = {"id": message_id, "guild_id": guild_id, "channel_id": channel_id}
            self._look_up(payload, lambda _: self._erase(guild_id, channel_id, message_id))
            return
        spot = self._places.spot(str(guild_id), str(channel_id))
        if (spot is not None and spot.watched) or channel_id in self._ingest.cursors:  # is or was read
            parent_id = spot.parent_id if spot is not None else None
            thread_id = channel_id if parent_id is not None else None
            self._ingest.offer(
                Arrival(Change.DELETE, guild_id, parent_id or channel_id, thread_id, message_id)
            )

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Catch up after every connection that could not be resumed."""
        for reader in (self._recovery, self._bot.services.summoning):
            reader.read_from(DiscordHistory(self._bot, self._client, self._places))
        readable: Any = (guild.text_channels, guild.voice_channels, guild.stage_channels, guild.threads)
        for place in (each for kind in readable for each in kind):
            spot = self._places.spot_of(place)
            if spot.watched and spot.place_id not in self._caught_up:
                self._catch_up(spot)
        self._tasks.spawn(self._note(guild), f"note guild {guild.id}")

    async def _note(self, guild: discord.Guild) -> None:
        channels = [ChannelSeen(each.id, each.category_id, each.name) for each in guild.channels]
        threads = [ChannelSeen(each.id, each.parent_id, each.name) for each in guild.threads]
        await self._guilds.see(guild.id, guild.name, channels + threads)
        await self._ingest.flushed()  # what was heard there may not be stored yet
        gone = await self._guilds.gone(guild.id, channels + threads)
        if self._bot.get_guild(guild.id) is not guild:
            return  # a newer session knows better
        for channel_id in gone:
            made_just_now = guild.get_channel(channel_id) is not None or channel_id in self._caught_up
            if not made_just_now:
                logger.info("Channel {} was deleted unheard; erasing what was said there", channel_id)
                self._ingest.offer(Arrival(Change.CLEAR, guild.id, channel_id, None, 0))
        logger.bind(guild_id=guild.id).info("In {} with {} channels", guild.name, len(channels))

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Begin with a new server."""
        await self.on_guild_available(guild)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that a server is left; one that is only unavailable doesn't come here."""
        await self._leave(guild.id)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Note the servers that were left while the bot was off."""
        there = {guild.id for guild in self._bot.guilds}  # those that are unavailable included
        for guild_id in self._guilds.present() - there:
            await self._leave(guild_id)

    async def _leave(self, guild_id: int) -> None:
        self._lose(guild_id)
        self._ingest.forget_guild(guild_id, await self._guilds.left(guild_id))
        logger.bind(guild_id=guild_id).info("No longer in server {}", guild_id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Erase what was said in a deleted channel."""
        self._ingest.offer(Arrival(Change.CLEAR, channel.guild.id, channel.id, None, 0))

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Erase what was said in a deleted thread."""
        self._ingest.offer(Arrival(Change.CLEAR, payload.guild_id, payload.parent_id, payload.thread_id, 0))
