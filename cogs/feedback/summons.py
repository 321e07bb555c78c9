"""Listens to the reaction that calls the bot to a message."""

import discord
from discord.ext import commands

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from bot.domain.summons import is_summons
from cogs.ingest.places import Place, WatchedPlaces


class SummonsListener(WorkerCog):
    """Hands calls on, and owns the worker that sees to them."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._places = WatchedPlaces(bot, bot.services.guilds)
        super().__init__(bot, "summons", bot.services.summoning.run)

    def _watched(self, place: Place) -> bool:
        return self._places.spot_of(place).watched

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Take the call of a member; Discord lets react only who sees the message."""
        guild_id, member = payload.guild_id, payload.member
        if not is_summons(payload.emoji.name) or guild_id is None or member is None or member.bot:
            return
        own = self._bot.user is not None and payload.message_author_id == self._bot.user.id
        ignored = self._bot.services.guilds.policy(guild_id).ignored_role_ids
        if own or any(member.get_role(role_id) for role_id in ignored):
            return
        place = self._bot.get_channel(payload.channel_id)  # an archived thread is looked up later
        if isinstance(place, discord.abc.GuildChannel | discord.Thread) and not self._watched(place):
            return
        await self._bot.services.summoning.summon(
            guild_id, payload.channel_id, payload.message_id, member.id, payload.message_author_id
        )
