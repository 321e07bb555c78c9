"""A cog that runs a service's worker for as long as it is loaded."""

from collections.abc import Awaitable, Callable

from discord.ext import commands

from bot.services.clock import SystemClock
from bot.services.tasks import Worker


class WorkerCog(commands.Cog):
    """Starts the worker when it is loaded; stopped, the worker leaves what is under way to the next start."""

    def __init__(
        self, bot: commands.Bot, name: str, work: Callable[[], Awaitable[None]], *, at_once: bool = False
    ) -> None:
        """Prepare to run `work`, under a name for the log.

        Args:
            bot: whose cog it is.
            name: for the log.
            work: runs until cancelled.
            at_once: whether it needs no connection to Discord, so that it doesn't wait for one.
        """
        self._bot_to_wait_for = bot
        self._work_of_worker = work
        self._worker = Worker(name, work if at_once else self._run_when_ready, SystemClock())

    async def cog_load(self) -> None:
        """Start working."""
        self._worker.start()

    async def cog_unload(self) -> None:
        """Stop working."""
        await self._worker.stop()

    async def _run_when_ready(self) -> None:
        await self._bot_to_wait_for.wait_until_ready()
        await self._work_of_worker()
