"""The message menu "Train from this reply": an answer of staff becomes an entry."""

from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import support_only
from bot.domain.errors import UserFacingError
from bot.services.guilds import GuildService
from bot.services.training.drafts import MAX_ANSWER, MAX_LINK, MAX_LINKS, MAX_QUESTION, Draft
from bot.texts import text
from cogs.training.forms import REPLY, EntryForm, Target, fields_of


class TrainMenu(commands.Cog):
    """Adds the menu for as long as the cog is there."""

    def __init__(self, bot: commands.Bot, guilds: GuildService) -> None:
        self._bot = bot
        self._guilds = guilds
        self._menu = app_commands.ContextMenu(name="Train from this reply", callback=self.train)
        self._menu.guild_only = True

    async def cog_load(self) -> None:
        """Add the menu."""
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take it away."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @support_only()
    async def train(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Open the form with the message as answer and what it replied to as question."""
        guild_id = interaction.guild_id
        assert guild_id is not None  # guild only
        if not message.content and not message.attachments:
            raise UserFacingError(text("training.message_empty"))
        zone = ZoneInfo(self._guilds.policy(guild_id).timezone)
        question = await _question_of(message)
        links = [each.url for each in message.attachments if len(each.url) <= MAX_LINK][:MAX_LINKS]
        draft = Draft(
            (" ".join(question.split())[:MAX_QUESTION],), message.content[:MAX_ANSWER], "", tuple(links)
        )

        target = Target(REPLY, message.channel.id, message.id, message.author.id)
        await interaction.response.send_modal(EntryForm(target, fields_of(draft, zone), zone))


async def _question_of(message: discord.Message) -> str:
    """Return the text of the message replied to in the same channel, "" where there is none to be seen."""
    reference: Any = message.reference
    if reference is None or message.type != discord.MessageType.reply or reference.message_id is None:
        return ""
    if reference.channel_id != message.channel.id:
        return ""  # who reads this channel may not read that one
    if isinstance(reference.resolved, discord.Message):
        return reference.resolved.content
    with suppress(discord.NotFound, discord.Forbidden):  # the form opens all the same
        return (await message.channel.fetch_message(reference.message_id)).content
    return ""
