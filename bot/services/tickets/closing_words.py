"""What is said of a closed ticket beside its transcript. Pure functions."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.counted import counted
from bot.domain.markdown import escape_markdown
from bot.domain.outgoing import prepare
from bot.domain.tickets import Role
from bot.models import Ticket
from bot.services.tickets.transcripts import Said
from bot.services.tickets.wording import ASKED, TAKEN_OVER

CLOSED: Final = "This ticket was closed"
MAX_SUMMARY: Final = 1_200  # characters in a message; the files have all of it
MAX_REASON: Final = 300


def facts_of(ticket: Ticket, category: str, zone: str, *, hides_opener: bool) -> tuple[tuple[str, str], ...]:
    """Return the lines of a transcript's head."""
    facts = [
        ("Opened by", "" if hides_opener else ticket.opener_name),
        ("Opened", _shown(ticket.opened_at, zone)),
        ("First answer", _shown(ticket.first_response_at, zone)),
        ("Closed", _shown(ticket.closed_at, zone)),
        ("Reason", ticket.close_reason),
        ("Category", category),
        ("Priority", ticket.priority),
    ]
    return tuple((name, value) for name, value in facts if value)


def closed_text(ticket: Ticket) -> str:
    """Return what a ticket's thread is told when it closes."""
    by = f"by <@{ticket.closed_by}>" if ticket.closed_by else "by itself"
    why = f": {escape_markdown(ticket.close_reason)}" if ticket.close_reason else ""
    again = f"It can be opened again with `/reopen number:{ticket.number}`."
    return f"{CLOSED} {by}{why}\n{again}"


def is_notice(said: Said) -> bool:
    """Whether a message is the bot's own word on where the ticket stands: no summary repeats it."""
    return said.role == Role.BOT and any(words in said.text for words in (CLOSED, ASKED, TAKEN_OVER))


def staff_text(ticket: Ticket, summary: str, count: int, *, hides_opener: bool) -> str:
    """Return what the log channel is told; mentions in it ping nobody."""
    by = f"<@{ticket.closed_by}>" if ticket.closed_by else "itself"
    reason = f": {_cut(escape_markdown(ticket.close_reason), MAX_REASON)}" if ticket.close_reason else ""
    opened = "" if hides_opener else f"Opened by <@{ticket.opener_id}>: {escape_markdown(ticket.title)}\n"
    said = f"{counted(count, 'message')} in <#{ticket.thread_id}>"
    return f"{opened}Closed by {by}{reason}\n{said}{_quoted(summary)}"


def member_text(ticket: Ticket, summary: str, server: str) -> str:
    """Return what the ticket's member is told."""
    reason = (
        f"\nReason: {_cut(escape_markdown(ticket.close_reason), MAX_REASON)}" if ticket.close_reason else ""
    )
    return (
        f"{escape_markdown(ticket.title)} ({server}){reason}{_quoted(summary)}\n"
        "The files hold what was said. How was the help? 5 is best."
    )


def _quoted(summary: str) -> str:
    lines = prepare(_cut(summary, MAX_SUMMARY)).split("\n")
    return "".join(f"\n> {line}" for line in lines) if summary else ""


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip("\\ ") + "…"


def _shown(moment: datetime | None, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}" if moment else ""
