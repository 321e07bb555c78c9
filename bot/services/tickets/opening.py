"""Opening a ticket: its row first, which is the lock, then its thread, then that is recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

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
from bot.services.tickets.ports import OptedOut, Responder
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError
from bot.texts import text


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
        self.opted_out: OptedOut = lambda _guild_id, _user_id: False  # of whom nothing is stored

    def check_ready(self, guild_id: int) -> TicketSettings:
        """Return a server's settings where tickets can be opened.

        Raises:
            UserFacingError: there is no place for them.
        """
        settings = self._settings.of(guild_id)
        if settings.parent_id is None:
            raise UserFacingError(text("ticket_life.not_set_up"))
        return settings

    async def check_may_open(self, guild_id: int, opener_id: int, actor_id: int | None = None) -> None:
        """Check that a member may open a ticket now, before they, or `actor_id` for them, write it.

        Raises:
            UserFacingError: tickets aren't set up, the member has to wait, or opted out of being stored.
        """
        settings = self.check_ready(guild_id)
        self._check_wanted(guild_id, opener_id, actor_id)
        async with self._database.reading() as tx:
            await self._check_limits(tx, settings, opener_id)

    async def open(self, wish: Wish) -> Ticket:
        """Open a ticket; the same wish returns the ticket that it opened.

        Raises:
            UserFacingError: it can't be opened, or not at once.
        """
        settings = self.check_ready(wish.guild_id)
        self._check_wanted(wish.guild_id, wish.opener_id, wish.actor_id)
        async with self._database.transaction() as tx:
            known = await tx.tickets.by_key(wish.key)
            if known is not None and known.state == TicketState.CLOSED:
                raise UserFacingError(_closed(known))
            if known is not None:
                return known
            number = await tx.tickets.next_number(wish.guild_id)  # also makes a member's wishes wait in line
            if number is None:
                raise UserFacingError(text("ticket_life.not_set_up"))  # the server's data was deleted
            await self._check_limits(tx, settings, wish.opener_id)
            ticket = await tx.tickets.add(self._ticket(wish, settings, number))
            if ticket is None:
                raise UserFacingError(text("ticket_life.opening_already"))
            await self._note(tx, ticket, "opened", wish.actor_id or wish.opener_id)
            self._in_hand.add(ticket.id)  # before anybody else can see it
        fail_point("ticket.after_row")
        try:
            return await self._place(ticket, again=False)
        finally:
            self._in_hand.discard(ticket.id)

    def _check_wanted(self, guild_id: int, opener_id: int, actor_id: int | None) -> None:
        if self.opted_out(guild_id, opener_id):
            if actor_id in (None, opener_id):
                raise UserFacingError(text("privacy.ticket_opted_out"))
            raise UserFacingError(text("privacy.ticket_other_opted_out"))

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
            title=" ".join(clean(wish.title).split())[:MAX_TITLE] or text("ticket_life.untitled"),
            question=question,
            environment=clean(wish.environment)[:MAX_ENVIRONMENT],
            source_channel_id=wish.source_channel_id,
            source_message_id=wish.source_message_id,
            opened_at=self._clock.now(),
        )

    async def _check_limits(self, tx: Transaction, settings: TicketSettings, opener_id: int) -> None:
        count, newest = await tx.tickets.of_member(settings.guild_id, opener_id)
        if count >= settings.max_open:
            if count == 1:
                raise UserFacingError(text("ticket_life.has_one", most=settings.max_open))
            raise UserFacingError(text("ticket_life.has_many", most=settings.max_open, count=count))
        again_at = newest + timedelta(seconds=settings.cooldown_seconds) if newest else None
        if again_at is not None and again_at > self._clock.now():
            moment = f"<t:{int(again_at.timestamp()) + 1}:R>"
            raise UserFacingError(text("ticket_life.too_soon", moment=moment))

    async def _place(self, ticket: Ticket, *, again: bool) -> Ticket:
        """Make the ticket's thread and record it."""
        try:
            placed = await self._display.desk.open(self._display.view(ticket), again=again)
        except (NotPermittedError, TargetGoneError, RefusedError) as error:
            raise await self._give_up(ticket, error) from error
        except ToolError as error:
            logger.bind(guild_id=ticket.guild_id).warning("Ticket {} waits: {}", ticket.number, error)
            raise UserFacingError(text("ticket_life.discord_silent", number=f"{ticket.number:04}")) from error
        fail_point("ticket.after_thread")
        values = {"thread_id": placed.thread_id, "card_message_id": placed.card_message_id}
        async with self._database.transaction() as tx:
            await tx.tickets.set_quietly(ticket.id, values)
            await tx.tickets.shown(ticket.id, ticket.version)
            made = await tx.tickets.get(ticket.id)
            if made is not None and self.responder is not None:
                await begin_question(tx, made, None)
        if made is None:
            raise UserFacingError(text("ticket_life.all_deleted"))
        self.on_placed(made)
        if self.responder is not None:
            self._answering.spawn(self.responder.opened(made), f"answer ticket {made.id}")
        return made

    async def _give_up(self, ticket: Ticket, error: ToolError) -> UserFacingError:
        """Close a ticket that can't be opened; return what its member is told."""
        why = str(error)
        if isinstance(error, NotPermittedError):
            told = text("ticket_life.lacking", missing=error.missing, channel=f"<#{ticket.parent_id}>")
        elif isinstance(error, TargetGoneError) and post_of(ticket.key) is not None:
            told = text("ticket_life.post_gone")
        elif isinstance(error, TargetGoneError):
            told = text("ticket_life.channel_gone")
            await self._settings.forget_channel(ticket.guild_id, ticket.parent_id)
        else:
            told = text("ticket_life.refused", why=why[:100])
        now = self._clock.now()
        values = {
            "state": TicketState.CLOSED.value,
            "key": f"not opened {ticket.id}",  # the same wish may be granted another time
            "closed_at": now,
            "close_reason": text("ticket_life.reason_not_opened", why=why)[:500],
        }
        async with self._database.transaction() as tx:
            closed = await tx.tickets.change(ticket.id, values, states=LIVING)
            if closed is not None:
                await tx.tickets.shown(ticket.id, closed.version)  # there is nothing to show
                await self._note(tx, ticket, "not_opened", None, reason=why[:200])
        failed = text(
            "ticket_life.not_opened",
            number=f"{ticket.number:04}",
            member=f"<@{ticket.opener_id}>",
            why=told,
        )
        await self._display.tell_staff(ticket.guild_id, failed)
        return UserFacingError(text("ticket_life.not_opened_member", why=told))

    async def _note(
        self, tx: Transaction, ticket: Ticket, kind: str, actor_id: int | None, **detail: str
    ) -> None:
        event = TicketEvent(
            ticket_id=ticket.id, kind=kind, actor_id=actor_id, detail=detail or None, at=self._clock.now()
        )
        await tx.tickets.note(event)


def _closed(ticket: Ticket) -> str:
    """Return what is said to who wishes for a ticket that was opened and is closed."""
    number = f"{ticket.number:04}"
    if ticket.thread_id is None:
        return text("ticket_life.asked_before_gone", number=number)
    told = text("ticket_life.asked_before", number=number)
    return f"{told} {text('ticket_life.reopen_hint', number=ticket.number)}"
