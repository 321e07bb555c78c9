"""The command tree: what holds for every command before its own checks."""

from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.abc import Snowflake
from loguru import logger

from bot.core.checks import require_place
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
        """Return whether the command may go on.

        Raises:
            CheckFailure: it is refused; its cause says why.
        """
        if not self._fits(interaction):
            return False
        try:
            await require_open(interaction)
        except UserFacingError as error:
            if interaction.type is discord.InteractionType.autocomplete:
                return False
            raise app_commands.CheckFailure(str(error)) from error
        return True

    @staticmethod
    def _fits(interaction: discord.Interaction[Any]) -> bool:
        """Return whether a command is one for this place; False only for what is typed into its options."""
        command = interaction.command  # None: discord.py tells of an unknown one
        if not isinstance(command, app_commands.Command | app_commands.ContextMenu):
            return True
        try:
            require_place(interaction, command)
        except UserFacingError as error:
            if interaction.type is discord.InteractionType.autocomplete:
                return False
            raise app_commands.CheckFailure(str(error)) from error
        return True
