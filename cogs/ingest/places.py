"""Which channels are watched. Asked for every message, so the answers are remembered."""

from dataclasses import dataclass

import discord

from bot.models import Watch
from bot.services.guilds import GuildService

# A private thread is never watched by default: only its members can read it.
_PARENTS = (discord.TextChannel, discord.ForumChannel, discord.VoiceChannel, discord.StageChannel)
Place = discord.abc.GuildChannel | discord.Thread


@dataclass(frozen=True, slots=True)
class Spot:
    """What matters of a channel or thread when a message comes in."""

    guild_id: int
    place_id: int
    parent_id: int | None  # a thread's channel
    watched: bool
    place: Place


class WatchedPlaces:
    """Knows whether a channel or thread is watched: as the owner chose, else when @everyone can read it."""

    def __init__(self, client: discord.Client, guilds: GuildService) -> None:
        self._client = client
        self._guilds = guilds
        self._known: dict[str, Spot] = {}

    def spot(self, guild_id: str, channel_id: str) -> Spot | None:
        """Return the place with these ids, None when discord.py hasn't heard of it."""
        known = self._known.get(channel_id)
        if known is None:
            guild = self._client.get_guild(int(guild_id))
            place = guild.get_channel_or_thread(int(channel_id)) if guild is not None else None
            if place is None:
                return None
            known = self._known[channel_id] = self.spot_of(place)
        return known

    def spot_of(self, place: Place) -> Spot:
        """Return what matters of `place`."""
        parent_id = place.parent_id if isinstance(place, discord.Thread) else None
        return Spot(place.guild.id, place.id, parent_id, self._decide(place), place)

    def forget(self) -> None:
        """Forget every answer, because a channel, a role or a choice has changed."""
        self._known.clear()

    def _decide(self, place: Place) -> bool:
        parent = place.parent if isinstance(place, discord.Thread) else place
        category_id = parent.category_id if parent is not None else None
        for each in (place.id, parent.id if parent else None, category_id):
            choice = self._guilds.watch(each) if each is not None else Watch.DEFAULT
            if choice is not Watch.DEFAULT:
                return choice is Watch.TRACK
        if parent is None or not isinstance(parent, _PARENTS):
            return False
        if isinstance(place, discord.Thread) and place.is_private():
            return False
        everyone = parent.permissions_for(place.guild.default_role)
        return everyone.view_channel and everyone.read_message_history
