"""The buttons on a card with a suggested reply: support staff decide, also after a restart."""

import re
from typing import Any, Self

import discord

from bot.core.ui import KeptButton
from bot.texts import text
from bot.tools.suggestions import BUTTON_ID, BUTTON_PATTERN, EDIT, POST
from cogs.suggestions.forms import DismissForm, EditForm, readable_card


class SuggestionButton(KeptButton, template=BUTTON_PATTERN):
    """It carries the message's id."""

    def __init__(self, what: str, message_id: int) -> None:
        self.what, self.message_id = what, message_id
        custom_id = BUTTON_ID.format(what=what, message_id=message_id)
        super().__init__(discord.ui.Button(label=what.capitalize(), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["what"], int(match["message_id"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Post it, or open a form."""
        card = await readable_card(interaction, self.message_id)
        if self.what == EDIT:
            words = card.suggestion.posted or card.suggestion.proposed
            await interaction.response.send_modal(EditForm(self.message_id, words))
        elif self.what == POST:
            assert interaction.guild_id is not None  # support staff are staff of a server
            await interaction.response.defer(ephemeral=True)
            service = interaction.client.services.suggestions
            await service.post(interaction.guild_id, self.message_id, interaction.user.id)
            await interaction.followup.send(text("suggest.done_post"), ephemeral=True)
        else:
            await interaction.response.send_modal(DismissForm(self.message_id))
