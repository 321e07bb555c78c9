"""The slash commands and menus of plugins, made from what they registered; a server has those of its own.

They are registered with Discord for each server alone: a command that is not switched on in a server isn't
shown there, a change is seen at once, and the few global places for menus stay the bot's.
"""

import asyncio
import hashlib
import inspect
import json
from collections.abc import Sequence
from typing import Any, Literal, Optional

import discord
from discord import app_commands
from loguru import logger

from bot.core.checks import level_only
from bot.core.client import Bot
from bot.plugin_api.parts import CommandSpec, Kind, Level, Option, Target
from bot.services.plugins.service import PluginService
from bot.tools.plugins import seen
from cogs.plugins.calls import call_of
from cogs.plugins.forms import settle

Made = app_commands.Command[Any, Any, Any] | app_commands.Group | app_commands.ContextMenu
_TYPES: dict[Kind, Any] = {
    Kind.TEXT: str,
    Kind.NUMBER: int,
    Kind.DECIMAL: float,
    Kind.YES_NO: bool,
    Kind.MEMBER: discord.Member | discord.User,
    Kind.CHANNEL: app_commands.AppCommandChannel | app_commands.AppCommandThread,
    Kind.ROLE: discord.Role,
}


class GuildCommands:
    """Keeps the tree's commands of each server as plugins have them, and tells Discord of changes."""

    def __init__(self, bot: Bot, service: PluginService) -> None:
        self._bot = bot
        self._service = service
        self._sync = bot.services.command_sync
        self._turn = asyncio.Lock()

    async def update(self, guild_id: int) -> bool:
        """Make a server's commands what they should be; return whether Discord has them.

        A failure is logged; it is tried again at the next change and at the next start.
        """
        async with self._turn:
            return await self._update(guild_id)

    async def _update(self, guild_id: int) -> bool:
        application_id = self._bot.application_id
        guild = discord.Object(guild_id)
        self._rebuild(guild)
        made = self._bot.tree.get_commands(guild=guild)
        shown = [command.to_dict(self._bot.tree) for command in made]
        fingerprint = ""
        if shown:
            fingerprint = hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()
        if application_id is None or await self._sync.is_registered(application_id, fingerprint, guild_id):
            return application_id is not None
        try:
            await self._bot.tree.sync(guild=guild)
        except discord.HTTPException as error:
            logger.bind(guild_id=guild_id).warning("Could not register commands of plugins: {}", error)
            return False
        await self._sync.registered(application_id, fingerprint, guild_id)
        return True

    def _rebuild(self, guild: discord.Object) -> None:
        tree = self._bot.tree
        tree.clear_commands(guild=guild)
        own = {command.name for command in tree.get_commands()}
        groups: dict[str, app_commands.Group] = {}
        for plugin, spec in self._service.commands_in(guild.id):
            if spec.name.partition(" ")[0] in own:
                logger.warning("Plugin {}: {!r} is left out: the bot has a command so", plugin, spec.name)
                continue
            try:
                command = _make(self._service, plugin, spec, groups)
                if command is not None:
                    tree.add_command(command, guild=guild)
            except (ValueError, TypeError, app_commands.AppCommandError) as error:
                logger.bind(guild_id=guild.id).warning(
                    "Plugin {}: its command {!r} is left out: {}", plugin, spec.name, error
                )


def _make(
    service: PluginService, plugin: str, spec: CommandSpec, groups: dict[str, app_commands.Group]
) -> Made | None:
    """Return a new command; None when it has gone into a group that is in the tree already."""
    if spec.target is not Target.SLASH:
        return _menu(service, plugin, spec)
    command = _slash(service, plugin, spec)
    group_name, _, inner = spec.name.partition(" ")
    if not inner:
        return command
    known = groups.get(group_name)
    group = known or app_commands.Group(name=group_name, description=f"Commands of {plugin}", guild_only=True)
    groups[group_name] = group
    group.add_command(command)
    return None if known else group


def _slash(service: PluginService, plugin: str, spec: CommandSpec) -> app_commands.Command[Any, Any, Any]:
    names = {each.name.replace("-", "_"): each.name for each in spec.options}

    async def callback(interaction: discord.Interaction[Any], **options: Any) -> None:
        plain = {names[name]: _plain(value) for name, value in options.items()}
        call = call_of(interaction, plugin, service.cleaning(plugin), options=plain)
        await service.command(plugin, Target.SLASH, spec.name, call)
        await settle(interaction)

    wanted = [_parameter(each) for each in sorted(spec.options, key=lambda each: not each.required)]
    first = inspect.Parameter(
        "interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction
    )
    callback.__signature__ = inspect.Signature([first, *wanted])  # type: ignore[attr-defined]
    app_commands.describe(**{each.name.replace("-", "_"): each.description[:100] for each in spec.options})(
        callback
    )
    renamed = {python: shown for python, shown in names.items() if python != shown}
    if renamed:
        app_commands.rename(**renamed)(callback)
    made: Any = callback
    command: app_commands.Command[Any, Any, Any] = app_commands.Command(
        name=spec.name.rpartition(" ")[2], description=spec.description[:100] or "…", callback=made
    )
    command.guild_only = True
    level_only(spec.level)(command)
    if spec.level >= Level.MANAGER and " " not in spec.name:
        command.default_permissions = discord.Permissions(manage_guild=True)
    for each in spec.options:
        if each.suggest is not None:
            command.autocomplete(each.name)(_suggesting(service, plugin, spec.name, each.name))
    return command


def _menu(service: PluginService, plugin: str, spec: CommandSpec) -> app_commands.ContextMenu:
    async def on_message(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        about = seen(message, interaction.guild_id or 0)
        call = call_of(interaction, plugin, service.cleaning(plugin), message=about)
        await service.command(plugin, Target.MESSAGE, spec.name, call)
        await settle(interaction)

    async def on_member(interaction: discord.Interaction[Any], member: discord.Member) -> None:
        call = call_of(interaction, plugin, service.cleaning(plugin), member_id=member.id)
        await service.command(plugin, Target.MEMBER, spec.name, call)
        await settle(interaction)

    callback: Any = on_message if spec.target is Target.MESSAGE else on_member
    menu = app_commands.ContextMenu(name=spec.name, callback=callback)
    menu.guild_only = True
    level_only(spec.level)(menu)
    if spec.level >= Level.MANAGER:
        menu.default_permissions = discord.Permissions(manage_guild=True)
    return menu


def _parameter(option: Option) -> inspect.Parameter:
    kind: Any = _TYPES[option.kind]
    if option.choices:
        kind = Literal[option.choices]
    elif option.least is not None or option.most is not None:
        kind = app_commands.Range[kind, option.least, option.most]
    default = inspect.Parameter.empty if option.required else None
    if not option.required:
        kind = Optional[kind]  # noqa: UP045  (made at run time)
    return inspect.Parameter(
        option.name.replace("-", "_"), inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
    )


def _plain(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return int(value.id)


def _suggesting(service: PluginService, plugin: str, command: str, option: str) -> Any:
    async def suggest(
        interaction: discord.Interaction[Any], current: str
    ) -> Sequence[app_commands.Choice[str]]:
        if interaction.guild_id is None:
            return []
        found = await service.suggest(
            plugin, command, option, interaction.guild_id, interaction.user.id, current
        )
        return [app_commands.Choice(name=each, value=each) for each in found]

    return suggest
