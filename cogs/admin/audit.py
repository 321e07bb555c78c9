"""`/audit message`: what the bot thought of a message and did about it."""

import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.domain.errors import UserFacingError
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

    def __init__(self, stories: StoryService) -> None:
        self._stories = stories

    @app_commands.command()
    @app_commands.describe(message="A message link or id")
    @managers_only()
    async def message(self, interaction: discord.Interaction, message: str) -> None:
        """Show what I thought of a message and did about it."""
        assert interaction.guild_id is not None  # guild only
        await interaction.response.defer(ephemeral=True)
        story = await self._stories.of_message(interaction.guild_id, message_id_of(message))
        await interaction.followup.send(embed=story_embed(story))
