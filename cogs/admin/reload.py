"""`/sync` and `/reload`: for whoever runs the bot."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import bot_owner_only
from bot.core.client import COGS, Bot
from bot.core.reloading import changed_since
from bot.domain.errors import UserFacingError
from bot.texts import text
from cogs.admin.sync import CommandSync

MOST_CHOICES = 25  # Discord shows no more
NAMED = 5  # files


class Reload(commands.Cog):
    """Exchanges parts of the bot while it runs, and tells Discord of its commands."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @app_commands.command()
    @app_commands.default_permissions(manage_guild=True)
    @bot_owner_only()
    async def sync(self, interaction: discord.Interaction) -> None:
        """For whoever runs the bot: register my commands with Discord anew."""
        await interaction.response.defer(ephemeral=True)
        try:
            count = await self._syncing().sync()
        except discord.DiscordException as error:
            raise UserFacingError(text("maintenance.sync_failed", why=str(error)[:500])) from error
        await interaction.followup.send(text("maintenance.synced", count=count), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(part="A part such as cogs.status")
    @app_commands.default_permissions(manage_guild=True)
    @bot_owner_only()
    async def reload(self, interaction: discord.Interaction, part: str) -> None:
        """For whoever runs the bot: load a part of me anew from its files."""
        if part not in COGS:
            raise UserFacingError(text("maintenance.reload_unknown", name=part.replace("`", "")[:60]))
        await interaction.response.defer(ephemeral=True)
        await self._bot.reloading.reload(part)
        told = f"{text('maintenance.reloaded', name=part)} {self._rest()}"
        if await self._syncing().has_changed():
            told = f"{told} {text('maintenance.sync_needed')}"
        await interaction.followup.send(told, ephemeral=True)

    def _rest(self) -> str:
        """Return what a reload leaves as it was: the services' files that have changed since the start."""
        changed = changed_since(self._bot.started)
        if not changed:
            return text("maintenance.reload_scope")
        more = f", +{len(changed) - NAMED}" if len(changed) > NAMED else ""
        files = ", ".join(f"`{each}`" for each in changed[:NAMED])
        return text("maintenance.reload_rest", files=files + more)

    @reload.autocomplete("part")
    async def _parts(self, _: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = [name for name in COGS if current.casefold() in name]
        return [app_commands.Choice(name=name, value=name) for name in found[:MOST_CHOICES]]

    def _syncing(self) -> CommandSync:
        """Return the cog as it is loaded now: this one may be of before a reload."""
        # Its class may be another one of the same name.
        return self._bot.get_cog(CommandSync.__name__)  # type: ignore[return-value]
