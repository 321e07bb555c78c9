"""A cog that runs a service's worker for as long as it is loaded."""

from collections.abc import Awaitable, Callable

from discord.ext import commands

from bot.services.clock import SystemClock
from bot.services.tasks import Worker


class WorkerCog(commands.Cog):
    """Starts the worker when it is loaded; stopped, the worker leaves what is under way to the next start."""

    def __init__(self, bot: commands.Bot, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Prepare to run `work` once the bot is ready, under a name for the log."""
        self._bot_to_wait_for = bot
        self._work_of_worker = work
        self._worker = Worker(name, self._run_when_ready, SystemClock())

    async def cog_load(self) -> None:
        """Start working."""
        self._worker.start()

    async def cog_unload(self) -> None:
        """Stop working."""
        await self._worker.stop()

    async def _run_when_ready(self) -> None:
        await self._bot_to_wait_for.wait_until_ready()
        await self._work_of_worker()
