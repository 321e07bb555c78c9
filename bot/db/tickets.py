"""Tickets and what happened to them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, or_
from sqlalchemy import select as select_columns
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.domain.tickets import LIVING, TicketState
from bot.models import Guild, Ticket, TicketEvent, TicketSettings

# Handed over, in a thread, and without a message in the staff channel.
_NOT_IN_QUEUE = (
    col(Ticket.handed_over_at).is_not(None),
    col(Ticket.queue_message_id).is_(None),
    col(Ticket.thread_id).is_not(None),
)


class TicketFilter(NamedTuple):
    """Which tickets of a server are listed; None takes all."""

    state: str | None = None  # None: all but the closed
    claimed_by: int | None = None
    category_id: int | None = None
    opener_id: int | None = None


class SolvedTicket(NamedTuple):
    """What is compared and shown of a solved ticket."""

    id: int
    number: int
    title: str
    question: str
    thread_id: int
    parent_id: int
    is_private: bool
    opener_id: int


class TicketRepository:
    """The tickets seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def next_number(self, guild_id: int) -> int | None:
        """Take the next number of a server, None without settings; who opens next waits until this ends."""
        statement = (
            update(TicketSettings)
            .where(col(TicketSettings.guild_id) == guild_id)
            .values(tickets_opened=TicketSettings.tickets_opened + 1)
            .returning(col(TicketSettings.tickets_opened))
        )
        row = (await self._session.exec(statement)).first()
        return None if row is None else int(row[0])

    async def add(self, ticket: Ticket) -> Ticket | None:
        """Store a new ticket; None when its key is taken."""
        values = ticket.model_dump(exclude={"id"})
        insert = insert_for(self._session, Ticket).values(**values)
        statement = insert.on_conflict_do_nothing(index_elements=["key"]).returning(col(Ticket.id))
        row = (await self._session.exec(statement)).first()
        return None if row is None else await self.get(row[0])

    async def get(self, ticket_id: int) -> Ticket | None:
        """Return the ticket."""
        return await self._session.get(Ticket, ticket_id, populate_existing=True)

    async def by_key(self, key: str) -> Ticket | None:
        """Return the ticket that was opened by this form or message."""
        return (await self._session.exec(select(Ticket).where(Ticket.key == key))).first()

    async def by_thread(self, thread_id: int) -> Ticket | None:
        """Return the ticket that lives in a thread."""
        return (await self._session.exec(select(Ticket).where(Ticket.thread_id == thread_id))).first()

    async def by_number(self, guild_id: int, number: int) -> Ticket | None:
        """Return a server's ticket of this number."""
        this = (col(Ticket.guild_id) == guild_id, col(Ticket.number) == number)
        return (await self._session.exec(select(Ticket).where(*this))).first()

    async def change(
        self, ticket_id: int, values: dict[str, Any], *, states: Collection[str] = tuple(TicketState)
    ) -> Ticket | None:
        """Set columns if the ticket is in one of `states`; else None. Discord is to show it anew."""
        return await self._change_if(ticket_id, values, col(Ticket.state).in_(states))

    async def change_as_bot(self, ticket_id: int, values: dict[str, Any]) -> Ticket | None:
        """Set columns of a living ticket in which staff don't speak yet; None where they do."""
        is_the_bots = (col(Ticket.state).in_(LIVING), col(Ticket.bot_muted).is_(False))
        return await self._change_if(ticket_id, values, *is_the_bots)

    async def _change_if(self, ticket_id: int, values: dict[str, Any], *conditions: Any) -> Ticket | None:
        statement = (
            update(Ticket)
            .where(col(Ticket.id) == ticket_id, *conditions)
            .values(version=Ticket.version + 1, **values)
            .returning(col(Ticket.id))
        )
        changed = (await self._session.exec(statement)).first()
        return None if changed is None else await self.get(ticket_id)

    async def claim(self, ticket_id: int, holder: int | None, user_id: int | None) -> Ticket | None:
        """Hand a living ticket from `holder` (None: nobody) to a user; None when it isn't theirs now."""
        held = col(Ticket.claimed_by).is_(None) if holder is None else col(Ticket.claimed_by) == holder
        statement = (
            update(Ticket)
            .where(col(Ticket.id) == ticket_id, held, col(Ticket.state).in_(LIVING))
            .values(version=Ticket.version + 1, claimed_by=user_id)
            .returning(col(Ticket.id))
        )
        changed = (await self._session.exec(statement)).first()
        return None if changed is None else await self.get(ticket_id)

    async def set_quietly(self, ticket_id: int, values: dict[str, Any]) -> None:
        """Set columns that Discord doesn't show."""
        await self._session.exec(update(Ticket).where(col(Ticket.id) == ticket_id).values(**values))

    async def take_timer(self, ticket: Ticket, values: dict[str, Any]) -> bool:
        """Set columns if state and timers are still those of `ticket`; the lock for acting on a timer."""
        same = (
            col(Ticket.id) == ticket.id,
            col(Ticket.state) == ticket.state,
            col(Ticket.remind_at).is_not_distinct_from(ticket.remind_at),
            col(Ticket.close_at).is_not_distinct_from(ticket.close_at),
        )
        return bool((await self._session.exec(update(Ticket).where(*same).values(**values))).rowcount)

    async def shown(self, ticket_id: int, version: int) -> None:
        """Note that Discord shows this version, or a newer one."""
        older = (col(Ticket.id) == ticket_id, col(Ticket.shown_version) < version)
        await self._session.exec(update(Ticket).where(*older).values(shown_version=version))

    async def unshown(self, after_id: int, limit: int) -> Sequence[Ticket]:
        """Return tickets after `after_id` that Discord doesn't show as they are, in servers the bot is in."""
        differ = col(Ticket.shown_version) != col(Ticket.version)
        return await self._in_present_guilds(after_id, limit, differ)

    async def due(self, now: datetime, after_id: int, limit: int) -> Sequence[Ticket]:
        """Return living tickets after `after_id` of which a timer has run out, in servers the bot is in."""
        ran_out = or_(col(Ticket.remind_at) <= now, col(Ticket.close_at) <= now)
        return await self._in_present_guilds(after_id, limit, ran_out, col(Ticket.state).in_(LIVING))

    async def _in_present_guilds(self, after_id: int, limit: int, *conditions: Any) -> Sequence[Ticket]:
        present = select(Guild.id).where(col(Guild.left_at).is_(None))
        query = (
            select(Ticket)
            .where(*conditions, col(Ticket.id) > after_id, col(Ticket.guild_id).in_(present))
            .order_by(col(Ticket.id))
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def uncalled(self, after_id: int, limit: int) -> Sequence[Ticket]:
        """Return tickets after `after_id` that wait for staff and aren't in their channel."""
        last_staff = col(Ticket.last_staff_at)
        waits = or_(last_staff.is_(None), last_staff < col(Ticket.handed_over_at))
        muted, living = col(Ticket.bot_muted).is_(True), col(Ticket.state).in_(LIVING)
        return await self._in_present_guilds(after_id, limit, *_NOT_IN_QUEUE, waits, muted, living)

    async def answered_uncalled(self, after_id: int, limit: int, since: datetime) -> Sequence[Ticket]:
        """Return those handed over since a time that aren't in it either, but were answered or closed."""
        handed_over = col(Ticket.handed_over_at)
        is_closed = col(Ticket.state) == TicketState.CLOSED
        over = or_(col(Ticket.last_staff_at) >= handed_over, is_closed)
        return await self._in_present_guilds(after_id, limit, *_NOT_IN_QUEUE, over, handed_over >= since)

    async def threads(self) -> Sequence[int]:
        """Return every thread a ticket lives in."""
        query = select(col(Ticket.thread_id)).where(col(Ticket.thread_id).is_not(None))
        return [thread_id for thread_id in (await self._session.exec(query)).all() if thread_id is not None]

    async def threads_among(self, place_ids: Collection[int]) -> set[int]:
        """Return which of these places are tickets' threads."""
        query = select(col(Ticket.thread_id)).where(col(Ticket.thread_id).in_(place_ids))
        return {each for each in (await self._session.exec(query)).all() if each is not None}

    async def living_of(self, guild_id: int) -> Sequence[Ticket]:
        """Return the tickets of a server that aren't closed, oldest first."""
        living = (col(Ticket.guild_id) == guild_id, col(Ticket.state).in_(LIVING))
        return (await self._session.exec(select(Ticket).where(*living).order_by(col(Ticket.id)))).all()

    async def of_member(self, guild_id: int, opener_id: int) -> tuple[int, datetime | None]:
        """Return how many living tickets a member has, and when they last opened one."""
        theirs = (col(Ticket.guild_id) == guild_id, col(Ticket.opener_id) == opener_id)
        living = select(func.count()).select_from(Ticket).where(*theirs, col(Ticket.state).in_(LIVING))
        newest = select(Ticket.opened_at).where(*theirs).order_by(col(Ticket.id).desc()).limit(1)
        return (await self._session.exec(living)).one(), (await self._session.exec(newest)).first()

    async def page(
        self, guild_id: int, wanted: TicketFilter, offset: int, limit: int
    ) -> tuple[Sequence[Ticket], int]:
        """Return a page of a server's tickets, newest first, and how many there are."""
        conditions: list[Any] = [col(Ticket.guild_id) == guild_id]
        states = (wanted.state,) if wanted.state else LIVING
        conditions.append(col(Ticket.state).in_(states))
        for name in ("claimed_by", "category_id", "opener_id"):
            value = getattr(wanted, name)
            if value is not None:
                conditions.append(getattr(Ticket, name) == value)
        count = select(func.count()).select_from(Ticket).where(*conditions)
        rows = select(Ticket).where(*conditions).order_by(col(Ticket.id).desc())
        total = (await self._session.exec(count)).one()
        return (await self._session.exec(rows.offset(offset).limit(limit))).all(), total

    async def solved(self, guild_id: int, limit: int) -> Sequence[SolvedTicket]:
        """Return the newest tickets of a server that are resolved or closed and still have their thread.

        Whatever their member wrote is gone with a thread that was deleted.
        """
        ticket = Ticket
        columns: list[Any] = [
            ticket.id, ticket.number, ticket.title, ticket.question, ticket.thread_id, ticket.parent_id,
            ticket.is_private, ticket.opener_id,
        ]  # fmt: skip
        solved = (TicketState.RESOLVED, TicketState.CLOSED)
        query: Any = (
            select_columns(*columns)
            .where(
                col(ticket.guild_id) == guild_id,
                col(ticket.state).in_(solved),
                col(ticket.thread_id).is_not(None),
            )
            .order_by(col(ticket.id).desc())
            .limit(limit)
        )
        return [SolvedTicket._make(row) for row in (await self._session.exec(query)).all()]

    async def note(self, event: TicketEvent) -> None:
        """Add what happened to a ticket."""
        self._session.add(event)
        await self._session.flush()

    async def events(self, ticket_id: int, kind: str | None = None) -> Sequence[TicketEvent]:
        """Return what happened to a ticket, oldest first; of one kind alone when that is given."""
        query = select(TicketEvent).where(TicketEvent.ticket_id == ticket_id)
        if kind is not None:
            query = query.where(TicketEvent.kind == kind)
        return (await self._session.exec(query.order_by(col(TicketEvent.id)))).all()
