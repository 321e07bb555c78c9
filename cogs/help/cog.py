"""`/help`, built from the commands themselves and filtered by what the caller can use."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.client import Bot
from bot.core.tree import Tree
from bot.core.ui import Pages, Shown
from bot.domain.errors import NotFoundError
from bot.texts import text
from cogs.help.embeds import detail_embed, pages_of
from cogs.help.listing import Entry, usable
from cogs.help.rules import CommandRules

MOST_CHOICES = 25  # Discord shows no more


class Help(commands.Cog):
    """What the caller can use here."""

    def __init__(self, bot: Bot) -> None:
        assert isinstance(bot.tree, Tree)  # made so
        self._tree = bot.tree
        self._rules = CommandRules(bot)

    @commands.Cog.listener()
    async def on_raw_app_command_permissions_update(
        self, event: discord.RawAppCommandPermissionsUpdateEvent
    ) -> None:
        """Note what a server's integration settings say now."""
        self._rules.heard(event)

    @commands.Cog.listener()
    async def on_connect(self) -> None:
        """Ask anew in a new session: changes may have been missed."""
        self._rules.forget()

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Forget what concerns a server that was left."""
        self._rules.forget(guild.id)

    @app_commands.command(name="help")
    @app_commands.describe(command="Say more about this one")
    async def show_help(self, interaction: discord.Interaction, command: str | None = None) -> None:
        """Show what you can do with me here."""
        await interaction.response.defer(ephemeral=True)
        if command is None:
            await Pages(self._page).begin(interaction)
            return
        wanted = command.strip().strip("/`").casefold()
        entries = await self._usable(interaction)
        found = [each for each in entries if each.name.casefold() == wanted]
        found = found or [each for each in entries if each.name.casefold().startswith(f"{wanted} ")]
        if not found:
            raise NotFoundError(text("help.unknown", name=wanted.replace("`", "")[:50]))
        await interaction.followup.send(embed=detail_embed(found), ephemeral=True)

    @show_help.autocomplete("command")
    async def _choices(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        wanted = current.strip("/ ").casefold()
        names = [each.name for each in await self._usable(interaction)]
        found = [name for name in names if wanted in name.casefold()]
        return [app_commands.Choice(name=name, value=name) for name in found[:MOST_CHOICES]]

    async def _page(self, interaction: discord.Interaction, number: int) -> Shown:
        """Return a page of what the caller can use now: a role may have come or gone meanwhile."""
        pages = pages_of(await self._usable(interaction), is_direct=interaction.guild_id is None)
        number = min(number, len(pages))
        return pages[number - 1], number < len(pages)

    async def _usable(self, interaction: discord.Interaction) -> list[Entry]:
        rules = await self._rules.of(interaction.guild_id) if interaction.guild_id is not None else {}
        return await usable(interaction, await self._tree.ids(), rules)
