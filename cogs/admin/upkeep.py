"""Keeps settings up to date: with what other processes change, and with channels and roles that go."""

from collections.abc import Callable

import aiohttp
import discord
from discord.ext import commands
from loguru import logger

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from bot.services.actions import nonce_for
from bot.services.configuration.settings import Setting
from bot.services.tasks import TaskSet
from bot.services.tools import ToolError
from bot.texts import text
from bot.tools.owner import SILENT, owner_of
from cogs.admin.settings_embeds import names_of


class SettingsUpkeep(WorkerCog):
    """The life of the worker that looks for changes, and the listeners."""

    def __init__(self, bot: Bot) -> None:
        self._configuration = bot.services.configuration
        self._guilds = bot.services.guilds
        self._bot = bot
        self._tasks = TaskSet()
        super().__init__(bot, "settings", bot.services.settings_watch.run, at_once=True)

    async def cog_load(self) -> None:
        """Start to look."""
        self._configuration.on_gone = self._gone
        self._bot.services.retention.on_guild_gone |= self._kept_of_servers()
        await super().cog_load()

    async def cog_unload(self) -> None:
        """Stop."""
        for name in self._kept_of_servers():
            self._bot.services.retention.on_guild_gone.pop(name, None)
        await self._tasks.cancel()
        await super().cog_unload()

    def _kept_of_servers(self) -> dict[str, Callable[[int], None]]:
        """Return who is to forget a server that was deleted, else they would go on with its settings."""
        services = self._bot.services
        return {
            "servers": self._guilds.forget,
            "summaries": services.summaries.settings.forget,
            "training": services.knowledge.forget,
        }

    def _gone(self, guild_id: int, setting: Setting, gone_id: int) -> None:
        """Have the owner told what stops without a channel; who uses what other settings name sees it."""
        if setting.key == "summaries.channel":
            self._tasks.spawn(self._tell(guild_id, gone_id), f"tell of channel {gone_id}")

    async def _tell(self, guild_id: int, gone_id: int) -> None:
        try:
            owner = await owner_of(self._bot, guild_id)
            nonce = nonce_for(f"gone/{guild_id}/{gone_id}")
            await owner.send(text("config.summary_channel_gone"), nonce=nonce, allowed_mentions=SILENT)
        except (discord.HTTPException, aiohttp.ClientError, OSError, ToolError) as error:
            log = logger.bind(guild_id=guild_id)
            log.warning("The owner isn't told that the summary's channel is gone: {}", error)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Take a channel out of the settings."""
        await self._configuration.channel_gone(channel.guild.id, channel.id)
        await self._guilds.forget_channel(channel.guild.id, channel.id)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Take a role out of the settings."""
        await self._configuration.role_gone(role.guild.id, role.id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Take out what was deleted while nobody listened."""
        await self._configuration.clean(names_of(guild))
