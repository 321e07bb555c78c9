"""The rows of questions in tickets: each begun together with what asks it."""

from bot.db.database import Transaction
from bot.domain.tickets import LIVING
from bot.models import Question, Ticket, TicketMessage


def is_the_bots(ticket: Ticket) -> bool:
    """Whether the bot may speak there: staff don't yet, and it isn't closed."""
    return not ticket.bot_muted and ticket.state in LIVING and ticket.thread_id is not None


def waits_for_staff(ticket: Ticket) -> bool:
    """Whether a ticket was handed over and staff haven't spoken there since."""
    if ticket.handed_over_at is None or ticket.state not in LIVING or ticket.thread_id is None:
        return False
    return ticket.last_staff_at is None or ticket.last_staff_at < ticket.handed_over_at


def key_of(ticket_id: int, message: TicketMessage | None) -> str:
    """Return the key of the question that a message asks; None for the ticket's opening."""
    return f"{ticket_id}/{message.message_id if message else 0}"


async def begin_question(tx: Transaction, ticket: Ticket, message: TicketMessage | None) -> None:
    """Write down that a question is to be answered, where the bot is to: a stop loses none that waits."""
    if is_the_bots(ticket):
        draft = Question(
            key=key_of(ticket.id, message),
            guild_id=ticket.guild_id,
            ticket_id=ticket.id,
            message_id=message.message_id if message else None,
            asked_at=message.created_at if message else ticket.opened_at,
        )
        await tx.questions.begin(draft)
