"""Greets a server once: where everyone sees it, else in the direct messages of who invited the bot."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import aiohttp
import discord
from discord.ext import commands
from discord.utils import escape_markdown
from loguru import logger

from bot.core.client import Bot
from bot.services.actions import nonce_for
from bot.services.onboarding import Begun, OnboardingService
from bot.services.tasks import TaskSet
from bot.texts import text
from bot.tools.owner import HISTORY, SILENT, direct_messages, owner_of
from cogs.onboarding.visit import prefix_of

LOOKED_AT: Final = 10  # entries of the audit log
GREET_SECONDS: Final = 60.0
LEEWAY: Final = timedelta(minutes=5)  # our clock and Discord's


class Welcome(commands.Cog):
    """Listens for servers that are new."""

    def __init__(self, bot: Bot, onboarding: OnboardingService) -> None:
        self._bot = bot
        self._onboarding = onboarding
        self._tasks = TaskSet()
        self._greeting = set[int]()  # Discord may tell twice of a server while it is greeted

    async def cog_unload(self) -> None:
        """Stop greeting."""
        await self._tasks.cancel()

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Greet a server that was joined while the bot was off."""
        if guild.id not in self._greeting:
            self._greeting.add(guild.id)
            self._tasks.spawn(self._greet(guild), f"welcome in {guild.id}")

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Greet a new server."""
        await self.on_guild_available(guild)

    async def _greet(self, guild: discord.Guild) -> None:
        log = logger.bind(guild_id=guild.id)
        try:
            begun = await self._onboarding.begin_welcome(guild.id)
            if begun is None:
                return
            async with asyncio.timeout(GREET_SECONDS):
                heard = await self._is_heard(guild, begun)
            await self._onboarding.end_welcome(guild.id, heard=heard)
            if heard:
                log.info("Said hello in {}", guild.name)
            else:
                log.warning("Nobody in {} can be greeted; /setup does it", guild.name)
        except (discord.DiscordServerError, aiohttp.ClientError, OSError) as error:
            log.warning("{} is greeted at the next start: {}", guild.name, error)
        finally:
            self._greeting.discard(guild.id)

    async def _is_heard(self, guild: discord.Guild, begun: Begun) -> bool:
        """Say it in the first place that takes it, unless a try that was interrupted did; return whether."""
        async for place, said, view in self._places(guild):
            if not begun.is_first:
                try:
                    if await self._was_said(place, view, begun):
                        return True
                except (discord.Forbidden, discord.NotFound):
                    return False  # it may have been said: rather none than two
            try:
                nonce = nonce_for(f"welcome/{guild.id}")
                await place.send(said, view=view, nonce=nonce, allowed_mentions=SILENT)
            except (discord.Forbidden, discord.NotFound):
                continue  # no direct messages
            return True
        return False

    async def _places(
        self, guild: discord.Guild
    ) -> AsyncIterator[tuple[discord.abc.Messageable, str, discord.ui.View]]:
        """Yield where it may be said, with the words and the button: the best first."""
        name = guild.me.display_name
        channel = guild.system_channel
        if channel is not None:
            have = channel.permissions_for(guild.me)
            if have.view_channel and have.send_messages:
                yield channel, text("onboarding.welcome", name=name), _view(None)
        words = text("onboarding.welcome_direct", name=name, server=escape_markdown(guild.name))
        for user_id in dict.fromkeys((await self._inviter(guild), None)):
            try:
                place = await (
                    direct_messages(self._bot, user_id) if user_id else owner_of(self._bot, guild.id)
                )
            except (discord.Forbidden, discord.NotFound):
                continue
            yield place, words, _view(guild.id)

    async def _was_said(self, place: discord.abc.Messageable, view: discord.ui.View, begun: Begun) -> bool:
        """Return whether there is a message of ours with that button."""
        wanted = [each.custom_id for each in view.children if isinstance(each, discord.ui.Button)]
        async for message in place.history(after=begun.since - LEEWAY, limit=HISTORY):
            if message.author == self._bot.user and wanted == [
                each.custom_id for row in message.components for each in getattr(row, "children", ())
            ]:
                return True
        return False

    async def _inviter(self, guild: discord.Guild) -> int | None:
        """Return who added the bot, None when the bot may not know."""
        if not guild.me.guild_permissions.view_audit_log:
            return None
        try:
            async for entry in guild.audit_logs(limit=LOOKED_AT, action=discord.AuditLogAction.bot_add):
                if entry.target is not None and entry.target.id == guild.me.id:
                    return entry.user_id
        except (discord.Forbidden, discord.NotFound):
            return None
        return None


def _view(guild_id: int | None) -> discord.ui.View:
    """Return the button that opens the wizard, which hears it; in direct messages about a server."""
    view = discord.ui.View(timeout=None)
    label, custom_id = text("onboarding.button.begin"), f"{prefix_of(guild_id)}begin"
    view.add_item(discord.ui.Button[Any](label=label, custom_id=custom_id, style=discord.ButtonStyle.primary))
    view.stop()
    return view
