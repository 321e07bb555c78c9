"""Listens to reactions to the bot's answers."""

import discord
from discord.ext import commands

from bot.core.checks import is_staff
from bot.core.client import Bot
from bot.services.feedback import FeedbackService, verdict_of
from bot.services.support_roles import SupportRoles
from cogs.feedback.buttons import VerdictButton
from cogs.feedback.figures import FeedbackFigures
from cogs.feedback.summons import SummonsListener


class Reactions(commands.Cog):
    """Thumbs up and down under an answer: given, taken back, cleared."""

    def __init__(self, bot: Bot, feedback: FeedbackService, roles: SupportRoles) -> None:
        self._bot = bot
        self._roles = roles
        self._feedback = feedback

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Take a verdict of a member on an answer of ours."""
        verdict, member = verdict_of(payload.emoji.name), payload.member
        own = self._bot.user is not None and payload.message_author_id == self._bot.user.id
        if verdict is None or not own or payload.guild_id is None or member is None or member.bot:
            return
        await self._feedback.react(
            payload.guild_id,
            payload.message_id,
            member.id,
            verdict,
            is_staff=is_staff(self._roles, member),
        )

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Forget a verdict that was taken back; Discord doesn't tell here whose message it was."""
        verdict = verdict_of(payload.emoji.name)
        if verdict is not None and payload.guild_id is not None:
            await self._feedback.take_back(payload.message_id, payload.user_id, verdict)

    @commands.Cog.listener()
    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        """Forget every verdict on a message."""
        if payload.guild_id is not None:
            await self._feedback.take_back(payload.message_id)

    @commands.Cog.listener()
    async def on_raw_reaction_clear_emoji(self, payload: discord.RawReactionClearEmojiEvent) -> None:
        """Forget every verdict of one kind on a message."""
        verdict = verdict_of(payload.emoji.name)
        if verdict is not None and payload.guild_id is not None:
            await self._feedback.take_back(payload.message_id, None, verdict)


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    bot.add_dynamic_items(VerdictButton)
    await bot.add_cog(FeedbackFigures(bot))
    await bot.add_cog(SummonsListener(bot))
    await bot.add_cog(Reactions(bot, bot.services.feedback, bot.services.support_roles))
