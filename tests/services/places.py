"""A guild's channels for the audience rule: one that all may read, one that only administrators may."""

from bot.domain.audience import (
    READ_MESSAGE_HISTORY,
    VIEW_CHANNEL,
    GuildRoles,
    Overwrite,
    Place,
    PlaceKind,
    Role,
)
from tests.services.support import CHANNEL, GUILD, OTHER_CHANNEL

OPEN, HIDDEN = CHANNEL, OTHER_CHANNEL
OWNER = 1


class Places:
    """What a Discord with these channels tells."""

    def place(self, channel_id: int) -> Place | None:
        if channel_id == OPEN:
            return Place(OPEN, GUILD, PlaceKind.TEXT)
        if channel_id == HIDDEN:
            return Place(HIDDEN, GUILD, PlaceKind.TEXT, overwrites={GUILD: Overwrite(deny=VIEW_CHANNEL)})
        return None

    def roles(self, guild_id: int) -> GuildRoles | None:
        everyone = Role(VIEW_CHANNEL | READ_MESSAGE_HISTORY)
        return GuildRoles(GUILD, OWNER, {GUILD: everyone}) if guild_id == GUILD else None
