"""`/plugins`: what a server switches on and how, and for whoever runs the bot what is loaded."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import bot_owner_only, managers_only
from bot.domain.errors import NotFoundError, UserFacingError
from bot.services.plugins.service import PluginInfo, PluginService
from bot.texts import text
from cogs.plugins.embeds import info_embed, list_embed, settings_embed, shown
from cogs.plugins.rights import lacking_words
from cogs.plugins.tree import GuildCommands

MAX_CHOICES = 25


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class PluginAdmin(commands.GroupCog, group_name="plugins", group_description="Plugins of this server"):
    """The commands about plugins."""

    def __init__(self, service: PluginService, guild_commands: GuildCommands) -> None:
        self._service = service
        self._commands = guild_commands

    @app_commands.command(name="list")
    @managers_only()
    async def list_(self, interaction: discord.Interaction) -> None:
        """Show all plugins, what they do, and which are on here."""
        found = self._service.overview(interaction.guild_id)
        if not found:
            raise UserFacingError(text("plugins.none", folder=self._service.folder))
        await interaction.response.send_message(embed=list_embed(found), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(plugin="Which plugin")
    @managers_only()
    async def info(self, interaction: discord.Interaction, plugin: str) -> None:
        """Show what a plugin may do, what it keeps, and how it is."""
        info = self._service.info(plugin, interaction.guild_id)
        lacking = lacking_words(info.manifest, interaction.guild, interaction.application_id)
        await interaction.response.send_message(embed=info_embed(info, lacking), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(plugin="Which plugin")
    @managers_only()
    async def enable(self, interaction: discord.Interaction, plugin: str) -> None:
        """Switch a plugin on in this server."""
        guild_id = interaction.guild_id or 0
        self._service.info(plugin, guild_id)
        await interaction.response.defer(ephemeral=True, thinking=True)
        info = await self._service.switch(plugin, guild_id, on=True)
        named = ", ".join(map(shown, info.commands))
        if not await self._commands.update(guild_id):
            told = text("plugins.switched_on_late", name=_name(info))
        elif named:
            told = text("plugins.switched_on_commands", name=_name(info), commands=named)
        else:
            told = text("plugins.switched_on", name=_name(info))
        lacking = lacking_words(info.manifest, interaction.guild, interaction.application_id)
        await interaction.followup.send(f"{told}\n{lacking}".strip(), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(plugin="Which plugin")
    @managers_only()
    async def disable(self, interaction: discord.Interaction, plugin: str) -> None:
        """Switch a plugin off in this server."""
        guild_id = interaction.guild_id or 0
        self._service.info(plugin, guild_id)
        await interaction.response.defer(ephemeral=True, thinking=True)
        info = await self._service.switch(plugin, guild_id, on=False)
        await self._commands.update(guild_id)
        await interaction.followup.send(text("plugins.switched_off", name=_name(info)), ephemeral=True)

    @app_commands.command()
    @managers_only()
    @app_commands.describe(
        plugin="Which plugin",
        key="Which setting; leave it out to see all",
        value='The new value; "default" resets it',
    )
    async def config(
        self,
        interaction: discord.Interaction,
        plugin: str,
        key: str | None = None,
        value: str | None = None,
    ) -> None:
        """Show or change a plugin's settings in this server."""
        guild_id = interaction.guild_id or 0
        model = self._service.config_model(plugin)
        if key is None or value is None:
            settings = self._service.servers.settings(plugin, guild_id, model)
            info = self._service.info(plugin, guild_id)
            wanted = [each for each in settings if key in {None, each.key}] or settings
            await interaction.response.send_message(embed=settings_embed(info, wanted), ephemeral=True)
        elif value.strip().lower() == "default":
            done = await self._service.servers.reset(plugin, guild_id, model, key)
            told = text("plugins.reset", key=done.key, value=done.value)
            await interaction.response.send_message(told, ephemeral=True)
        else:
            done = await self._service.servers.configure(plugin, guild_id, model, key, value)
            told = text("plugins.set", key=done.key, value=done.value)
            await interaction.response.send_message(told, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(plugin="Which plugin")
    @bot_owner_only()
    async def reload(self, interaction: discord.Interaction, plugin: str) -> None:
        """For whoever runs the bot: load a plugin anew from its folder."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        self._service.registry.find_new()
        info = await self._service.reload(plugin)
        if info.state == "runs":
            told = text("plugins.reloaded", name=_name(info))
        else:
            told = text("plugins.not_reloaded", plugin=plugin, why=info.why or info.state)
        await interaction.followup.send(told, ephemeral=True)

    @app_commands.command()
    @bot_owner_only()
    @app_commands.describe(plugin="Which plugin", on="Whether it may run at all")
    async def switch(self, interaction: discord.Interaction, plugin: str, on: bool) -> None:
        """For whoever runs the bot: switch a plugin off in all servers, or on again."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._service.switch_off(plugin, off=not on)
        is_on = text("plugins.on_everywhere", plugin=plugin)
        told = is_on if on else text("plugins.off_everywhere", plugin=plugin)
        await interaction.followup.send(told, ephemeral=True)

    @info.autocomplete("plugin")
    @enable.autocomplete("plugin")
    @disable.autocomplete("plugin")
    @config.autocomplete("plugin")
    @reload.autocomplete("plugin")
    @switch.autocomplete("plugin")
    async def _plugins(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        typed = current.lower()
        found = [
            app_commands.Choice(name=f"{_name(each)} ({each.id})"[:100], value=each.id)
            for each in self._service.overview(interaction.guild_id)
            if typed in each.id or typed in _name(each).lower()
        ]
        return found[:MAX_CHOICES]

    @config.autocomplete("key")
    async def _keys(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        try:
            model = self._service.config_model(str(interaction.namespace.plugin or ""))
        except (NotFoundError, UserFacingError):
            return []
        keys = [each for each in model.model_fields if current.lower() in each.lower()]
        return [app_commands.Choice(name=each, value=each) for each in keys[:MAX_CHOICES]]

    @config.autocomplete("value")
    async def _values(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        plugin, key = str(interaction.namespace.plugin or ""), str(interaction.namespace.key or "")
        try:
            settings = self._service.servers.settings(
                plugin, interaction.guild_id or 0, self._service.config_model(plugin)
            )
        except (NotFoundError, UserFacingError):
            return []
        offered = [choice for each in settings if each.key == key for choice in (*each.choices, "default")]
        found = [each for each in offered if current.lower() in each.lower()]
        return [app_commands.Choice(name=each[:100], value=each[:100]) for each in found[:MAX_CHOICES]]


def _name(info: PluginInfo) -> str:
    return info.manifest.name if info.manifest else info.id
