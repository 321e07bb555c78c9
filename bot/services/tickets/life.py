"""The life of a ticket once it is open: claimed, handed on, noted on, resolved, closed, reopened, lost."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from loguru import logger

from bot.db.database import Database, Transaction
from bot.db.tickets import TicketFilter
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.tickets import (
    LIVING,
    MAX_REASON,
    Priority,
    Role,
    TicketState,
    state_after_message,
    states_before,
    timers_from,
)
from bot.models import Ticket, TicketEvent
from bot.services.arrival_rows import clean
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.tickets.closing_words import closed_text
from bot.services.tickets.display import TicketDisplay
from bot.services.tickets.ports import ClosedHook
from bot.services.tickets.settings import TicketSettingsService
from bot.texts import text

NO_TIMERS: dict[str, Any] = {"remind_at": None, "close_at": None}
PAGE = 10  # tickets in a list
MAX_NOTE = 1_000  # characters
FORGOTTEN = 100  # tickets of a deleted channel in one query


class TicketPage(NamedTuple):
    """A page of a list of tickets."""

    tickets: Sequence[Ticket]
    number: int  # of the page, from 0
    pages: int
    total: int


class TicketLife:
    """Moves tickets for members and staff; who may do what was checked before."""

    def __init__(
        self, database: Database, clock: Clock, settings: TicketSettingsService, display: TicketDisplay
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._display = display
        self.closed: list[ClosedHook] = []  # called after a ticket has closed, before its thread is archived
        display.on_gone = self.thread_gone

    async def get(self, guild_id: int, ticket_id: int) -> Ticket:
        """Return a ticket of this server.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.reading() as tx:
            ticket = await tx.tickets.get(ticket_id)
        if ticket is None or ticket.guild_id != guild_id:
            raise NotFoundError(text("ticket_life.unknown"))
        return ticket

    async def find(self, guild_id: int, place_id: int, number: int | None = None) -> Ticket:
        """Return the ticket of this number, or the one that lives in this place.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.reading() as tx:
            if number is not None:
                ticket = await tx.tickets.by_number(guild_id, number)
            else:
                ticket = await tx.tickets.by_thread(place_id)
        if ticket is None or ticket.guild_id != guild_id:
            if number is None:
                raise NotFoundError(text("ticket_life.no_ticket_here"))
            raise NotFoundError(text("ticket_life.no_such_number", number=f"{number:04}"))
        return ticket

    async def list_tickets(
        self,
        guild_id: int,
        number: int,
        *,
        state: str | None = None,
        claimed_by: int | None = None,
        category_id: int | None = None,
        opener_id: int | None = None,
    ) -> TicketPage:
        """Return a page of the server's tickets, newest first; the last one where there are fewer.

        Args:
            guild_id: of which server.
            number: of the page, from 0.
            state: None for all but the closed.
            claimed_by: who has them; None for all.
            category_id: None for all.
            opener_id: whose they are; None for all.
        """
        wanted = TicketFilter(state, claimed_by, category_id, opener_id)
        async with self._database.reading() as tx:
            _, total = await tx.tickets.page(guild_id, wanted, 0, 0)
            pages = max(1, -(-total // PAGE))
            number = min(max(0, number), pages - 1)
            tickets, _ = await tx.tickets.page(guild_id, wanted, number * PAGE, PAGE)
        return TicketPage(tickets, number, pages, total)

    async def claim(self, ticket: Ticket, user_id: int) -> Ticket:
        """Take a ticket that nobody has.

        Raises:
            UserFacingError: somebody else was quicker, or it is closed.
        """
        async with self._database.transaction() as tx:
            claimed = await tx.tickets.claim(ticket.id, None, user_id)
            if claimed is not None:
                await tx.tickets.note(self._event(ticket.id, "claimed", user_id))
            now = await tx.tickets.get(ticket.id)
        if claimed is None:
            if now is not None and now.claimed_by == user_id:
                raise UserFacingError(text("ticket_life.claimed_by_you"))
            if now is not None and now.claimed_by is not None:
                raise UserFacingError(text("ticket_life.claimed_by", member=f"<@{now.claimed_by}>"))
            raise _closed()
        await self._display.show(ticket.id)
        return claimed

    async def transfer(self, ticket: Ticket, actor_id: int, user_id: int | None) -> Ticket:
        """Hand a ticket to another member of staff; None leaves it to whoever claims it next.

        Raises:
            UserFacingError: it has changed hands meanwhile, is theirs already, or is closed.
        """
        if ticket.claimed_by == user_id:
            if user_id:
                raise UserFacingError(text("ticket_life.claimed_by_them"))
            raise UserFacingError(text("ticket_life.claimed_by_nobody"))
        async with self._database.transaction() as tx:
            handed = await tx.tickets.claim(ticket.id, ticket.claimed_by, user_id)
            if handed is not None:
                detail = {"from": str(ticket.claimed_by or ""), "to": str(user_id or "")}
                await tx.tickets.note(self._event(ticket.id, "transferred", actor_id, **detail))
        if handed is None:
            if ticket.state == TicketState.CLOSED:
                raise _closed()
            raise UserFacingError(text("ticket_life.changed"))
        await self._display.show(ticket.id)
        return handed

    async def set_priority(self, ticket: Ticket, actor_id: int, priority: Priority) -> Ticket:
        """Say how soon staff should look.

        Raises:
            UserFacingError: it has this priority already, or is closed.
        """
        async with self._database.transaction() as tx:
            now = await tx.tickets.get(ticket.id)
            before = now.priority if now else ""
            if now is not None and now.state in LIVING and before == priority:
                known = text(f"tickets.priority_{priority}")
                raise UserFacingError(text("ticket_life.same_priority", priority=known))
            changed = await tx.tickets.change(ticket.id, {"priority": priority.value}, states=LIVING)
            if changed is None:
                raise _closed()
            detail = {"from": before, "to": priority.value}
            await tx.tickets.note(self._event(ticket.id, "priority", actor_id, **detail))
        await self._display.show(ticket.id)
        return changed

    async def note(self, ticket: Ticket, actor_id: int, written: str) -> None:
        """Keep a note for staff."""
        async with self._database.transaction() as tx:
            await tx.tickets.note(self._event(ticket.id, "note", actor_id, text=clean(written)[:MAX_NOTE]))

    async def notes(self, ticket: Ticket) -> Sequence[TicketEvent]:
        """Return staff's notes, oldest first."""
        async with self._database.reading() as tx:
            return await tx.tickets.events(ticket.id, "note")

    async def resolve(self, ticket: Ticket, actor_id: int | None) -> Ticket:
        """Note that a ticket is answered: it closes by itself unless its member writes again.

        Raises:
            UserFacingError: it is resolved or closed already.
        """
        now = self._clock.now()
        timers = timers_from(TicketState.RESOLVED, now, self._settings.rules(ticket.guild_id))
        values = {"resolved_at": now, "remind_at": None, "close_at": timers.close_at}
        moved = await self._move(ticket, TicketState.RESOLVED, "resolved", actor_id, values)
        if moved is None:
            raise UserFacingError(text("ticket_life.resolved_already"))
        await self._display.show(ticket.id)
        return moved

    async def close(
        self,
        ticket: Ticket,
        actor_id: int | None,
        reason: str,
        *,
        states: Collection[TicketState] = states_before(TicketState.CLOSED),
    ) -> Ticket:
        """Close a ticket; its thread is archived and locked.

        Args:
            ticket: which.
            actor_id: who closes it; None for the bot by itself.
            reason: shown to its member.
            states: from which it may be closed.

        Raises:
            UserFacingError: it is closed already.
        """
        reason = clean(reason).strip()[:MAX_REASON]
        now = self._clock.now()
        values = {"closed_at": now, "closed_by": actor_id, "close_reason": reason, **NO_TIMERS}
        closed = await self._move(ticket, TicketState.CLOSED, "closed", actor_id, values, states)
        if closed is None:
            raise UserFacingError(text("ticket_life.closed_already"))
        fail_point("closing.after_commit")
        told = closed_text(closed)
        if actor_id != closed.opener_id and not closed.member_left:
            told = f"<@{closed.opener_id}> {told}"
        await self._display.say(closed, told, f"closed/{closed.version}")
        for hook in self.closed:
            try:
                await hook(closed)
            except Exception as error:  # noqa: BLE001  (it is closed, whatever else comes of it)
                log = logger.bind(guild_id=ticket.guild_id)
                log.opt(exception=error).error("After closing ticket {} something failed", ticket.number)
        fail_point("closing.before_show")
        await self._display.show(ticket.id, anew=True)  # saying it opens a thread archived meanwhile
        return closed

    async def reopen(self, ticket: Ticket, actor_id: int, *, limited: bool = False) -> Ticket:
        """Open a closed ticket again; its member is answered by the bot again, as in a new one.

        Args:
            ticket: which.
            actor_id: who opens it again.
            limited: whether its member's open tickets are counted; not for who just writes there.

        Raises:
            UserFacingError: it isn't closed, its thread is gone, or its member has enough open tickets.
        """
        if ticket.state == TicketState.CLOSED and ticket.thread_id is None:
            raise UserFacingError(text("ticket_life.thread_gone"))
        by_member = actor_id == ticket.opener_id
        values: dict[str, Any] = {
            "closed_at": None, "closed_by": None, "close_reason": "", "resolved_at": None, **NO_TIMERS,
            "reopened": ticket.reopened + 1,
        }  # fmt: skip
        if by_member:
            values |= {"bot_muted": False, "handed_over_at": None, "queue_message_id": None}
        if limited and by_member:
            await self._check_open(ticket)
        opened = await self._move(ticket, TicketState.OPEN, "reopened", actor_id, values)
        if opened is None:
            raise UserFacingError(text("ticket_life.open_already"))
        await self._display.show(ticket.id)
        return opened

    async def _check_open(self, ticket: Ticket) -> None:
        most = self._settings.of(ticket.guild_id).max_open
        async with self._database.reading() as tx:
            count, _ = await tx.tickets.of_member(ticket.guild_id, ticket.opener_id)
        if ticket.state == TicketState.CLOSED and count >= most:
            raise UserFacingError(text("ticket_life.all_open", count=most))

    async def spoken(self, tx: Transaction, ticket: Ticket, role: Role, at: datetime) -> Ticket:
        """Note that somebody spoke in a ticket at `at`: whom it waits for now, and since when."""
        state = state_after_message(TicketState(ticket.state), role)
        if ticket.state == TicketState.CLOSED or role not in (Role.MEMBER, Role.STAFF):
            return ticket
        if role is Role.MEMBER:
            values: dict[str, Any] = {"last_member_at": at, "resolved_at": None, **NO_TIMERS}
            if ticket.member_left:
                values["member_left"] = False
        else:
            timers = timers_from(state, at, self._settings.rules(ticket.guild_id))
            values = {
                "last_staff_at": at, "bot_muted": True,
                "remind_at": timers.remind_at, "close_at": timers.close_at,
            }  # fmt: skip
            if ticket.first_response_at is None:
                values |= {"first_response_at": at, "first_response_by": "staff"}
        if state != ticket.state:
            to = {"state": state.value}
            moved = await tx.tickets.change(ticket.id, to | values, states=states_before(state))
            if moved is not None:
                await tx.tickets.note(self._event(ticket.id, "state", None, **to))
                return moved
        if "member_left" in values:  # which the card shows
            await tx.tickets.change(ticket.id, values, states=LIVING)
        else:
            await tx.tickets.set_quietly(ticket.id, values)
        return await tx.tickets.get(ticket.id) or ticket

    async def thread_gone(self, ticket: Ticket) -> None:
        """Note that a ticket's thread was deleted, and forget what was said there."""
        now = self._clock.now()
        values = {"closed_at": now, "close_reason": text("ticket_life.reason_thread"), **NO_TIMERS}
        async with self._database.transaction() as tx:
            await tx.ticket_texts.forget(ticket.id, now)
            closed = await tx.tickets.change(
                ticket.id, {"state": TicketState.CLOSED.value, **values}, states=LIVING
            )
            await tx.tickets.set_quietly(ticket.id, {"thread_id": None, "card_message_id": None})
            if closed is not None:
                await tx.tickets.shown(ticket.id, closed.version)  # there is nothing to show
            if ticket.thread_id is not None:
                await tx.tickets.note(self._event(ticket.id, "thread_deleted", None))
            left = await tx.tickets.get(ticket.id)
        if left is not None and ticket.thread_id is not None:  # staff's message quotes it
            await self._display.on_shown(left.model_copy(update={"thread_id": ticket.thread_id}))
        if closed is not None:
            member, number = f"<@{ticket.opener_id}>", f"{ticket.number:04}"
            told = text("ticket_life.thread_deleted", member=member, number=number)
            await self._display.tell_staff(ticket.guild_id, told)

    async def channel_gone(self, guild_id: int, channel_id: int) -> None:
        """Note that a channel was deleted, with the threads of tickets in it, closed ones too."""
        used = await self._settings.forget_channel(guild_id, channel_id)
        after_id = 0
        while True:
            async with self._database.reading() as tx:
                lost = await tx.ticket_texts.held_in(guild_id, channel_id, after_id, FORGOTTEN)
            for ticket in lost:
                await self.thread_gone(ticket)
            if len(lost) < FORGOTTEN:
                break
            after_id = lost[-1].id
        if used:
            await self._display.tell_staff(guild_id, text(f"ticket_life.deleted_{used}"))

    async def role_gone(self, guild_id: int, role_id: int) -> None:
        """Note that a role was deleted: without a staff role only Manage Server counts as staff."""
        if await self._settings.forget_role(guild_id, role_id):
            await self._display.tell_staff(guild_id, text("ticket_life.deleted_role"))

    async def member_left(self, guild_id: int, user_id: int) -> None:
        """Note that a member has left: what waits for them is closed, the rest is for staff to decide."""
        async with self._database.reading() as tx:
            theirs = [each for each in await tx.tickets.living_of(guild_id) if each.opener_id == user_id]
        for ticket in theirs:
            if ticket.member_left:
                continue
            async with self._database.transaction() as tx:
                left = {"member_left": True, **NO_TIMERS}
                if await tx.tickets.change(ticket.id, left, states=LIVING) is None:
                    continue
                await tx.tickets.note(self._event(ticket.id, "member_left", None))
            if ticket.state in (TicketState.WAITING_MEMBER, TicketState.RESOLVED):
                await self.close(ticket, None, text("ticket_life.reason_left"))
            else:
                await self._display.show(ticket.id)
            told = text("ticket_life.member_left", member=f"<@{user_id}>", number=f"{ticket.number:04}")
            await self._display.tell_staff(guild_id, told)

    async def _move(
        self,
        ticket: Ticket,
        state: TicketState,
        kind: str,
        actor_id: int | None,
        values: dict[str, Any],
        states: Collection[TicketState] = (),
    ) -> Ticket | None:
        """Move a ticket and note that, in one; None when it was no longer where it could come from."""
        before = states or states_before(state)
        async with self._database.transaction() as tx:
            moved = await tx.tickets.change(ticket.id, {"state": state.value, **values}, states=before)
            if moved is not None:
                reason = values.get("close_reason")
                detail = {"state": state.value, **({"reason": reason} if reason else {})}
                await tx.tickets.note(self._event(ticket.id, kind, actor_id, **detail))
        return moved

    def _event(self, ticket_id: int, kind: str, actor_id: int | None, **detail: str) -> TicketEvent:
        return TicketEvent(
            ticket_id=ticket_id, kind=kind, actor_id=actor_id, detail=detail or None, at=self._clock.now()
        )


def _closed() -> UserFacingError:
    return UserFacingError(text("ticket_life.is_closed"))
