"""Solved tickets shown before a like one is opened, and the two ways on from there."""

import re
from collections.abc import Sequence
from typing import Any, Self

import discord

from bot.core.checks import require_guild
from bot.core.places import person
from bot.core.ui import KeptButton
from bot.domain.markdown import escape_markdown
from bot.domain.tickets import question_text
from bot.services.tickets.opening import Wish
from bot.services.tickets.service import TicketService
from bot.services.tickets.similar import Similar, SimilarTickets
from bot.texts import text

OPEN, SOLVED = "open", "solved"
PATTERN = rf"ticket:draft:(?P<key>[a-z]{{1,16}}:[0-9]{{1,20}}):(?P<action>{OPEN}|{SOLVED})"


class DraftButton(KeptButton, template=PATTERN):
    """Opens what was written, or forgets it; it carries the draft's key, so it works after a restart."""

    def __init__(self, key: str, action: str) -> None:
        self.key = key
        self.action = action
        style = discord.ButtonStyle.success if action == SOLVED else discord.ButtonStyle.secondary
        custom_id = f"ticket:draft:{key}:{action}"
        label = text(f"tickets.similar_button_{action}")
        super().__init__(discord.ui.Button(label=label, custom_id=custom_id, style=style))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["key"], match["action"])

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it says."""
        tickets: TicketService = interaction.client.services.tickets
        guild_id = require_guild(interaction)
        await interaction.response.defer()
        wish = await tickets.drafts.get(guild_id, interaction.user.id, self.key)
        if self.action == OPEN:
            told = await open_ticket(interaction, tickets, wish)  # once, however often it is pressed
        else:
            told = text("tickets.similar_solved")
        await tickets.drafts.drop(self.key)
        nobody = discord.AllowedMentions.none()
        await interaction.edit_original_response(content=told, embed=None, view=None, allowed_mentions=nobody)


async def offer_similar(interaction: discord.Interaction[Any], tickets: TicketService, wish: Wish) -> bool:
    """Show solved tickets like this one that the member may read; return False where there are none."""
    assert isinstance(interaction.user, discord.Member)  # the form is only shown in servers
    reader = person(interaction.user)
    asked = question_text(wish.title, wish.question)
    finder: SimilarTickets = interaction.client.services.similar_tickets
    similar = await finder.similar(wish.guild_id, asked, reader)
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
    number = f"{ticket.number:04}"
    told = text("tickets.being_opened", number=number)
    if ticket.thread_id is not None:
        told = text("tickets.opened", number=number, thread=f"<#{ticket.thread_id}>")
    now = interaction.created_at
    later = tickets.settings.rules(ticket.guild_id).polite(now)
    if later > now:
        told = f"{told} {text('tickets.staff_back', moment=f'<t:{int(later.timestamp())}:R>')}"
    return told


def similar_embed(guild_id: int, similar: Sequence[Similar]) -> discord.Embed:
    """Build the list of solved tickets."""
    lines = [
        f"[#{ticket.number:04}](https://discord.com/channels/{guild_id}/{ticket.thread_id}) "
        + escape_markdown(ticket.title)
        for ticket, _ in similar
    ]
    title = text("tickets.similar_many", count=len(similar))
    if len(similar) == 1:
        title = text("tickets.similar_one")
    embed = discord.Embed(title=title, description="\n".join(lines))
    embed.set_footer(text=text("tickets.similar_footer"))
    return embed
