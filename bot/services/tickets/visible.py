"""What may be shown of a ticket once it is closed: not what was deleted, nor of whom nothing is stored."""

import re
from collections.abc import Iterable
from typing import Final

from bot.models import Ticket, TicketMessage
from bot.services.tickets.ports import OptedOut
from bot.services.tickets.transcripts import Said

_SMALL: Final = re.compile(r"^-# ", re.MULTILINE)  # how Discord marks small print; elsewhere it is noise


def shown_messages(
    ticket: Ticket, messages: Iterable[TicketMessage], opted_out: OptedOut
) -> tuple[Said, ...]:
    """Return those of a ticket's messages that may be shown, in their order."""
    return tuple(
        Said(
            each.message_id,
            each.author_id,
            each.author_name,
            each.role,
            _SMALL.sub("", each.content),
            tuple(str(file.get("filename") or "file") for file in each.attachments or ()),
            each.created_at,
            each.edited_at is not None,
        )
        for each in messages
        if each.deleted_at is None
        and (each.content.strip() or each.attachments)
        and not opted_out(ticket.guild_id, each.author_id)
    )


def link_of(ticket: Ticket) -> str:
    """Return the link to a ticket's thread."""
    return f"https://discord.com/channels/{ticket.guild_id}/{ticket.thread_id}"
