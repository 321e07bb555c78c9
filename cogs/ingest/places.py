"""Which channels are watched. Asked for every message, so the answers are remembered."""

from dataclasses import dataclass

import discord

from bot.models import Watch
from bot.services.guilds import GuildService

_PARENTS = (discord.TextChannel, discord.ForumChannel, discord.VoiceChannel, discord.StageChannel)
Place = discord.abc.GuildChannel | discord.Thread


@dataclass(frozen=True, slots=True)
class Spot:
    """What matters of a channel or thread when a message comes in."""

    guild_id: int
    place_id: int
    parent_id: int | None  # a thread's channel
    watched: bool
    place: Place | None  # None when it can't be looked up
    since: int = 0  # snowflake of the owner's last choice that counts there


class WatchedPlaces:
    """Knows whether a channel or thread is watched: as was chosen, else as the server does by default."""

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
        since = max(self._guilds.chosen(each) for each in _above(place))
        return Spot(place.guild.id, place.id, parent_id, self._decide(place), place, since)

    def keep(self, spot: Spot) -> None:
        """Remember a place that discord.py doesn't know, until something changes."""
        self._known[str(spot.place_id)] = spot

    def forget(self) -> None:
        """Forget every answer, because a channel, a role or a choice has changed."""
        self._known.clear()

    def _decide(self, place: Place) -> bool:
        choices = [self._guilds.watch(each) for each in _above(place)]
        if isinstance(place, discord.Thread) and place.is_private():
            return choices[0] is Watch.TRACK  # only its members read it: no choice above opens it
        for choice in choices:
            if choice is not Watch.DEFAULT:
                return choice is Watch.TRACK
        if not self._guilds.policy(place.guild.id).watches_public:
            return False
        parent = place.parent if isinstance(place, discord.Thread) else place
        if parent is None or not isinstance(parent, _PARENTS):
            return False
        everyone = parent.permissions_for(place.guild.default_role)
        if isinstance(parent, discord.VoiceChannel | discord.StageChannel) and not everyone.connect:
            return False  # whoever may not connect can't read its chat either
        return everyone.view_channel and everyone.read_message_history


def _above(place: Place) -> list[int]:
    """Return the ids whose choices count for `place`: its own, its channel's, its category's."""
    parent = place.parent if isinstance(place, discord.Thread) else place
    ids = (place.id, parent.id if parent else None, parent.category_id if parent else None)
    return [each for each in ids if each is not None]
