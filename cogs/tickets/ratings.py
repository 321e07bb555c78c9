"""What a ticket's member says of the help: buttons from 1 to 5, and a form for a comment."""

import re
from typing import Any, Self

import discord

from bot.core.checks import require_own
from bot.core.forms import KeptForm, Written
from bot.core.ui import KeptButton
from bot.domain.tickets import TicketState
from bot.models import Ticket
from bot.services.tickets.ratings import BEST, MAX_COMMENT, TicketRatings
from bot.texts import text
from bot.tools.ticket_closing import RATE_ID, RATE_PATTERN

FIELD = "comment"
COMMENT_ID = "ticket-comment:{ticket_id}"
COMMENT_PATTERN = r"ticket-comment:(?P<ticket_id>[0-9]{1,18})"


class RatingButton(KeptButton, template=RATE_PATTERN):
    """A rating; it carries the ticket's id, so it works after a restart and in direct messages."""

    def __init__(self, ticket_id: int, rating: int) -> None:
        self.ticket_id = ticket_id
        self.rating = rating
        custom_id = RATE_ID.format(ticket_id=ticket_id, rating=rating)
        super().__init__(discord.ui.Button(label=str(rating), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(int(match["ticket_id"]), int(match["rating"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Note the rating, or tell why not."""
        await rate(interaction, self.ticket_id, self.rating)


class CommentButton(KeptButton, template=COMMENT_PATTERN):
    """Opens the form for a comment."""

    def __init__(self, ticket_id: int) -> None:
        self.ticket_id = ticket_id
        custom_id = COMMENT_ID.format(ticket_id=ticket_id)
        super().__init__(discord.ui.Button(label=text("ticket_closing.button_comment"), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(int(match["ticket_id"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Open the form, or tell why not."""
        ratings = _ratings(interaction)
        ticket = await ratings.find(self.ticket_id)
        require_own(interaction, ticket.opener_id)
        await interaction.response.send_modal(CommentForm(ticket.id))


class CommentForm(KeptForm, template=r"ticket-commented:(?P<ticket_id>[0-9]{1,18})"):
    """Asks for a comment."""

    def __init__(self, ticket_id: int) -> None:
        super().__init__(f"ticket-commented:{ticket_id}", text("ticket_closing.form_comment_title"))
        self._ticket_id = ticket_id
        comment = discord.ui.TextInput[Any](
            max_length=MAX_COMMENT, style=discord.TextStyle.paragraph, custom_id=FIELD
        )
        self.add_item(discord.ui.Label(text=text("ticket_closing.form_comment"), component=comment))

    @classmethod
    async def from_custom_id(cls, _interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent."""
        return cls(int(match["ticket_id"]))

    async def receive(self, interaction: discord.Interaction[Any], written: Written) -> None:
        """Keep the comment."""
        ratings = _ratings(interaction)
        ticket = await ratings.find(self._ticket_id)
        require_own(interaction, ticket.opener_id)
        await ratings.comment(self._ticket_id, written.get(FIELD, ""))
        await interaction.response.send_message(text("ticket_closing.commented"), ephemeral=True)
        await _shut_again(interaction, ticket)


async def rate(interaction: discord.Interaction[Any], ticket_id: int, rating: int) -> None:
    """Note a rating and offer to comment on it.

    Raises:
        UserFacingError: it isn't the caller's ticket, or it can't be rated now.
    """
    ratings = _ratings(interaction)
    ticket = await ratings.find(ticket_id)
    require_own(interaction, ticket.opener_id)
    await ratings.rate(ticket_id, rating)
    view = discord.ui.View(timeout=None)
    view.add_item(CommentButton(ticket_id))
    view.stop()  # presses are heard by the cog's dynamic items
    told = text("ticket_closing.rated", rating=rating, best=BEST, number=f"{ticket.number:04}")
    await interaction.response.send_message(told, view=view, ephemeral=True)
    await _shut_again(interaction, ticket)


async def _shut_again(interaction: discord.Interaction[Any], ticket: Ticket) -> None:
    """Archive a closed ticket's thread anew: any answer there opens it, even one that nobody else sees."""
    if ticket.state == TicketState.CLOSED and interaction.channel_id == ticket.thread_id:
        await interaction.client.services.tickets.display.show(ticket.id, anew=True)


def _ratings(interaction: discord.Interaction[Any]) -> TicketRatings:
    ratings: TicketRatings = interaction.client.services.ticket_closing.ratings
    return ratings
