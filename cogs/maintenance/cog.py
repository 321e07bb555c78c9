"""`/maintenance`: what becomes of what people ask while the bot is worked on, and its presence meanwhile."""

import discord
from discord import app_commands
from discord.ext import commands
from loguru import logger

from bot.core.checks import bot_owner_only
from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from bot.domain.maintenance import Maintenance, Mode
from bot.services.maintenance import MAX_TEXT
from bot.services.tasks import TaskSet
from bot.texts import text


class MaintenanceCog(WorkerCog, name="Maintenance"):
    """Begins and ends maintenance."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._maintenance = bot.services.maintenance
        self._tasks = TaskSet()
        super().__init__(bot, "kept summaries", bot.services.summaries.kept.run)

    async def cog_load(self) -> None:
        """Follow changes."""
        self._maintenance.on_change.append(self._changed)
        await super().cog_load()

    async def cog_unload(self) -> None:
        """Follow them no more."""
        self._maintenance.on_change.remove(self._changed)
        await super().cog_unload()
        await self._tasks.cancel()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Show what holds, also after a restart; Discord forgets it with each session."""
        await self._show(self._maintenance.now)

    @app_commands.command()
    @app_commands.describe(
        mode="soft: keep what is asked, answer it in the end; hard: refuse it",
        words="What people are told beside, such as how long it takes",
    )
    @app_commands.rename(words="text")
    @app_commands.default_permissions(manage_guild=True)
    @bot_owner_only()
    async def maintenance(
        self,
        interaction: discord.Interaction,
        mode: Mode,
        words: app_commands.Range[str, 1, MAX_TEXT] | None = None,
    ) -> None:
        """Stop answering for a while: keep or refuse what is asked of me."""
        await interaction.response.defer(ephemeral=True)
        await self._maintenance.set(mode, words or "")
        await interaction.followup.send(text(f"maintenance.set_{mode.value}"), ephemeral=True)

    def _changed(self, now: Maintenance) -> None:
        if self._bot.is_ready():
            self._tasks.spawn(self._show(now), "presence")

    async def _show(self, now: Maintenance) -> None:
        activity, status = None, discord.Status.online
        if now.mode is not Mode.OFF:
            soft = now.mode is Mode.SOFT
            shown = text("maintenance.presence_soft") if soft else text("maintenance.presence_hard")
            activity, status = discord.CustomActivity(shown), discord.Status.dnd
        try:
            await self._bot.change_presence(activity=activity, status=status)
        except (ConnectionError, discord.DiscordException) as error:
            logger.warning("The presence can't be changed now: {}", type(error).__name__)
