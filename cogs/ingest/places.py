"""Which channels are watched. Asked for every message, so the answers are remembered."""

import discord

from bot.models import Watch
from bot.services.guilds import GuildService

# A private thread is never watched by default: only its members can read it.
_PARENTS = (discord.TextChannel, discord.ForumChannel, discord.VoiceChannel, discord.StageChannel)
Place = discord.abc.GuildChannel | discord.Thread


class WatchedPlaces:
    """Knows whether a channel or thread is watched: as the owner chose, else when @everyone can read it."""

    def __init__(self, guilds: GuildService) -> None:
        self._guilds = guilds
        self._known: dict[int, bool] = {}

    def is_watched(self, place: Place) -> bool:
        """Return whether messages there are observed."""
        known = self._known.get(place.id)
        if known is None:
            known = self._known[place.id] = self._decide(place)
        return known

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
