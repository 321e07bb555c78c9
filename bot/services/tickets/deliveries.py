"""Posts what a closed ticket asks for, each once: its row first, which is the lock, then Discord."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from loguru import logger

from bot.db.database import Database
from bot.domain.audience import Person
from bot.domain.tickets import TicketState
from bot.models import DeliveryKind, DeliveryStatus, Ticket, TicketDelivery
from bot.services.actions import nonce_for
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError

SEND_SECONDS: Final = 60.0  # for a post with its files


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload; `about` is read out to who can't see it."""

    name: str
    content: bytes
    about: str


@dataclass(frozen=True, slots=True)
class Post:
    """A message about a closed ticket.

    Attributes:
        kind: decides the buttons; RATING and CLOSED_DOORS go to its thread, MEMBER to its member.
        marker: the first line, by which an interrupted post is found again: the same at every try.
        text: the lines below.
        channel_id: where LOG and LESSON go.
    """

    kind: DeliveryKind
    ticket: Ticket
    marker: str
    text: str = ""
    channel_id: int | None = None
    files: tuple[File, ...] = ()


class ClosingDesk(Protocol):
    """Does in Discord what a closed ticket asks for. Every method raises a `ToolError` where it can't."""

    async def post(self, post: Post, nonce: str) -> int:
        """Post; return the message's id. A thread that is archived is archived afterwards, too."""
        ...

    async def find(self, post: Post, since: datetime) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        ...

    async def reader(self, ticket: Ticket) -> Person | None:
        """Return the ticket's member as a reader, None when they have left."""
        ...

    async def warn_owner(self, guild_id: int, warning: str) -> None:
        """Tell the server's owner."""
        ...


class ReopenedError(Exception):
    """The ticket is open again, was closed anew or is gone: nothing is posted for this closing."""


class Deliveries:
    """What was posted for closed tickets."""

    def __init__(self, database: Database, clock: Clock, desk: ClosingDesk) -> None:
        self._database = database
        self._clock = clock
        self._desk = desk

    async def deliver(
        self, ticket: Ticket, kind: DeliveryKind, make: Callable[[], Awaitable[Post | None]]
    ) -> TicketDelivery:
        """Post what `make` returns, unless that was done for this closing; None: nothing is wanted.

        Raises:
            ReopenedError: the ticket was reopened meanwhile, or is gone.
            UnreachableError: Discord doesn't answer; it is unknown whether it took effect.
        """
        key = (ticket.id, ticket.reopened, kind)
        async with self._database.transaction() as tx:
            begun = TicketDelivery(
                ticket_id=ticket.id, closing=ticket.reopened, kind=kind.value, created_at=self._clock.now()
            )
            is_new = await tx.ticket_deliveries.begin(begun)
            row = await tx.ticket_deliveries.get(*key)
            now = await tx.tickets.get(ticket.id)
        if row is None or not _is_closed(now, ticket):
            raise ReopenedError
        if row.status != DeliveryStatus.PENDING:
            return row
        fail_point("delivery.after_begin")
        post = await make()
        if post is None:
            return await self._finish(key, DeliveryStatus.SKIPPED)
        async with self._database.reading() as tx:
            now = await tx.tickets.get(ticket.id)
        if not _is_closed(now, ticket):  # meanwhile, with all that the post quotes
            raise ReopenedError
        try:
            async with asyncio.timeout(SEND_SECONDS):
                message_id = None if is_new else await self._desk.find(post, row.created_at)
                if message_id is None:
                    message_id = await self._desk.post(post, _nonce(*key))
        except (NotPermittedError, TargetGoneError, RefusedError) as error:  # no better in a minute
            logger.bind(guild_id=ticket.guild_id).warning(
                "Ticket {}: {} can't be posted: {}", ticket.number, kind.value, error
            )
            return await self._finish(key, DeliveryStatus.FAILED, detail=str(error)[:200])
        fail_point("delivery.after_post")
        return await self._finish(key, DeliveryStatus.SENT, message_id=message_id)

    async def end(self, ticket: Ticket) -> None:
        """Note that all of this closing is done."""
        fail_point("closing.before_end")
        key = (ticket.id, ticket.reopened, DeliveryKind.ALL)
        async with self._database.transaction() as tx:
            begun = TicketDelivery(
                ticket_id=ticket.id, closing=ticket.reopened, kind="all", created_at=self._clock.now()
            )
            await tx.ticket_deliveries.begin(begun)
            await tx.ticket_deliveries.finish(*key, DeliveryStatus.SKIPPED, self._clock.now())

    async def _finish(
        self,
        key: tuple[int, int, DeliveryKind],
        status: DeliveryStatus,
        *,
        message_id: int | None = None,
        detail: str = "",
    ) -> TicketDelivery:
        async with self._database.transaction() as tx:
            now = self._clock.now()
            await tx.ticket_deliveries.finish(*key, status, now, message_id=message_id, detail=detail)
            row = await tx.ticket_deliveries.get(*key)
        if row is None:  # its server was deleted meanwhile
            raise ReopenedError
        return row


def _is_closed(now: Ticket | None, ticket: Ticket) -> bool:
    """Whether a ticket is closed as it was, and its thread is still there."""
    if now is None or now.thread_id is None:
        return False
    return now.state == TicketState.CLOSED and now.reopened == ticket.reopened


def _nonce(ticket_id: int, closing: int, kind: DeliveryKind) -> str:
    subject = f"ticket/{ticket_id}/{closing}/{kind}"
    return nonce_for(subject)
