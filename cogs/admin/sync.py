"""Registers the slash commands with Discord when they have changed."""

import asyncio
import hashlib
import json

import aiohttp
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
        self._turn = asyncio.Lock()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Register the commands; a failure is logged and tried again at the next connection."""
        if self._done or self._bot.application_id is None:
            return
        if await self.has_changed():
            try:
                await self.sync()
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                logger.warning("Could not register the slash commands: {}", error)
                return
            except RuntimeError:
                if not self._bot.is_closed():
                    raise
                return  # aiohttp's session was closed under way: the next start registers them
        self._done = True

    async def has_changed(self) -> bool:
        """Whether the commands are others than those registered last."""
        application_id = self._bot.application_id
        if application_id is None:
            return False
        return not await self._service.is_registered(application_id, await self._fingerprint())

    async def sync(self) -> int:
        """Register the commands and return how many.

        Raises:
            discord.DiscordException: Discord doesn't take them.
        """
        assert self._bot.application_id is not None  # logged in
        async with self._turn:
            fingerprint = await self._fingerprint()
            await self._bot.tree.sync()
            await self._service.registered(self._bot.application_id, fingerprint)
        count = len(self._bot.tree.get_commands())
        logger.info("Registered {} slash commands", count)
        return count

    async def _fingerprint(self) -> str:
        """Return what tells these commands from others, in every language they are told in."""
        tree = self._bot.tree
        translator = tree.translator
        told = [
            command.to_dict(tree)
            if translator is None
            else await command.get_translated_payload(tree, translator)
            for command in tree.get_commands()
        ]
        told.sort(
            key=lambda each: (each.get("type", 1), each["name"])
        )  # a reload puts a part's commands at the end
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
