"""Listens to everything that happens to messages, and owns the worker that stores them."""

from typing import Any

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
        self._caught_up: set[int] = set()  # places, in this session
        self._tasks = TaskSet()
        clock = SystemClock()
        self._workers = [
            Worker("ingest", services.ingest.run, clock),
            Worker("recovery", services.recovery.run, clock),
            Worker("retention", services.retention.run, clock),
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
        self._bot.on_every_message = self._hear

    async def cog_unload(self) -> None:
        """Stop listening, then stop storing."""
        self._bot.on_every_message = None
        await self._tasks.cancel()
        for worker in self._workers:
            await worker.stop()

    def _hear(self, payload: Payload) -> None:
        """Take a new message. Called for every one, so it must be quick and must not wait."""
        self._take(payload, Change.CREATE)

    def _take(self, payload: Payload, change: Change) -> None:
        if not self._client.wants(payload):
            return
        guild_id = payload.get("guild_id")
        if guild_id is None:
            if self._bot.direct_messages:
                self._ingest.offer(self._client.arrival(payload, None, None, change=change))
            return
        spot = self._places.spot(guild_id, payload["channel_id"])
        if spot is None:
            self._tasks.spawn(self._take_in_unknown(payload, change), f"look up {payload['channel_id']}")
        elif spot.watched:
            self._offer(payload, spot, change)

    def _offer(self, payload: Payload, spot: Spot, change: Change) -> None:
        if spot.place_id not in self._caught_up:
            self._catch_up(spot)
        muted = self._muted(payload, spot.guild_id)
        self._ingest.offer(
            self._client.arrival(payload, spot.guild_id, spot.parent_id, change=change, muted=muted)
        )

    async def _take_in_unknown(self, payload: Payload, change: Change) -> None:
        """Take a message in a thread that Discord hasn't told of, such as one that was archived."""
        guild = self._bot.get_guild(int(payload["guild_id"]))
        try:
            place = await guild.fetch_channel(int(payload["channel_id"])) if guild is not None else None
        except (discord.HTTPException, discord.InvalidData) as error:
            logger.warning("Message {} is in a channel I can't look up: {}", payload["id"], error)
            return
        spot = self._places.spot_of(place) if place is not None else None
        if spot is not None and spot.watched:
            self._offer(payload, spot, change)

    def _new_session(self) -> None:
        self._caught_up.clear()
        self._places.forget()

    def _catch_up(self, spot: Spot) -> None:
        """Note what was missed in a place since the last session, before anything new is taken there."""
        self._caught_up.add(spot.place_id)
        first_seen = self._guilds.first_seen(spot.guild_id)
        made = snowflake_time(spot.place_id).timestamp()
        start = spot.place_id - 1 if first_seen is not None and made > first_seen else None
        last_message_id = getattr(spot.place, "last_message_id", None)
        self._recovery.catch_up(spot.guild_id, spot.place_id, last_message_id, start)

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
        place = self._bot.get_channel(channel_id)
        thread = place if isinstance(place, discord.Thread) else None
        parent_id = thread.parent_id if thread else channel_id
        self._ingest.offer(
            Arrival(Change.DELETE, guild_id, parent_id, thread.id if thread else None, message_id)
        )

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Catch up after every connection that could not be resumed."""
        self._recovery.read_from(DiscordHistory(self._bot, self._client))
        readable = (guild.text_channels, guild.voice_channels, guild.stage_channels, guild.threads)
        places: list[Any] = [place for kind in readable for place in kind]
        for place in places:
            spot = self._places.spot_of(place)
            if spot.watched and spot.place_id not in self._caught_up:
                self._catch_up(spot)
        self._tasks.spawn(self._note(guild), f"note guild {guild.id}")

    async def _note(self, guild: discord.Guild) -> None:
        channels = [ChannelSeen(each.id, each.category_id, each.name) for each in guild.channels]
        threads = [ChannelSeen(each.id, each.parent_id, each.name) for each in guild.threads]
        await self._guilds.see(guild.id, guild.name, channels + threads)
        logger.bind(guild_id=guild.id).info("In {} with {} channels", guild.name, len(channels))

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Begin with a new server."""
        await self.on_guild_available(guild)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that a server is left; one that is only unavailable doesn't come here."""
        await self._guilds.left(guild.id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Erase what was said in a deleted channel."""
        self._ingest.offer(Arrival(Change.CLEAR, channel.guild.id, channel.id, None, 0))

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Erase what was said in a deleted thread."""
        self._ingest.offer(Arrival(Change.CLEAR, payload.guild_id, payload.parent_id, payload.thread_id, 0))
