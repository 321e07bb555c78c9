"""What the options of /train offer while somebody types."""

from typing import Any

import discord
from discord import app_commands

from bot.domain.errors import UserFacingError
from bot.services.training.entries import SUGGESTED, TrainingEntries
from bot.texts import text
from cogs.training.embeds import batch_text

MAX_NAME = 100  # characters of a choice
Choices = list[app_commands.Choice[str]]


class Completer:
    """Looks for categories, entries and changes."""

    def __init__(self, entries: TrainingEntries) -> None:
        self._entries = entries

    async def category(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        """Return the server's categories that contain what was typed."""
        if interaction.guild_id is None:
            return []
        wanted = typed.casefold()
        found = await self._entries.categories(interaction.guild_id)
        names = [name for name, _ in found if wanted in name.casefold()]
        return [app_commands.Choice(name=name[:MAX_NAME], value=name) for name in names[:SUGGESTED]]

    async def entry(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        """Return entries by their question or number."""
        if interaction.guild_id is None:
            return []
        found = await self._entries.suggest(interaction.guild_id, typed)
        return [
            app_commands.Choice(name=f"{entry_id}: {question}"[:MAX_NAME], value=str(entry_id))
            for entry_id, question in found
        ]

    async def change(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        """Return the last changes that can be taken back."""
        if interaction.guild_id is None:
            return []
        batches = await self._entries.batches(interaction.guild_id)
        found = [
            (f"{each.first_id}: {batch_text(each)}", each) for each in batches if each.undone < each.size
        ]
        return [
            app_commands.Choice(name=name[:MAX_NAME], value=str(each.first_id))
            for name, each in found
            if typed.casefold() in name.casefold()
        ][:SUGGESTED]


def number_of(typed: str) -> int:
    """Return the entry or change that an option names.

    Raises:
        UserFacingError: it names none.
    """
    number = typed.partition(":")[0].strip()
    if not number.isdecimal() or len(number) >= len(str(2**63)):
        raise UserFacingError(text("training.choose_entry"))
    return int(number)
