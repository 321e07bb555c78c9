"""Alerts: problems that several members report, told to staff; questions left alone, told to helpers."""

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from cogs.incidents.buttons import ResolveButton
from cogs.incidents.setup import AlertSetup


class IncidentWatcher(WorkerCog):
    """The life of the worker that looks for them."""

    def __init__(self, bot: Bot) -> None:
        self._services = bot.services
        super().__init__(bot, "alerts", bot.services.summaries.alerts.run)

    async def cog_load(self) -> None:
        """Start to look."""
        alerts = self._services.summaries.alerts
        self._services.retention.on_guild_gone["alerts"] = alerts.settings.forget
        await super().cog_load()

    async def cog_unload(self) -> None:
        """Stop; what is under way is taken up at the next start."""
        self._services.retention.on_guild_gone.pop("alerts", None)
        await super().cog_unload()


async def setup(bot: Bot) -> None:
    """Add the cogs, and hear buttons that were posted before a restart (called by discord.py)."""
    bot.add_dynamic_items(ResolveButton)
    await bot.add_cog(IncidentWatcher(bot))
    await bot.add_cog(AlertSetup(bot.services.summaries, bot.services.guilds))
