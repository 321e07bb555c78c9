"""Lists of tickets and notes as embeds. Pure functions."""

from collections.abc import Sequence

import discord

from bot.domain.markdown import escape_markdown
from bot.models import Ticket, TicketEvent
from bot.services.tickets.life import TicketPage
from bot.services.tickets.ratings import COMMENT
from bot.services.tickets.settings import STATE_TAGS
from bot.services.tickets.visible import link_of

MAX_DESCRIPTION = 4_096  # characters; Discord refuses more
MAX_LISTED_TITLE = 60
NO_TICKETS = "There are none of these. Without a `state`, closed ones aren't shown."


def tickets_embed(page: TicketPage) -> discord.Embed:
    """Build a page of `/tickets`."""
    lines = [_line(ticket) for ticket in page.tickets]
    embed = discord.Embed(title="Tickets", description="\n".join(lines) or NO_TICKETS)
    embed.set_footer(text=f"Page {page.number + 1} of {page.pages} · {page.total} in all")
    return embed


def _line(ticket: Ticket) -> str:
    # A link, for Discord shows a mention of an archived thread as unknown.
    number = f"[#{ticket.number:04}]({link_of(ticket)})" if ticket.thread_id else f"#{ticket.number:04}"
    claimed = f" · <@{ticket.claimed_by}> has it" if ticket.claimed_by else ""
    state = STATE_TAGS[ticket.state].lower()  # type: ignore[index]  # a StrEnum's value is equal to it
    title = escape_markdown(ticket.title[:MAX_LISTED_TITLE])
    return (
        f"**{number}** {title}\n{state} · {ticket.priority} · by <@{ticket.opener_id}>"
        f"{claimed} · <t:{int(ticket.opened_at.timestamp())}:R>"
    )


def notes_embed(ticket: Ticket, notes: Sequence[TicketEvent]) -> discord.Embed:
    """Build the notes of a ticket and what its member said of the help, the newest last.

    The oldest go where there are too many.
    """
    lines: list[str] = []
    left = MAX_DESCRIPTION
    for note in reversed(notes):
        text = escape_markdown(str((note.detail or {}).get("text", "")))
        what = ", of the help" if note.kind == COMMENT else ""
        line = f"<t:{int(note.at.timestamp())}:f> <@{note.actor_id}>{what}: {text}"
        left -= len(line) + 1
        if left < 0:
            break
        lines.insert(0, line)
    embed = discord.Embed(
        title=f"Notes on ticket #{ticket.number:04}", description="\n".join(lines) or "There are none."
    )
    if len(lines) < len(notes):
        embed.set_footer(text=f"{len(notes) - len(lines)} older ones not shown")
    return embed
