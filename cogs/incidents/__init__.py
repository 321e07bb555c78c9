"""Alerts: problems that several members report, told to staff; questions left alone, told to helpers."""

from discord.ext import commands

from bot.core.client import Bot
from bot.services.clock import SystemClock
from bot.services.tasks import Worker
from cogs.incidents.buttons import ResolveButton
from cogs.incidents.setup import AlertSetup


class IncidentWatcher(commands.Cog):
    """The life of the worker that looks for them."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._worker = Worker("alerts", self._run, SystemClock())

    async def cog_load(self) -> None:
        """Start to look."""
        retention = self._bot.services.retention
        before = retention.on_guild_gone

        def forget(guild_id: int) -> None:
            before(guild_id)
            self._bot.services.summaries.alerts.settings.forget(guild_id)

        retention.on_guild_gone = forget
        self._worker.start()

    async def cog_unload(self) -> None:
        """Stop; what is under way is taken up at the next start."""
        await self._worker.stop()

    async def _run(self) -> None:
        await self._bot.wait_until_ready()
        await self._bot.services.summaries.alerts.run()


async def setup(bot: Bot) -> None:
    """Add the cogs, and hear buttons that were posted before a restart (called by discord.py)."""
    bot.add_dynamic_items(ResolveButton)
    await bot.add_cog(IncidentWatcher(bot))
    await bot.add_cog(AlertSetup(bot.services.summaries, bot.services.guilds))
