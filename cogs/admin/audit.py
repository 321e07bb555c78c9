"""`/audit`: what the bot thought of a message and did about it, and what staff think of that."""

import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.domain.errors import UserFacingError
from bot.domain.signal import Intent
from bot.services.feedback import FeedbackService
from bot.services.stories import StoryService
from cogs.admin.embeds import story_embed

_LINK_OR_ID = re.compile(r"(?:https://\S+/channels/\d+/\d+/)?(\d{15,20})")


def message_id_of(text: str) -> int:
    """Return the message id in a link or bare id.

    Raises:
        UserFacingError: there is none.
    """
    match = _LINK_OR_ID.fullmatch(text.strip())
    if match is None:
        raise UserFacingError("Give a message link (right-click the message, Copy Message Link) or its id.")
    return int(match[1])


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Audit(commands.GroupCog, group_name="audit"):
    """Why the bot did what it did."""

    def __init__(self, stories: StoryService, feedback: FeedbackService) -> None:
        self._stories = stories
        self._feedback = feedback

    @app_commands.command()
    @app_commands.describe(message="A message link or id")
    @managers_only()
    async def message(self, interaction: discord.Interaction, message: str) -> None:
        """Show what I thought of a message and did about it."""
        assert interaction.guild_id is not None  # guild only
        await interaction.response.defer(ephemeral=True)
        story = await self._stories.of_message(interaction.guild_id, message_id_of(message))
        await interaction.followup.send(embed=story_embed(story))

    @app_commands.command()
    @app_commands.describe(message="A message link or id", intent="What the message really was")
    @managers_only()
    async def correct(self, interaction: discord.Interaction, message: str, intent: Intent) -> None:
        """Tell me what a message really was, so that I can learn from it."""
        assert interaction.guild_id is not None  # guild only
        await interaction.response.defer(ephemeral=True)
        noted = await self._feedback.correct(
            interaction.guild_id, message_id_of(message), interaction.user.id, intent
        )
        await interaction.followup.send(
            f"Noted: it is **{_spoken(intent)}**, and I took it for {_spoken(Intent(noted.intent))}. "
            "What I did about it stays as it is."
        )


def _spoken(intent: Intent) -> str:
    return intent.value.replace("_", " ")
