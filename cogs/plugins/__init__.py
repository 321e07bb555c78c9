"""Plugins in Discord: the commands about them, their own commands, buttons and forms."""

from discord.ext import commands

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from bot.services.plugins.service import PluginService
from bot.services.tasks import TaskSet
from cogs.plugins.admin import PluginAdmin
from cogs.plugins.forms import PluginButton, PluginForm
from cogs.plugins.tree import GuildCommands


class Plugins(WorkerCog):
    """Runs the plugins' schedules and keeps each server's commands as they should be."""

    def __init__(self, bot: Bot, service: PluginService, guild_commands: GuildCommands) -> None:
        self._bot = bot
        self._service = service
        self._commands = guild_commands
        self._tasks = TaskSet()
        self._dirty: set[int] = set()
        super().__init__(bot, "plugins", service.run, at_once=True)

    async def cog_load(self) -> None:
        """Start working."""
        self._service.on_commands = self._note
        await super().cog_load()

    async def cog_unload(self) -> None:
        """Stop working."""
        self._service.on_commands = lambda _guild_id: None
        await super().cog_unload()
        await self._tasks.cancel()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Register what has changed since the last time."""
        self._note(None)

    def _note(self, guild_id: int | None) -> None:
        """Have a server's commands looked at, or (None) those of all servers."""
        known = {guild.id for guild in self._bot.guilds}
        self._dirty |= known if guild_id is None else {guild_id} & known
        if self._dirty and not len(self._tasks):
            self._tasks.spawn(self._update(), "commands of plugins")

    async def _update(self) -> None:
        while self._dirty:
            await self._commands.update(self._dirty.pop())


async def setup(bot: Bot) -> None:
    """Add the cogs (called by discord.py)."""
    service = bot.services.plugins
    guild_commands = GuildCommands(bot, service)
    bot.add_dynamic_items(PluginButton)
    bot.forms.add(PluginForm)
    await bot.add_cog(Plugins(bot, service, guild_commands))
    await bot.add_cog(PluginAdmin(service, guild_commands))
