"""`/setup`: a few pages of selects in one answer that only its admin sees; each choice is stored at once.

In direct messages they are about the server that their ids name; who may is asked at each press.
"""

import asyncio
from typing import Any, Literal
from weakref import WeakSet, WeakValueDictionary

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.core.client import Services
from bot.core.errors import tell
from bot.services.tools import NotPermittedError, ToolError
from bot.texts import text
from cogs.onboarding.choices import Page, choices_of
from cogs.onboarding.page_view import ORDER
from cogs.onboarding.pages import Shown, build
from cogs.onboarding.ready import build_ready
from cogs.onboarding.storing import Storing
from cogs.onboarding.visit import PREFIX, Visit, visit_of
from cogs.tickets.setup import FORUM_NAME, SetupView
from cogs.tickets.setup_embed import setup_embed


class Setup(commands.Cog):
    """Shows the pages and hears what is chosen on them, also on those of before a restart."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._storing = Storing(services)
        self._views = WeakSet[SetupView]()
        self._turns = WeakValueDictionary[int, asyncio.Lock]()  # by message: one press after the other

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
        visit = await visit_of(interaction)
        if page is Page.TICKETS:
            await self._tickets(interaction, visit.guild)
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._begin(interaction, visit, page)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Hear the wizard's buttons and selects."""
        data: Any = interaction.data or {}
        if interaction.type is not discord.InteractionType.component:
            return
        if not data["custom_id"].startswith(PREFIX):
            return
        words = data["custom_id"].removeprefix(PREFIX).split("/")
        guild_id = int(words.pop(0)) if words[0].isdecimal() else None
        try:
            await self._hear(interaction, guild_id, words, data.get("values", []))
        except Exception as error:  # noqa: BLE001  (discord.py would only log it)
            await tell(interaction, error)

    async def _hear(
        self, interaction: discord.Interaction[Any], guild_id: int | None, words: list[str], values: list[str]
    ) -> None:
        """Check who pressed, and do what they pressed; what takes a request of ours is deferred first."""
        visit = None if guild_id is not None else await visit_of(interaction)
        if words == ["tickets"] and visit is not None:
            await self._tickets(interaction, visit.guild)
            return
        if words == ["begin"]:
            await interaction.response.defer(ephemeral=guild_id is None, thinking=True)
        else:
            await interaction.response.defer()
        assert interaction.message is not None  # a component is one of a message
        async with self._turns.setdefault(interaction.message.id, asyncio.Lock()):
            await self._act(interaction, visit or await visit_of(interaction, guild_id), words, values)

    async def _act(
        self, interaction: discord.Interaction[Any], visit: Visit, words: list[str], values: list[str]
    ) -> None:
        match words:
            case ["begin"]:
                await self._begin(interaction, visit, Page.WATCH)
            case ["close"]:
                await interaction.edit_original_response(content=_closed(visit), embed=None, view=None)
            case ["go", start, to]:
                if ORDER.index(Page(to)) > ORDER.index(Page(start)):
                    await self._storing.keep(visit, Page(start))
                await self._show(interaction, visit, Page(to))
            case ["set", page, name]:
                await self._storing.set(visit, Page(page), name, values)
                await self._show(interaction, visit, Page(page))
            case ["forum"]:
                await self._forum(interaction, visit)

    async def _begin(self, interaction: discord.Interaction[Any], visit: Visit, page: Page) -> None:
        """Answer a deferred interaction with a page, below the welcome where nobody has read it yet."""
        embed, view = await self._page(visit, page)
        said = discord.utils.MISSING
        if await self._services.onboarding.catch_up(visit.guild.id):
            said = text("onboarding.welcome_late", name=visit.guild.me.display_name)
        await interaction.followup.send(said, embed=embed, view=view, ephemeral=not visit.is_direct)

    async def _show(
        self, interaction: discord.Interaction[Any], visit: Visit, page: Page, problem: str = ""
    ) -> None:
        embed, view = await self._page(visit, page)
        if problem:
            embed.description = f"{embed.description}\n{problem}"
        await interaction.edit_original_response(embed=embed, view=view)

    async def _page(self, visit: Visit, page: Page) -> Shown:
        choices = await choices_of(self._services, visit)
        if page is not Page.DONE:
            return build(page, choices, visit)
        next_run = await self._services.summaries.settings.next_run(visit.guild.id)
        return build_ready(choices, visit, next_run)

    async def _forum(self, interaction: discord.Interaction[Any], visit: Visit) -> None:
        tickets, guild_id, problem = self._services.tickets, visit.guild.id, ""
        if tickets.settings.of(guild_id).parent_id is None:  # another admin may have been quicker
            try:
                await tickets.create_forum(guild_id, FORUM_NAME)
            except ToolError as error:
                reason = error.missing if isinstance(error, NotPermittedError) else str(error)
                problem = text("onboarding.tickets.cannot", reason=reason)
        await self._show(interaction, visit, Page.TICKETS, problem)

    async def _tickets(self, interaction: discord.Interaction[Any], guild: discord.Guild) -> None:
        tickets = self._services.tickets
        await interaction.response.send_message(
            embed=setup_embed(tickets.settings, guild),
            view=SetupView(tickets, guild, self._views),
            ephemeral=True,
        )


def _closed(visit: Visit) -> str:
    return text("onboarding.done.closed_direct") if visit.is_direct else text("onboarding.done.closed")
