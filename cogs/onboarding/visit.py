"""Who sets which server up, and from where: in it, or in the direct messages of who was greeted."""

from dataclasses import dataclass
from typing import Any

import discord
from discord.utils import escape_markdown

from bot.core.checks import require_manager, require_manager_of

PREFIX = "setup/"


@dataclass(frozen=True, slots=True)
class Visit:
    """A press of somebody who may set the server up.

    Attributes:
        place: the channel in which the wizard is open; None in direct messages, where Discord offers no
            channel or role of a server.
    """

    client: discord.Client
    guild: discord.Guild
    user_id: int
    locale: str
    place: Any

    @property
    def is_direct(self) -> bool:
        """Whether the wizard is open in direct messages."""
        return self.place is None

    @property
    def prefix(self) -> str:
        """How the ids of the wizard's buttons and selects begin here."""
        return prefix_of(self.guild.id if self.is_direct else None)

    @property
    def roles(self) -> list[discord.Role]:
        """The server's roles that people are given, the highest first."""
        plain = [each for each in self.guild.roles if not each.managed and not each.is_default()]
        return plain[::-1]

    def role(self, role_id: int) -> str:
        """Return a role as it is shown: in direct messages a mention has no name."""
        if not self.is_direct:
            return f"<@&{role_id}>"
        role = self.guild.get_role(role_id)
        return f"@{escape_markdown(role.name)}" if role is not None else "?"


def prefix_of(guild_id: int | None) -> str:
    """Return how ids begin: in direct messages with the server that they are about."""
    return PREFIX if guild_id is None else f"{PREFIX}{guild_id}/"


async def visit_of(interaction: discord.Interaction[Any], guild_id: int | None = None) -> Visit:
    """Return the visit that an interaction is, in a server, or in direct messages about `guild_id`.

    Raises:
        UserFacingError: the caller may not set the server up, or it can't be looked into now.
    """
    if guild_id is not None:
        guild, place = await require_manager_of(interaction, guild_id), None
    else:
        require_manager(interaction)
        assert interaction.guild is not None  # a manager is in a server
        guild, place = interaction.guild, interaction.channel
    return Visit(interaction.client, guild, interaction.user.id, str(interaction.locale), place)
