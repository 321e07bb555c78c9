"""Who may do what: the one place that commands, buttons, modals and menus ask."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any, Final, TypeVar

import aiohttp
import discord
from discord import app_commands

from bot.domain.errors import UserFacingError
from bot.plugin_api.parts import Level
from bot.services.support_roles import SupportRoles
from bot.texts import text

T = TypeVar("T")
AnyCommand = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu
LOOKED_UP_SECONDS: Final = 10.0
_COOLDOWN = "_create_cooldown_decorator."  # how the names of discord.py's own cooldowns begin


def require_guild(interaction: discord.Interaction[Any]) -> int:
    """Return the id of the server the caller is in.

    Raises:
        UserFacingError: they are in direct messages.
    """
    if interaction.guild_id is None:
        raise UserFacingError(text("checks.servers_only"))
    return interaction.guild_id


def require_place(interaction: discord.Interaction[Any], command: AnyCommand) -> None:
    """Check that a command is one for where the caller is: Discord alone can't be relied on for that.

    Raises:
        UserFacingError: it is for servers, and they are in direct messages.
    """
    root = command.root_parent or command if isinstance(command, app_commands.Command) else command
    if root.guild_only:
        require_guild(interaction)


def may_manage_server(interaction: discord.Interaction[Any]) -> bool:
    """Whether Discord itself lets the caller manage this server."""
    if interaction.guild_id is None:
        return False
    return interaction.permissions.manage_guild or interaction.permissions.administrator


def is_manager(interaction: discord.Interaction[Any]) -> bool:
    """Whether the caller may change the bot's settings here: Manage Server, or the server's admin role.

    Only roles of the server that the interaction comes from count, and @everyone is no admin role.
    """
    return may_manage_server(interaction) or _has_role(interaction, SupportRoles.admin_role_id)


def is_staff(roles: SupportRoles, member: discord.Member) -> bool:
    """Whether a member may change the bot's settings in their server, told from their roles."""
    role_id = roles.admin_role_id(member.guild.id)
    is_admin = role_id is not None and member.get_role(role_id) is not None
    return is_admin or member.guild_permissions.manage_guild  # administrators have every permission


def _has_role(
    interaction: discord.Interaction[Any], which: Callable[[SupportRoles, int], int | None]
) -> bool:
    if interaction.guild_id is None or not isinstance(interaction.user, discord.Member):
        return False
    role_id = which(interaction.client.services.support_roles, interaction.guild_id)
    return role_id is not None and interaction.user.get_role(role_id) is not None


async def require_manager_of(interaction: discord.Interaction[Any], guild_id: int) -> discord.Guild:
    """Return a server in which the caller may do what `is_manager` says, asked in direct messages.

    Raises:
        UserFacingError: they may not, aren't in it, ask elsewhere, or it can't be looked into now.
    """
    if interaction.guild_id is not None:  # what is answered is seen there
        raise UserFacingError(text("checks.here"))
    guild: discord.Guild | None = interaction.client.get_guild(guild_id)
    if guild is None or guild.unavailable:
        raise UserFacingError(text("checks.server_away"))
    try:
        async with asyncio.timeout(LOOKED_UP_SECONDS):
            member = await guild.fetch_member(interaction.user.id)
    except (discord.Forbidden, discord.NotFound):
        raise UserFacingError(text("checks.manager")) from None
    except (TimeoutError, discord.HTTPException, aiohttp.ClientError):
        raise UserFacingError(text("checks.server_away")) from None
    if not is_staff(interaction.client.services.support_roles, member):
        raise UserFacingError(text("checks.manager"))
    return guild


def require_manage_server(interaction: discord.Interaction[Any]) -> None:
    """Check `may_manage_server`: who is an admin is for those to say whom Discord made one.

    Raises:
        UserFacingError: the caller may not.
    """
    if not may_manage_server(interaction):
        raise UserFacingError(text("checks.manage_server"))


def require_manager(interaction: discord.Interaction[Any]) -> None:
    """Check `is_manager`.

    Raises:
        UserFacingError: the caller may not.
    """
    if not is_manager(interaction):
        raise UserFacingError(text("checks.manager"))


def is_support(interaction: discord.Interaction[Any]) -> bool:
    """Whether the caller may work on tickets and training here: the server's staff role, or a manager.

    Only roles of the server that the interaction comes from count, and @everyone is no staff role.
    """
    return is_manager(interaction) or _has_role(interaction, SupportRoles.staff_role_id)


def is_support_member(
    roles: SupportRoles, guild: discord.Guild, user_id: int, role_ids: Collection[int]
) -> bool:
    """Whether somebody who wrote a message is support staff: as `is_support`, told from what it came with."""
    known = (roles.staff_role_id(guild.id), roles.admin_role_id(guild.id))
    if user_id == guild.owner_id or any(role_id in role_ids for role_id in known):
        return True
    held = (guild.get_role(role_id) for role_id in (guild.id, *role_ids))
    return any(
        role.permissions.manage_guild or role.permissions.administrator for role in held if role is not None
    )


def require_asker(interaction: discord.Interaction[Any]) -> None:
    """Check that who presses something in an answer is who asked for it: Discord shows it to nobody else.

    Raises:
        UserFacingError: it was shown to somebody else.
    """
    asked = interaction.message.interaction_metadata if interaction.message is not None else None
    if asked is not None and asked.user.id != interaction.user.id:
        raise UserFacingError(text("checks.asker"))


