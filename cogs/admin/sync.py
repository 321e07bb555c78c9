"""Registers the slash commands with Discord when they have changed."""

import hashlib
import json

import discord
from discord.ext import commands
from loguru import logger

from bot.core.client import Bot
from bot.services.command_sync import CommandSyncService


class CommandSync(commands.Cog):
    """Tells Discord of the commands once the bot is ready; only when they differ from the last time."""

    def __init__(self, bot: Bot, service: CommandSyncService) -> None:
        self._bot = bot
        self._service = service
        self._done = False

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Register the commands; a failure is logged and tried again at the next connection."""
        application_id = self._bot.application_id
        if self._done or application_id is None:
            return
        commands_ = [command.to_dict(self._bot.tree) for command in self._bot.tree.get_commands()]
        fingerprint = hashlib.sha256(json.dumps(commands_, sort_keys=True, default=str).encode()).hexdigest()
        if not await self._service.is_registered(application_id, fingerprint):
            try:
                await self._bot.tree.sync()
            except discord.HTTPException as error:
                logger.warning("Could not register the slash commands: {}", error)
                return
            await self._service.registered(application_id, fingerprint)
            logger.info("Registered {} slash commands", len(commands_))
        self._done = True
