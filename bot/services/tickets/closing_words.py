"""What is said of a closed ticket beside its transcript. Pure functions."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.markdown import escape_markdown
from bot.domain.outgoing import prepare
from bot.domain.tickets import Role
from bot.models import Ticket
from bot.services.tickets.transcripts import Said
from bot.services.tickets.wording import ASKED, TAKEN_OVER
from bot.texts import text

# It is left out of summaries by these words, so that the line they begin stays as it is.
CLOSED: Final = "This ticket was closed"
MAX_SUMMARY: Final = 1_200  # characters in a message; the files have all of it
MAX_REASON: Final = 300


def facts_of(ticket: Ticket, category: str, zone: str, *, hides_opener: bool) -> tuple[tuple[str, str], ...]:
    """Return the lines of a transcript's head."""
    facts = [
        (text("ticket_transcript.opened_by"), "" if hides_opener else ticket.opener_name),
        (text("ticket_transcript.opened"), _shown(ticket.opened_at, zone)),
        (text("ticket_transcript.answered"), _shown(ticket.first_response_at, zone)),
        (text("ticket_transcript.closed"), _shown(ticket.closed_at, zone)),
        (text("ticket_transcript.reason"), ticket.close_reason),
        (text("ticket_transcript.category"), category),
        (text("ticket_transcript.priority"), text(f"tickets.priority_{ticket.priority}")),
    ]
    return tuple((name, value) for name, value in facts if value)


def closed_text(ticket: Ticket) -> str:
    """Return what a ticket's thread is told when it closes."""
    by = f"by <@{ticket.closed_by}>" if ticket.closed_by else "by itself"
    why = f": {escape_markdown(ticket.close_reason)}" if ticket.close_reason else ""
    again = text("ticket_life.reopen_hint", number=ticket.number)
    return f"{CLOSED} {by}{why}\n{again}"


def is_notice(said: Said) -> bool:
    """Whether a message is the bot's own word on where the ticket stands: no summary repeats it."""
    return said.role == Role.BOT and any(words in said.text for words in (CLOSED, ASKED, TAKEN_OVER))


def staff_text(ticket: Ticket, summary: str, count: int, *, hides_opener: bool) -> str:
    """Return what the log channel is told; mentions in it ping nobody."""
    lines: list[str] = []
    if not hides_opener:
        member, title = f"<@{ticket.opener_id}>", escape_markdown(ticket.title)
        lines.append(text("ticket_closing.log_opened", member=member, title=title))
    closed = text("ticket_closing.log_closed_itself")
    if ticket.closed_by:
        closed = text("ticket_closing.log_closed", member=f"<@{ticket.closed_by}>")
    if ticket.close_reason:
        closed += f": {_cut(escape_markdown(ticket.close_reason), MAX_REASON)}"
    thread = f"<#{ticket.thread_id}>"
    said = text("ticket_closing.log_messages", count=f"{count:,}", thread=thread)
    if count == 1:
        said = text("ticket_closing.log_message", thread=thread)
    return "\n".join([*lines, closed, said]) + _quoted(summary)


def member_text(ticket: Ticket, summary: str, server: str) -> str:
    """Return what the ticket's member is told."""
    reason = ""
    if ticket.close_reason:
        shown = _cut(escape_markdown(ticket.close_reason), MAX_REASON)
        reason = "\n" + text("ticket_closing.member_reason", reason=shown)
    question = text("ticket_closing.member_question")
    return f"{escape_markdown(ticket.title)} ({server}){reason}{_quoted(summary)}\n{question}"


def _quoted(summary: str) -> str:
    lines = prepare(_cut(summary, MAX_SUMMARY)).split("\n")
    return "".join(f"\n> {line}" for line in lines) if summary else ""


def _cut(words: str, limit: int) -> str:
    return words if len(words) <= limit else words[: limit - 1].rstrip("\\ ") + "…"


def _shown(moment: datetime | None, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}" if moment else ""