def require_support_or(interaction: discord.Interaction[Any], user_id: int) -> None:
    """Check that the caller is a certain user or `is_support`.

    Raises:
        UserFacingError: the caller is neither.
    """
    if interaction.user.id != user_id and not is_support(interaction):
        raise UserFacingError(text("checks.support_or_own"))


def require_own(interaction: discord.Interaction[Any], user_id: int, refusal: str = "") -> None:
    """Check that the caller is a certain user, in a server or in direct messages.

    Raises:
        UserFacingError: the caller is somebody else; with the text `refusal`, where one is given.
    """
    if interaction.user.id != user_id:
        raise UserFacingError(refusal or text("checks.own"))


def require_support(interaction: discord.Interaction[Any]) -> None:
    """Check `is_support`.

    Raises:
        UserFacingError: the caller may not.
    """
    if not is_support(interaction):
        raise UserFacingError(text("checks.support"))


async def require_bot_owner(interaction: discord.Interaction[Any]) -> None:
    """Check that the caller runs the bot: owns its application, or belongs to the team that does.

    Raises:
        UserFacingError: the caller doesn't.
        discord.HTTPException: Discord doesn't tell who does.
    """
    if not await is_bot_owner(interaction):
        raise UserFacingError(text("checks.bot_owner"))


async def is_bot_owner(interaction: discord.Interaction[Any]) -> bool:
    """Whether the caller runs the bot: owns its application, or belongs to the team that does.

    Raises:
        discord.HTTPException: Discord doesn't tell who does.
    """
    return bool(await interaction.client.is_owner(interaction.user))


async def require_manager_or_bot_owner(interaction: discord.Interaction[Any]) -> None:
    """Check that the caller `is_manager`, or runs the bot.

    Raises:
        UserFacingError: the caller is neither.
        discord.HTTPException: Discord doesn't tell who runs the bot.
    """
    if not is_manager(interaction) and not await is_bot_owner(interaction):
        raise UserFacingError(text("checks.manager"))


async def may_use(
    interaction: discord.Interaction[Any], command: AnyCommand, allowed: bool | None = None
) -> bool:
    """Whether the caller of an interaction could use another command here, asked without side effects.

    `allowed` is what the server's integration settings say of it, None when nothing. The checks are the
    command's own.
    """
    root = command.root_parent or command if isinstance(command, app_commands.Command) else command
    if interaction.guild_id is None:
        if root.guild_only:
            return False
    elif allowed is False or (
        allowed is None
        and root.default_permissions is not None
        and not (interaction.permissions.administrator or interaction.permissions >= root.default_permissions)
    ):
        return False
    return await passes(interaction, command)


async def passes(interaction: discord.Interaction[Any], command: AnyCommand) -> bool:
    """Whether a command's own checks let the caller use it, whatever Discord shows them.

    Cooldowns are left out, because asking them counts as a use.
    """
    checks = [each for each in command.checks if not each.__qualname__.startswith(_COOLDOWN)]
    if isinstance(command, app_commands.Command):
        outer = (getattr(each, "interaction_check", None) for each in (command.parent, command.binding))
        checks = [each for each in outer if each is not None] + checks
    try:
        for check in checks:
            if not await discord.utils.maybe_coroutine(check, interaction):
                return False
    except (app_commands.AppCommandError, UserFacingError):
        return False
    return True


def support_only() -> Callable[[T], T]:
    """Decorate a command or context menu that only `is_support` callers may use."""
    return _only(require_support)


def managers_only() -> Callable[[T], T]:
    """Decorate a command that only `is_manager` callers may use, whatever integration settings say."""
    return _only(require_manager)


def bot_owner_only() -> Callable[[T], T]:
    """Decorate a command that only whoever runs the bot may use."""
    return _only(require_bot_owner)


def managers_or_bot_owner_only() -> Callable[[T], T]:
    """Decorate a command that `is_manager` callers may use, and whoever runs the bot."""
    return _only(require_manager_or_bot_owner)


def level_only(level: Level) -> Callable[[T], T]:
    """Decorate a plugin's command or context menu that only callers of a level may use."""
    return _only(partial(require_level, level=level))


def _only(require: Callable[[discord.Interaction[Any]], Awaitable[None] | None]) -> Callable[[T], T]:
    async def predicate(interaction: discord.Interaction[Any]) -> bool:
        try:
            waiting = require(interaction)
            if waiting is not None:
                await waiting
        except UserFacingError as error:  # discord.py hands on nothing else to the error handler
            raise app_commands.CheckFailure(str(error)) from error
        return True

    return app_commands.check(predicate)


def level_of(interaction: discord.Interaction[Any]) -> Level:
    """Return what the caller may do here, as plugins are told; who runs the bot is not looked up."""
    if is_manager(interaction):
        return Level.MANAGER
    return Level.SUPPORT if is_support(interaction) else Level.EVERYONE


async def require_level(interaction: discord.Interaction[Any], level: Level) -> None:
    """Check that the caller may use what a plugin gives to a level.

    Raises:
        UserFacingError: they may not.
        discord.HTTPException: Discord doesn't tell who runs the bot.
    """
    if level is Level.BOT_OWNER:
        await require_bot_owner(interaction)
    elif level is Level.MANAGER:
        require_manager(interaction)
    elif level is Level.SUPPORT:
        require_support(interaction)
