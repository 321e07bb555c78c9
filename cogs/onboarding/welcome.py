"""Greets a server once: where everyone sees it, else in the direct messages of who invited the bot."""

from typing import Any

import aiohttp
import discord
from discord.ext import commands
from discord.utils import escape_markdown
from loguru import logger

from bot.core.client import Bot
from bot.services.actions import nonce_for
from bot.services.onboarding import OnboardingService
from bot.services.tasks import TaskSet
from bot.texts import text
from bot.tools.owner import direct_messages, owner_of
from cogs.onboarding.pages import PageView

SILENT = discord.AllowedMentions.none()
LOOKED_AT = 10  # entries of the audit log


class Welcome(commands.Cog):
    """Listens for servers that are new."""

    def __init__(self, bot: Bot, onboarding: OnboardingService) -> None:
        self._bot = bot
        self._onboarding = onboarding
        self._tasks = TaskSet()

    async def cog_unload(self) -> None:
        """Stop greeting."""
        await self._tasks.cancel()

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Greet a server that was joined while the bot was off."""
        self._tasks.spawn(self._greet(guild), f"welcome in {guild.id}")

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Greet a new server."""
        await self.on_guild_available(guild)

    async def _greet(self, guild: discord.Guild) -> None:
        if not await self._onboarding.claim_welcome(guild.id):
            return
        log = logger.bind(guild_id=guild.id)
        try:
            if await self._in_server(guild) or await self._in_private(guild):
                log.info("Said hello in {}", guild.name)
            else:
                log.warning("Nobody in {} can be greeted; /setup is there all the same", guild.name)
        except (discord.DiscordServerError, aiohttp.ClientError, OSError) as error:
            await self._onboarding.release_welcome(guild.id)
            log.warning("{} is greeted at the next start: {}", guild.name, error)

    async def _in_server(self, guild: discord.Guild) -> bool:
        """Say it in the system channel; return whether the bot may write there."""
        channel = guild.system_channel
        if channel is None:
            return False
        have = channel.permissions_for(guild.me)
        if not (have.view_channel and have.send_messages):
            return False
        view = PageView()
        view.button(0, "begin", text("onboarding.button.begin"), discord.ButtonStyle.primary)
        try:
            await self._say(channel, guild, text("onboarding.welcome", name=guild.me.display_name), view)
        except (discord.Forbidden, discord.NotFound):
            return False
        return True

    async def _in_private(self, guild: discord.Guild) -> bool:
        """Say it to who invited the bot, else to the owner; return whether one of them takes it."""
        view = PageView()
        link = f"https://discord.com/channels/{guild.id}"
        view.add_item(discord.ui.Button[Any](label=text("onboarding.button.server"), url=link))
        names = {"name": guild.me.display_name, "server": escape_markdown(guild.name)}
        for user_id in dict.fromkeys((await self._inviter(guild), None)):
            try:
                place = await (
                    direct_messages(self._bot, user_id) if user_id else owner_of(self._bot, guild.id)
                )
                await self._say(place, guild, text("onboarding.welcome_direct", **names), view)
            except (discord.Forbidden, discord.NotFound):
                continue  # no direct messages
            return True
        return False

    async def _say(
        self, place: discord.abc.Messageable, guild: discord.Guild, said: str, view: PageView
    ) -> None:
        nonce = nonce_for(f"welcome/{guild.id}")
        await place.send(said, view=view, nonce=nonce, allowed_mentions=SILENT)

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
