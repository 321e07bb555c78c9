"""The command tree: what holds for every command before its own checks."""

from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.abc import Snowflake
from loguru import logger

from bot.core.checks import passes, require_place
from bot.core.refusing import require_open
from bot.domain.errors import UserFacingError


class Tree(app_commands.CommandTree[Any]):
    """Refuses commands out of their place, and all during hard maintenance but to whoever runs the bot."""

    _ids: dict[tuple[str, int], int] | None = None

    async def sync(self, *, guild: Snowflake | None = None) -> list[app_commands.AppCommand]:
        """Tell Discord of the commands, and remember their ids."""
        synced = await super().sync(guild=guild)
        if guild is None:
            self._note(synced)
        return synced

    async def ids(self) -> Mapping[tuple[str, int], int]:
        """Return the ids of commands by name and kind, as Discord knows them; none when it doesn't tell."""
        if self._ids is None:
            try:
                self._note(await self.fetch_commands())
            except discord.HTTPException as error:
                logger.warning("The commands' ids can't be looked up: {}", error)
        return self._ids or {}

    def _note(self, known: Iterable[app_commands.AppCommand]) -> None:
        self._ids = {(each.name, each.type.value): each.id for each in known}

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Return whether the command may go on; what is typed into its options is refused in silence.

        Raises:
            CheckFailure: it is refused; its cause says why.
        """
        is_typing = interaction.type is discord.InteractionType.autocomplete
        command = interaction.command  # None: discord.py tells of an unknown one
        try:
            if command is not None:
                require_place(interaction, command)
            await require_open(interaction)
        except UserFacingError as error:
            if not is_typing:
                raise app_commands.CheckFailure(str(error)) from error
            return await _offer_nothing(interaction)
        # A command's own checks come before it, but not before what it offers to who types.
        if is_typing and command is not None and not await passes(interaction, command):
            return await _offer_nothing(interaction)
        return True


async def _offer_nothing(interaction: discord.Interaction[Any]) -> bool:
    await interaction.response.autocomplete([])
    return False
