"""The forms of tickets: what to open, and why to close."""

from dataclasses import dataclass
from typing import Any

import discord

from bot.core.checks import require_support_or
from bot.core.errors import tell
from bot.domain.tickets import MAX_ENVIRONMENT, MAX_QUESTION, MAX_REASON, MAX_TITLE
from bot.models import Ticket
from bot.services.tickets.opening import Wish
from bot.services.tickets.service import TicketService
from cogs.tickets.similar import offer_similar, open_ticket

SILENT = discord.AllowedMentions.none()


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a ticket before its form is filled in."""

    opener_id: int
    opener_name: str
    category_id: int | None = None
    question: str = ""
    source_channel_id: int | None = None
    source_message_id: int | None = None


class TellingModal(discord.ui.Modal):
    """A form whose failures are told as those of commands are."""

    async def on_error(  # type: ignore[override]  # discord.py's own form differs from its view so, too
        self, interaction: discord.Interaction[Any], error: Exception, /
    ) -> None:
        """Tell the member."""
        await tell(interaction, error)


class OpenForm(TellingModal, title="Open a ticket"):
    """Asks what the ticket is about, then opens it."""

    def __init__(self, tickets: TicketService, begun: Begun) -> None:
        super().__init__()
        self._tickets = tickets
        self._begun = begun
        self.what = discord.ui.TextInput[Any](max_length=MAX_TITLE, placeholder="In a few words")
        self.details = discord.ui.TextInput[Any](
            style=discord.TextStyle.paragraph,
            max_length=MAX_QUESTION,
            default=begun.question[:MAX_QUESTION] or None,
            placeholder="What happens, what should happen, what you tried",
        )
        self.where = discord.ui.TextInput[Any](
            max_length=MAX_ENVIRONMENT, required=False, placeholder="Version, device, system"
        )
        self.add_item(discord.ui.Label(text="Title", component=self.what))
        self.add_item(discord.ui.Label(text="Description", component=self.details))
        self.add_item(discord.ui.Label(text="Environment", component=self.where))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Open the ticket and point to it."""
        assert interaction.guild_id is not None  # the form is only shown in servers
        begun = self._begun
        if begun.opener_id != interaction.user.id:
            require_support_or(interaction, begun.opener_id)  # a role may have been taken meanwhile
        await interaction.response.defer(ephemeral=True, thinking=True)
        message_id = begun.source_message_id
        wish = Wish(
            key=f"message:{message_id}" if message_id is not None else f"form:{interaction.id}",
            guild_id=interaction.guild_id,
            opener_id=begun.opener_id,
            opener_name=begun.opener_name,
            title=self.what.value,
            question=self.details.value,
            environment=self.where.value,
            category_id=begun.category_id,
            source_channel_id=begun.source_channel_id,
            source_message_id=message_id,
            actor_id=interaction.user.id,
        )
        if begun.opener_id == interaction.user.id and await offer_similar(interaction, self._tickets, wish):
            return
        told = await open_ticket(interaction, self._tickets, wish)
        await interaction.followup.send(told, ephemeral=True, allowed_mentions=SILENT)


class CloseForm(TellingModal, title="Close the ticket"):
    """Asks why, then closes."""

    def __init__(self, tickets: TicketService, ticket: Ticket) -> None:
        super().__init__()
        self._tickets = tickets
        self._ticket = ticket
        self.reason = discord.ui.TextInput[Any](max_length=MAX_REASON, required=False)
        self.add_item(discord.ui.Label(text="Reason", component=self.reason))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Close the ticket."""
        require_support_or(interaction, self._ticket.opener_id)
        await close_ticket(interaction, self._tickets, self._ticket, self.reason.value)


async def close_ticket(
    interaction: discord.Interaction[Any], tickets: TicketService, ticket: Ticket, reason: str
) -> None:
    """Close a ticket and say so; in private where its thread is archived the moment it closes."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    closed = await tickets.life.close(ticket, interaction.user.id, reason)
    await interaction.followup.send(
        f"Ticket #{closed.number:04} is closed.", ephemeral=True, allowed_mentions=SILENT
    )
