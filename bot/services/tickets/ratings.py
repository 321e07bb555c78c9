"""What members say of the help they got."""

from collections.abc import Sequence

from bot.db.database import Database
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.tickets import TicketState
from bot.models import Ticket, TicketEvent
from bot.services.arrival_rows import clean
from bot.services.clock import Clock
from bot.services.tickets.ports import OptedOut
from bot.texts import text

BEST = 5
MAX_COMMENT = 500  # characters
COMMENT = "rating_comment"  # kind of event


class TicketRatings:
    """Keeps the ratings of closed tickets; the last one counts. Who may rate was checked before."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.opted_out: OptedOut = lambda _guild_id, _user_id: False  # of whom nothing is shown

    async def find(self, ticket_id: int) -> Ticket:
        """Return a ticket, of whichever server: its member may rate it in direct messages.

        Raises:
            NotFoundError: there is no such ticket.
        """
        async with self._database.reading() as tx:
            return _there(await tx.tickets.get(ticket_id))

    async def rate(self, ticket_id: int, rating: int) -> Ticket:
        """Note what a ticket's member says of the help, from 1 to `BEST`.

        Raises:
            NotFoundError: there is no such ticket.
            UserFacingError: it isn't closed.
        """
        if not 1 <= rating <= BEST:
            raise UserFacingError(text("ticket_closing.rating_bounds", best=BEST))
        async with self._database.transaction() as tx:
            ticket = _there(await tx.tickets.get(ticket_id))
            if ticket.state != TicketState.CLOSED:
                raise UserFacingError(text("ticket_closing.rating_open"))
            now = self._clock.now()
            await tx.tickets.set_quietly(ticket_id, {"rating": rating, "rated_at": now})
            event = TicketEvent(
                ticket_id=ticket_id, kind="rated", actor_id=ticket.opener_id, detail={"rating": rating},
                at=now,
            )  # fmt: skip
            await tx.tickets.note(event)
        return ticket

    async def comment(self, ticket_id: int, written: str) -> None:
        """Note what a ticket's member has to say beside the number.

        Raises:
            NotFoundError: there is no such ticket.
            UserFacingError: they said nothing.
        """
        said = clean(written).strip()[:MAX_COMMENT]
        if not said:
            raise UserFacingError(text("ticket_closing.comment_empty"))
        async with self._database.transaction() as tx:
            ticket = _there(await tx.tickets.get(ticket_id))
            event = TicketEvent(
                ticket_id=ticket_id, kind=COMMENT, actor_id=ticket.opener_id,
                detail={"text": said}, at=self._clock.now(),
            )  # fmt: skip
            await tx.tickets.note(event)

    async def comments(self, ticket: Ticket) -> Sequence[TicketEvent]:
        """Return what a ticket's member said beside their ratings, oldest first; for staff's eyes."""
        if self.opted_out(ticket.guild_id, ticket.opener_id):
            return []
        async with self._database.reading() as tx:
            return await tx.tickets.events(ticket.id, COMMENT)


def _there(ticket: Ticket | None) -> Ticket:
    if ticket is None:
        raise NotFoundError(text("ticket_closing.unknown_ticket"))
    return ticket
