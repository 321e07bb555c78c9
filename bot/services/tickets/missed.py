"""Which tickets are read anew after nobody listened: at once where something was said, else slowly."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bot.db.database import Database
from bot.models import Ticket
from bot.services.clock import Clock
from bot.services.tickets.ports import TicketDesk

PARALLEL: Final = 2  # threads read at the same time, of all servers
PAUSE: Final = 1.0  # seconds between two threads in which nothing was said


class MissedTalk:
    """Knows of which tickets edits or deletions may have been missed.

    What was said is seen by the newest message of each thread, which Discord tells with every session. Edits
    and deletions are not: after a start every living ticket is read for them, one after another. A session
    that is begun anew has only what was said read; the other tickets are read before their words are carried
    elsewhere.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        desk: TicketDesk,
        reading: Callable[[Ticket], Awaitable[None]],
    ) -> None:
        """Prepare; `reading` makes what is stored of a ticket equal to its thread, and ends when it is."""
        self._database = database
        self._clock = clock
        self._desk = desk
        self._reading = reading
        self._slots = asyncio.Semaphore(PARALLEL)
        self._sessions: Counter[int] = Counter()  # begun, by server
        self._begun: set[int] = set()  # servers of which all tickets are read, or being read
        self._notices: dict[int, int] = {}  # the newest message of a thread that nobody wrote
        self._unsure: set[int] = set()  # tickets

    def noticed(self, thread_id: int, message_id: int) -> None:
        """Take a message that isn't stored because nobody wrote it."""
        self._notices[thread_id] = max(message_id, self._notices.get(thread_id, 0))

    def is_unsure(self, ticket: Ticket) -> bool:
        """Whether edits or deletions in a ticket may have been missed."""
        return ticket.id in self._unsure

    def is_read(self, ticket: Ticket) -> None:
        """Note that all of a ticket is known."""
        self._unsure.discard(ticket.id)

    async def read(self, guild_id: int) -> None:
        """Read what was missed in a server's living tickets, unless a newer session sees to it meanwhile."""
        self._sessions[guild_id] += 1
        session = self._sessions[guild_id]
        async with self._database.reading() as tx:
            living = [each for each in await tx.tickets.living_of(guild_id) if each.thread_id is not None]
            newest = await tx.ticket_messages.newest_of(guild_id)
        if self._sessions[guild_id] != session:
            return
        is_first = guild_id not in self._begun
        self._begun.add(guild_id)
        self._unsure.update(ticket.id for ticket in living)
        changed = [ticket for ticket in living if self._has_news(ticket, newest.get(ticket.id, 0))]
        await asyncio.gather(*(self._read(ticket) for ticket in changed))
        if is_first:
            told = {ticket.id for ticket in changed}
            await self._read_slowly([ticket for ticket in living if ticket.id not in told])

    def _has_news(self, ticket: Ticket, newest: int) -> bool:
        """Whether something was said; yes where that isn't known, as of archived threads."""
        last = self._desk.last_said(ticket)
        return last is None or last > max(newest, self._notices.get(ticket.thread_id or 0, 0))

    async def _read_slowly(self, tickets: Sequence[Ticket]) -> None:
        for ticket in tickets:
            await self._clock.sleep(PAUSE)
            if self.is_unsure(ticket):
                await self._read(ticket)

    async def _read(self, ticket: Ticket) -> None:
        async with self._slots:
            await self._reading(ticket)
