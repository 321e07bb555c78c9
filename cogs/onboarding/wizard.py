"""`/setup`: a few pages of selects in one answer that only its admin sees; each choice is stored at once."""

from typing import Any, Literal
from weakref import WeakSet

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only, require_manager
from bot.core.client import Services
from bot.core.errors import tell
from bot.services.tools import NotPermittedError, ToolError
from bot.texts import text
from cogs.onboarding.choices import Page, choices_of
from cogs.onboarding.pages import ORDER, PREFIX, Shown, build
from cogs.onboarding.ready import build_ready
from cogs.onboarding.storing import Storing
from cogs.tickets.setup import FORUM_NAME, SetupView
from cogs.tickets.setup_embed import setup_embed


class Setup(commands.Cog):
    """Shows the pages and hears what is chosen on them, also on those of before a restart."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._storing = Storing(services)
        self._views = WeakSet[SetupView]()

    async def cog_unload(self) -> None:
        """Stop waiting for choices about tickets."""
        for view in list(self._views):
            view.stop()

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(step="Go straight there; empty: from the beginning")
    @managers_only()
    async def setup(
        self,
        interaction: discord.Interaction,
        step: Literal["watch", "replies", "summaries", "tickets"] | None = None,
    ) -> None:
        """Set me up: what I watch, staff, answers, the daily summary, tickets."""
        page = Page(step or Page.WATCH)
        if page is Page.TICKETS:
            await self._tickets(interaction)
        else:
            await self._begin(interaction, page)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Hear the wizard's buttons and selects."""
        data: Any = interaction.data or {}
        if interaction.type is not discord.InteractionType.component:
            return
        if not data["custom_id"].startswith(PREFIX):
            return
        try:
            require_manager(interaction)
            await self._act(interaction, data["custom_id"].removeprefix(PREFIX).split("/"), data)
        except Exception as error:  # noqa: BLE001  (discord.py would only log it)
            await tell(interaction, error)

    async def _act(self, interaction: discord.Interaction[Any], words: list[str], data: Any) -> None:
        match words:
            case ["begin"]:
                await self._begin(interaction, Page.WATCH)
            case ["tickets"]:
                await self._tickets(interaction)
            case ["close"]:
                await interaction.response.edit_message(
                    content=text("onboarding.done.closed"), embed=None, view=None
                )
            case ["go", start, to]:
                await interaction.response.defer()
                if ORDER.index(Page(to)) > ORDER.index(Page(start)):
                    await self._storing.keep(interaction, Page(start))
                await self._show(interaction, Page(to))
            case ["set", page, name]:
                await interaction.response.defer()
                await self._storing.set(interaction, Page(page), name, data.get("values", []))
                await self._show(interaction, Page(page))
            case ["forum"]:
                await interaction.response.defer()
                await self._forum(interaction)

    async def _begin(self, interaction: discord.Interaction[Any], page: Page) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        embed, view = await self._page(interaction, page)
        await interaction.followup.send(embed=embed, view=view, ephemeral=True)

    async def _show(self, interaction: discord.Interaction[Any], page: Page, problem: str = "") -> None:
        embed, view = await self._page(interaction, page)
        if problem:
            embed.description = f"{embed.description}\n{problem}"
        await interaction.edit_original_response(embed=embed, view=view)

    async def _page(self, interaction: discord.Interaction[Any], page: Page) -> Shown:
        guild = interaction.guild
        assert guild is not None  # guild only
        choices = await choices_of(self._services, interaction)
        if page is not Page.DONE:
            return build(page, choices, guild)
        return build_ready(choices, guild, await self._services.summaries.settings.next_run(guild.id))

    async def _forum(self, interaction: discord.Interaction[Any]) -> None:
        guild = interaction.guild
        assert guild is not None  # guild only
        problem = ""
        if (
            self._services.tickets.settings.of(guild.id).parent_id is None
        ):  # another admin may have been quicker
            try:
                await self._services.tickets.create_forum(guild.id, FORUM_NAME)
            except ToolError as error:
                reason = error.missing if isinstance(error, NotPermittedError) else str(error)
                problem = text("onboarding.tickets.cannot", reason=reason)
        await self._show(interaction, Page.TICKETS, problem)

    async def _tickets(self, interaction: discord.Interaction[Any]) -> None:
        guild = interaction.guild
        assert guild is not None  # guild only
        tickets = self._services.tickets
        await interaction.response.send_message(
            embed=setup_embed(tickets.settings, guild),
            view=SetupView(tickets, guild, self._views),
            ephemeral=True,
        )
