"""Listens to reactions, and owns the workers that store them and count."""

import discord
from discord.ext import commands

from bot.core.client import Bot
from bot.services.clock import SystemClock
from bot.services.statistics.reactions import Reacting, ReactionEvent
from bot.services.statistics.service import StatisticsService
from bot.services.tasks import Worker


class StatisticsListener(commands.Cog):
    """Reactions given, taken back, cleared; those of bots are not heard."""

    def __init__(self, bot: Bot, statistics: StatisticsService) -> None:
        self._bot = bot
        self._reactions = statistics.reactions
        clock = SystemClock()
        self._workers = [
            Worker("reactions", statistics.reactions.run, clock),
            Worker("statistics", statistics.counting.run, clock),
        ]

    async def cog_load(self) -> None:
        """Start storing and counting."""
        for worker in self._workers:
            worker.start()

    async def cog_unload(self) -> None:
        """Stop; what isn't counted yet is marked in the database."""
        for worker in self._workers:
            await worker.stop()

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Take a reaction of a member."""
        if payload.member is not None and not payload.member.bot:
            self._offer(Reacting.ADD, payload, payload.user_id, payload.emoji)

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Forget a reaction that was taken back."""
        self._offer(Reacting.REMOVE, payload, payload.user_id, payload.emoji)

    @commands.Cog.listener()
    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        """Forget every reaction to a message."""
        self._offer(Reacting.CLEAR, payload)

    @commands.Cog.listener()
    async def on_raw_reaction_clear_emoji(self, payload: discord.RawReactionClearEmojiEvent) -> None:
        """Forget every reaction with one emoji to a message."""
        self._offer(Reacting.CLEAR_EMOJI, payload, emoji=payload.emoji)

    def _offer(
        self,
        what: Reacting,
        payload: discord.RawReactionActionEvent
        | discord.RawReactionClearEvent
        | discord.RawReactionClearEmojiEvent,
        user_id: int = 0,
        emoji: discord.PartialEmoji | None = None,
    ) -> None:
        if payload.guild_id is None:
            return
        name = "" if emoji is None else str(emoji.id or emoji.name or "deleted")
        event = ReactionEvent(what, payload.guild_id, payload.message_id, user_id, name[:64])
        self._reactions.offer(event)
