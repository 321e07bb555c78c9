"""Who may do what: the one place that commands, buttons, modals and menus ask."""

from collections.abc import Callable
from typing import TypeVar

import discord
from discord import app_commands

from bot.domain.errors import UserFacingError

T = TypeVar("T")


def is_manager(interaction: discord.Interaction) -> bool:
    """Whether the caller may change the bot's settings here: Manage Server, in a server."""
    if interaction.guild_id is None:
        return False
    return interaction.permissions.manage_guild or interaction.permissions.administrator


def is_staff(member: discord.Member) -> bool:
    """Whether a member may change the bot's settings in their server, told from their roles."""
    return member.guild_permissions.manage_guild  # administrators and the owner have every permission


def require_manager(interaction: discord.Interaction) -> None:
    """Check `is_manager`.

    Raises:
        UserFacingError: the caller may not.
    """
    if not is_manager(interaction):
        raise UserFacingError("You need the permission **Manage Server** for this.")


def managers_only() -> Callable[[T], T]:
    """Decorate a command that only `is_manager` callers may use, whatever integration settings say."""

    def predicate(interaction: discord.Interaction) -> bool:
        try:
            require_manager(interaction)
        except UserFacingError as error:  # discord.py hands on nothing else to the error handler
            raise app_commands.CheckFailure(str(error)) from error
        return True

    return app_commands.check(predicate)
