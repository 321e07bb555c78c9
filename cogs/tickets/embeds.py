"""Lists of tickets and notes as embeds. Pure functions."""

from collections.abc import Sequence

import discord

from bot.domain.markdown import escape_markdown
from bot.models import Ticket, TicketEvent
from bot.services.tickets.life import TicketPage
from bot.services.tickets.ratings import COMMENT
from bot.services.tickets.visible import link_of
from bot.texts import text

MAX_DESCRIPTION = 4_096  # characters; Discord refuses more
MAX_LISTED_TITLE = 60


def tickets_embed(page: TicketPage) -> discord.Embed:
    """Build a page of `/tickets`."""
    lines = [_line(ticket) for ticket in page.tickets]
    embed = discord.Embed(
        title=text("tickets.list_title"), description="\n".join(lines) or text("tickets.list_none")
    )
    embed.set_footer(
        text=text("tickets.list_footer", page=page.number + 1, pages=page.pages, count=page.total)
    )
    return embed


def _line(ticket: Ticket) -> str:
    # A link, for Discord shows a mention of an archived thread as unknown.
    number = f"[#{ticket.number:04}]({link_of(ticket)})" if ticket.thread_id else f"#{ticket.number:04}"
    claimed = ""
    if ticket.claimed_by:
        claimed = text("tickets.list_entry_claimed", member=f"<@{ticket.claimed_by}>")
    return text(
        "tickets.list_entry",
        number=number,
        title=escape_markdown(ticket.title[:MAX_LISTED_TITLE]),
        state=text(f"tickets.in_state_{ticket.state}"),
        priority=text(f"tickets.priority_{ticket.priority}"),
        member=f"<@{ticket.opener_id}>",
        claimed=f" {claimed}" if claimed else "",
        opened=f"<t:{int(ticket.opened_at.timestamp())}:R>",
    )


def noted_text(ticket: Ticket) -> str:
    """Return what staff are told once their note is kept."""
    return text("tickets.noted", number=f"{ticket.number:04}")


def notes_embed(ticket: Ticket, notes: Sequence[TicketEvent]) -> discord.Embed:
    """Build the notes of a ticket and what its member said of the help, the newest last.

    The oldest go where there are too many.
    """
    lines: list[str] = []
    left = MAX_DESCRIPTION
    for note in reversed(notes):
        line = _note_line(note)
        left -= len(line) + 1
        if left < 0:
            break
        lines.insert(0, line)
    embed = discord.Embed(
        title=text("tickets.notes_title", number=f"{ticket.number:04}"),
        description="\n".join(lines) or text("tickets.notes_none"),
    )
    if len(lines) < len(notes):
        embed.set_footer(text=text("tickets.notes_left_out", count=len(notes) - len(lines)))
    return embed


def _note_line(note: TicketEvent) -> str:
    moment, member = f"<t:{int(note.at.timestamp())}:f>", f"<@{note.actor_id}>"
    said = escape_markdown(str((note.detail or {}).get("text", "")))
    if note.kind == COMMENT:
        return text("tickets.notes_comment", moment=moment, member=member, said=said)
    return text("tickets.notes_note", moment=moment, member=member, said=said)
