"""The life of the orchestrator's worker."""

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog


class Orchestrator(WorkerCog):
    """Runs the orchestrator service; what is unfinished at the end stays in the database."""

    def __init__(self, bot: Bot) -> None:
        super().__init__(bot, "orchestrator", bot.services.orchestrator.run, at_once=True)


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Orchestrator(bot))
