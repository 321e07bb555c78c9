"""Solved tickets shown before a like one is opened, and the two ways on from there."""

import re
from collections.abc import Sequence
from typing import Any, Self

import discord

from bot.core.places import person
from bot.core.ui import KeptButton
from bot.domain.errors import UserFacingError
from bot.domain.markdown import escape_markdown
from bot.domain.tickets import question_text
from bot.services.tickets.opening import Wish
from bot.services.tickets.service import TicketService
from bot.services.tickets.similar import Similar, SimilarTickets

OPEN, SOLVED = "open", "solved"
LABELS = {OPEN: "Open anyway", SOLVED: "That solves it"}
PATTERN = rf"ticket:draft:(?P<key>[a-z]{{1,16}}:[0-9]{{1,20}}):(?P<action>{OPEN}|{SOLVED})"


class DraftButton(KeptButton, template=PATTERN):
    """Opens what was written, or forgets it; it carries the draft's key, so it works after a restart."""

    def __init__(self, key: str, action: str) -> None:
        self.key = key
        self.action = action
        style = discord.ButtonStyle.success if action == SOLVED else discord.ButtonStyle.secondary
        custom_id = f"ticket:draft:{key}:{action}"
        super().__init__(discord.ui.Button(label=LABELS[action], custom_id=custom_id, style=style))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["key"], match["action"])

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it says."""
        tickets: TicketService = interaction.client.services.tickets
        if interaction.guild_id is None:
            raise UserFacingError("Tickets are only in servers.")
        await interaction.response.defer()
        wish = await tickets.drafts.get(interaction.guild_id, interaction.user.id, self.key)
        if self.action == OPEN:
            told = await open_ticket(interaction, tickets, wish)  # once, however often it is pressed
        else:
            told = "Good to hear. I opened no ticket."
        await tickets.drafts.drop(self.key)
        nobody = discord.AllowedMentions.none()
        await interaction.edit_original_response(content=told, embed=None, view=None, allowed_mentions=nobody)


async def offer_similar(interaction: discord.Interaction[Any], tickets: TicketService, wish: Wish) -> bool:
    """Show solved tickets like this one that the member may read; return False where there are none."""
    assert isinstance(interaction.user, discord.Member)  # the form is only shown in servers
    reader = person(interaction.user)
    text = question_text(wish.title, wish.question)
    finder: SimilarTickets = interaction.client.services.similar_tickets
    similar = await finder.similar(wish.guild_id, text, reader)
    if not similar:
        return False
    await tickets.drafts.keep(wish)
    view = discord.ui.View(timeout=None)
    for action in (SOLVED, OPEN):
        view.add_item(DraftButton(wish.key, action))
    view.stop()  # its buttons are heard as those of any message are
    await interaction.followup.send(embed=similar_embed(wish.guild_id, similar), view=view, ephemeral=True)
    return True


async def open_ticket(interaction: discord.Interaction[Any], tickets: TicketService, wish: Wish) -> str:
    """Open a ticket and return what its member is told."""
    ticket = await tickets.opening.open(wish)
    where = f" is open: <#{ticket.thread_id}>" if ticket.thread_id is not None else " is being opened."
    now = interaction.created_at
    later = tickets.settings.rules(ticket.guild_id).polite(now)
    when = f" Staff are there again <t:{int(later.timestamp())}:R>." if later > now else ""
    return f"Ticket #{ticket.number:04}{where}{when}"


def similar_embed(guild_id: int, similar: Sequence[Similar]) -> discord.Embed:
    """Build the list of solved tickets."""
    lines = [
        f"[#{ticket.number:04}](https://discord.com/channels/{guild_id}/{ticket.thread_id}) "
        + escape_markdown(ticket.title)
        for ticket, _ in similar
    ]
    count = "A similar solved ticket" if len(similar) == 1 else f"{len(similar)} similar solved tickets"
    embed = discord.Embed(title=count, description="\n".join(lines))
    embed.set_footer(text="What you wrote is kept for a day: open your ticket if they don't help.")
    return embed
