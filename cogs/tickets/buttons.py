"""The buttons of a ticket's card; they carry its id, so they work after a restart."""

import re
from typing import Any, Self

import discord

from bot.core.checks import require_guild, require_support, require_support_or
from bot.core.ui import KeptButton
from bot.services.tickets.service import TicketService
from bot.texts import text
from bot.tools.ticket_card import BUTTON_ID, BUTTON_PATTERN, CLAIM, CLOSE, SOLVE
from cogs.tickets.forms import SILENT, CloseForm


class TicketButton(KeptButton, template=BUTTON_PATTERN):
    """Claim, Solved, Close or Reopen."""

    def __init__(self, action: str, ticket_id: int) -> None:
        self.action = action
        self.ticket_id = ticket_id
        custom_id = BUTTON_ID.format(action=action, ticket_id=ticket_id)
        super().__init__(discord.ui.Button(label=text(f"tickets.button_{action}"), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["action"], int(match["ticket_id"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it says."""
        tickets: TicketService = interaction.client.services.tickets
        ticket = await tickets.life.get(require_guild(interaction), self.ticket_id)
        user = interaction.user
        if self.action == CLAIM:
            require_support(interaction)
            await interaction.response.defer(ephemeral=True, thinking=True)
            await tickets.life.claim(ticket, user.id)
            told = text("tickets.claimed", number=f"{ticket.number:04}")
        elif self.action == CLOSE:
            require_support_or(interaction, ticket.opener_id)
            await interaction.response.send_modal(CloseForm(ticket))
            return
        elif self.action == SOLVE:
            require_support_or(interaction, ticket.opener_id)
            await interaction.response.defer(ephemeral=True, thinking=True)
            await tickets.life.resolve(ticket, user.id)
            told = text("tickets.resolved", number=f"{ticket.number:04}")
        else:
            require_support_or(interaction, ticket.opener_id)
            await interaction.response.defer(ephemeral=True, thinking=True)
            await tickets.life.reopen(ticket, user.id, limited=True)
            told = text("tickets.reopened", number=f"{ticket.number:04}")
        await interaction.followup.send(told, ephemeral=True, allowed_mentions=SILENT)
