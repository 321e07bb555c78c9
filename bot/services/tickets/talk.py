"""What a question in a ticket is, with what was said before it, as much of it as a model can take."""

from collections.abc import Sequence
from typing import Final

from bot.domain.tickets import Role
from bot.llm.ollama_sizes import tokens_of
from bot.models import Ticket, TicketMessage
from bot.services.answer_writing import Talk
from bot.services.writing import BOT

MOST_MESSAGES: Final = 20
MOST_TOKENS: Final = 2_000  # of what was said before
MOST_SEARCHED: Final = 2_000  # characters


def talk_of(
    ticket: Ticket, messages: Sequence[TicketMessage], asked: TicketMessage | None, server: str
) -> Talk:
    """Return the question and what was said before it; `asked` is None where the ticket has just opened."""
    if asked is None:
        return Talk(opening_of(ticket), ticket.opener_name, (), server)
    before = [each for each in messages if each.message_id < asked.message_id and each.content.strip()]
    said = [(ticket.opener_name, opening_of(ticket))]
    said += [(BOT if each.role == Role.BOT else each.author_name, each.content) for each in before]
    return Talk(asked.content, asked.author_name, recent(said), server)


def opening_of(ticket: Ticket) -> str:
    """Return all that a ticket was opened with."""
    environment = f"\n({ticket.environment})" if ticket.environment else ""
    return f"{ticket.title}\n{ticket.question}{environment}"


def recent(said: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the newest of what was said, oldest first; always the newest one, cut if need be."""
    kept: list[tuple[str, str]] = []
    left = MOST_TOKENS
    for author, text in reversed(said[-MOST_MESSAGES:]):
        left -= tokens_of(text)
        if left < 0 and kept:
            break
        kept.append((author, text[:MOST_TOKENS]))  # a token has one character or more
    return tuple(kept[::-1])


def searches(ticket: Ticket, messages: Sequence[TicketMessage], asked: TicketMessage | None) -> list[str]:
    """Return the texts by which an answer is looked for, the likeliest first.

    What a member has just written often says little without what they wrote before it.
    """
    if asked is None:
        title = " ".join(ticket.title.split())
        is_new = title.casefold() not in " ".join(ticket.question.split()).casefold()
        return [ticket.question, *([f"{title}\n{ticket.question}"[:MOST_SEARCHED]] if is_new else [])]
    before = [
        each.content
        for each in messages
        if each.message_id < asked.message_id and each.role == Role.MEMBER and each.content.strip()
    ]
    previous = before[-1] if before else ticket.question
    return [asked.content, f"{previous}\n{asked.content}"[-MOST_SEARCHED:]]
