"""Opening a ticket: its row first, which is the lock, then its thread, then that is recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from loguru import logger

from bot.db.database import Database, Transaction
from bot.domain.errors import UserFacingError
from bot.domain.signal import Urgency
from bot.domain.tickets import (
    LIVING,
    MAX_ENVIRONMENT,
    MAX_QUESTION,
    MAX_TITLE,
    TicketMode,
    TicketState,
    post_of,
    priority_of,
)
from bot.models import Ticket, TicketEvent, TicketSettings
from bot.services.arrival_rows import clean
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.tasks import TaskSet
from bot.services.tickets.asking import begin_question
from bot.services.tickets.display import TicketDisplay
from bot.services.tickets.ports import Responder
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError

NOT_SET_UP: Final = "Tickets aren't set up here yet. Staff can do that with `/setup`."


@dataclass(frozen=True, slots=True)
class Wish:
    """A ticket somebody wants."""

    key: str  # of the form or message: the same wish is granted once
    guild_id: int
    opener_id: int
    opener_name: str
    title: str
    question: str
    environment: str = ""
    category_id: int | None = None
    source_channel_id: int | None = None
    source_message_id: int | None = None
    actor_id: int | None = None  # who opens it for the member; None: they themselves


class TicketOpening:
    """Opens tickets, each once, and finishes what was interrupted."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: TicketSettingsService,
        display: TicketDisplay,
        urgency_of: Callable[[str], Urgency],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._display = display
        self._urgency_of = urgency_of
        self._in_hand: set[int] = set()
        self._answering = TaskSet()
        self.responder: Responder | None = None
        self.on_placed: Callable[[Ticket], None] = lambda _ticket: None  # called once its thread is recorded

    def check_ready(self, guild_id: int) -> TicketSettings:
        """Return a server's settings where tickets can be opened.

        Raises:
            UserFacingError: there is no place for them.
        """
        settings = self._settings.of(guild_id)
        if settings.parent_id is None:
            raise UserFacingError(NOT_SET_UP)
        return settings

    async def check_may_open(self, guild_id: int, opener_id: int) -> None:
        """Check that a member may open a ticket now, before they write it.

        Raises:
            UserFacingError: tickets aren't set up, or the member has to wait.
        """
        settings = self.check_ready(guild_id)
        async with self._database.reading() as tx:
            await self._check_limits(tx, settings, opener_id)

    async def open(self, wish: Wish) -> Ticket:
        """Open a ticket; the same wish returns the ticket that it opened.

        Raises:
            UserFacingError: it can't be opened, or not at once.
        """
        settings = self.check_ready(wish.guild_id)
        async with self._database.transaction() as tx:
            known = await tx.tickets.by_key(wish.key)
            if known is not None and known.state == TicketState.CLOSED:
                raise UserFacingError(_closed(known))
            if known is not None:
                return known
            number = await tx.tickets.next_number(wish.guild_id)  # also makes a member's wishes wait in line
            if number is None:
                raise UserFacingError(NOT_SET_UP)  # the server's data was deleted
            await self._check_limits(tx, settings, wish.opener_id)
            ticket = await tx.tickets.add(self._ticket(wish, settings, number))
            if ticket is None:
                raise UserFacingError("That ticket is being opened already.")
            await self._note(tx, ticket, "opened", wish.actor_id or wish.opener_id)
            self._in_hand.add(ticket.id)  # before anybody else can see it
        fail_point("ticket.after_row")
        try:
            return await self._place(ticket, again=False)
        finally:
            self._in_hand.discard(ticket.id)

    async def resume(self, ticket: Ticket) -> None:
        """Finish opening a ticket that was interrupted."""
        if ticket.id in self._in_hand or ticket.thread_id is not None or ticket.state not in LIVING:
            return
        self._in_hand.add(ticket.id)
        try:
            await self._place(ticket, again=True)
        except UserFacingError as error:  # nobody waits for it any more
            logger.bind(guild_id=ticket.guild_id).warning("Ticket {}: {}", ticket.number, error)
        finally:
            self._in_hand.discard(ticket.id)

    async def close(self) -> None:
        """Stop answering."""
        await self._answering.cancel()

    def _ticket(self, wish: Wish, settings: TicketSettings, number: int) -> Ticket:
        assert settings.parent_id is not None  # checked
        question = clean(wish.question)[:MAX_QUESTION]
        return Ticket(
            guild_id=wish.guild_id,
            number=number,
            key=wish.key,
            parent_id=settings.parent_id,
            is_private=settings.mode == TicketMode.PRIVATE,
            opener_id=wish.opener_id,
            opener_name=wish.opener_name[:100],
            category_id=wish.category_id,
            state=TicketState.OPEN.value,
            priority=priority_of(self._urgency_of(f"{wish.title}\n{question}")).value,
            title=" ".join(clean(wish.title).split())[:MAX_TITLE] or "Ticket",
            question=question,
            environment=clean(wish.environment)[:MAX_ENVIRONMENT],
            source_channel_id=wish.source_channel_id,
            source_message_id=wish.source_message_id,
            opened_at=self._clock.now(),
        )

    async def _check_limits(self, tx: Transaction, settings: TicketSettings, opener_id: int) -> None:
        count, newest = await tx.tickets.of_member(settings.guild_id, opener_id)
        if count >= settings.max_open:
            have = "an open ticket" if count == 1 else f"{count} open tickets"
            raise UserFacingError(
                f"There can be {settings.max_open} at a time, and you have {have}. Close one with `/close`."
            )
        again_at = newest + timedelta(seconds=settings.cooldown_seconds) if newest else None
        if again_at is not None and again_at > self._clock.now():
            raise UserFacingError(f"You can open the next ticket <t:{int(again_at.timestamp()) + 1}:R>.")

    async def _place(self, ticket: Ticket, *, again: bool) -> Ticket:
        """Make the ticket's thread and record it."""
        try:
            placed = await self._display.desk.open(self._display.view(ticket), again=again)
        except (NotPermittedError, TargetGoneError, RefusedError) as error:
            raise await self._give_up(ticket, error) from error
        except ToolError as error:
            logger.bind(guild_id=ticket.guild_id).warning("Ticket {} waits: {}", ticket.number, error)
            raise UserFacingError(
                f"Discord doesn't answer right now. Your ticket #{ticket.number:04} is noted; I open it as "
                "soon as it does."
            ) from error
        fail_point("ticket.after_thread")
        values = {"thread_id": placed.thread_id, "card_message_id": placed.card_message_id}
        async with self._database.transaction() as tx:
            await tx.tickets.set_quietly(ticket.id, values)
            await tx.tickets.shown(ticket.id, ticket.version)
            made = await tx.tickets.get(ticket.id)
            if made is not None and self.responder is not None:
                await begin_question(tx, made, None)
        if made is None:
            raise UserFacingError("This server's tickets were deleted meanwhile.")
        self.on_placed(made)
        if self.responder is not None:
            self._answering.spawn(self.responder.opened(made), f"answer ticket {made.id}")
        return made

    async def _give_up(self, ticket: Ticket, error: ToolError) -> UserFacingError:
        """Close a ticket that can't be opened; return what its member is told."""
        why = str(error)
        if isinstance(error, NotPermittedError):
            told = f"I lack **{error.missing}** in <#{ticket.parent_id}>"
        elif isinstance(error, TargetGoneError) and post_of(ticket.key) is not None:
            told = "its post is gone"
        elif isinstance(error, TargetGoneError):
            told = "the channel for tickets is gone"
            await self._settings.forget_channel(ticket.guild_id, ticket.parent_id)
        else:
            told = f"Discord refuses it ({why[:100]})"
        now = self._clock.now()
        values = {
            "state": TicketState.CLOSED.value,
            "key": f"not opened {ticket.id}",  # the same wish may be granted another time
            "closed_at": now,
            "close_reason": f"not opened: {why}"[:500],
        }
        async with self._database.transaction() as tx:
            closed = await tx.tickets.change(ticket.id, values, states=LIVING)
            if closed is not None:
                await tx.tickets.shown(ticket.id, closed.version)  # there is nothing to show
                await self._note(tx, ticket, "not_opened", None, reason=why[:200])
        await self._display.tell_staff(
            ticket.guild_id, f"I couldn't open ticket #{ticket.number:04} for <@{ticket.opener_id}>: {told}."
        )
        return UserFacingError(f"I can't open your ticket: {told}. Please tell staff.")

    async def _note(
        self, tx: Transaction, ticket: Ticket, kind: str, actor_id: int | None, **detail: str
    ) -> None:
        event = TicketEvent(
            ticket_id=ticket.id, kind=kind, actor_id=actor_id, detail=detail or None, at=self._clock.now()
        )
        await tx.tickets.note(event)


def _closed(ticket: Ticket) -> str:
    """Return what is said to who wishes for a ticket that was opened and is closed."""
    told = f"This was asked in ticket #{ticket.number:04}, which is closed."
    if ticket.thread_id is None:
        return f"{told} Its thread is gone: open a new ticket."
    return f"{told} It can be opened again with `/reopen number:{ticket.number}`."
