"""`/errors` and `/explain_error`: for whoever runs the bot all of them, for managers their server's."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import is_bot_owner, managers_or_bot_owner_only, require_manager_or_bot_owner
from bot.core.client import Bot
from bot.core.ui import Pages, Shown
from cogs.errors.embeds import explanation_embed, list_embed


class Errors(commands.Cog):
    """What went wrong on the bot's side."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._errors = bot.services.errors

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Begin to tell whoever runs the bot."""
        self._errors.start_telling()

    @app_commands.command()
    @app_commands.default_permissions(manage_guild=True)
    @managers_or_bot_owner_only()
    async def errors(self, interaction: discord.Interaction) -> None:
        """List what went wrong on my side."""
        await interaction.response.defer(ephemeral=True)
        await Pages(self._page).begin(interaction)

    @app_commands.command()
    @app_commands.describe(reference="The reference you were told, such as 3fa2b81c07")
    @app_commands.default_permissions(manage_guild=True)
    @managers_or_bot_owner_only()
    async def explain_error(
        self, interaction: discord.Interaction, reference: app_commands.Range[str, 1, 40]
    ) -> None:
        """Explain an error of mine in plain words."""
        await interaction.response.defer(ephemeral=True)
        is_owner = await is_bot_owner(interaction)
        fault = await self._errors.of(reference, await self._guild_of(interaction))
        explanation = await self._errors.explain(fault)
        await interaction.followup.send(embed=explanation_embed(fault, explanation, has_trace=is_owner))

    async def _page(self, interaction: discord.Interaction, number: int) -> Shown:
        await require_manager_or_bot_owner(interaction)
        guild_id = await self._guild_of(interaction)
        page = await self._errors.page(guild_id, number)
        return list_embed(page, has_servers=guild_id is None), page.has_more

    @staticmethod
    async def _guild_of(interaction: discord.Interaction) -> int | None:
        """Return whose errors the caller may see; None: everybody's."""
        if await is_bot_owner(interaction):
            return None
        assert interaction.guild_id is not None  # a manager
        return interaction.guild_id
