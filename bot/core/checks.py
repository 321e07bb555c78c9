"""Who may do what: the one place that commands, buttons, modals and menus ask."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import discord
from discord import app_commands

from bot.domain.errors import UserFacingError
from bot.services.support_roles import SupportRoles

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


def is_support(interaction: discord.Interaction[Any]) -> bool:
    """Whether the caller may work on tickets and training here: the server's staff role, or Manage Server.

    Only roles of the server that the interaction comes from count, and @everyone is no staff role.
    """
    if is_manager(interaction):
        return True
    if interaction.guild_id is None or not isinstance(interaction.user, discord.Member):
        return False
    role_id = interaction.client.services.support_roles.staff_role_id(interaction.guild_id)
    return role_id is not None and interaction.user.get_role(role_id) is not None


def is_support_member(
    roles: SupportRoles, guild: discord.Guild, user_id: int, role_ids: Collection[int]
) -> bool:
    """Whether somebody who wrote a message is support staff: as `is_support`, told from what it came with."""
    if user_id == guild.owner_id or roles.staff_role_id(guild.id) in role_ids:
        return True
    held = (guild.get_role(role_id) for role_id in (guild.id, *role_ids))
    return any(
        role.permissions.manage_guild or role.permissions.administrator for role in held if role is not None
    )


def require_support_or(interaction: discord.Interaction[Any], user_id: int) -> None:
    """Check that the caller is a certain user or `is_support`.

    Raises:
        UserFacingError: the caller is neither.
    """
    if interaction.user.id != user_id and not is_support(interaction):
        raise UserFacingError("Only whose ticket it is and this server's support staff may do this.")


def require_own(interaction: discord.Interaction[Any], user_id: int) -> None:
    """Check that the caller is a certain user, in a server or in direct messages.

    Raises:
        UserFacingError: the caller is somebody else.
    """
    if interaction.user.id != user_id:
        raise UserFacingError("Only whose ticket it is may do this.")


def require_support(interaction: discord.Interaction[Any]) -> None:
    """Check `is_support`.

    Raises:
        UserFacingError: the caller may not.
    """
    if not is_support(interaction):
        raise UserFacingError("Only this server's support staff may do this.")


def support_only() -> Callable[[T], T]:
    """Decorate a command or context menu that only `is_support` callers may use."""
    return _only(require_support)


def managers_only() -> Callable[[T], T]:
    """Decorate a command that only `is_manager` callers may use, whatever integration settings say."""
    return _only(require_manager)


def _only(require: Callable[[discord.Interaction[Any]], None]) -> Callable[[T], T]:
    def predicate(interaction: discord.Interaction[Any]) -> bool:
        try:
            require(interaction)
        except UserFacingError as error:  # discord.py hands on nothing else to the error handler
            raise app_commands.CheckFailure(str(error)) from error
        return True

    return app_commands.check(predicate)
