"""The ticket services on a real database, with a desk that stands for Discord."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

import pytest

from bot.db.database import Database
from bot.domain.signal import Urgency
from bot.domain.tickets import TicketState
from bot.models import Ticket, TicketEvent
from bot.services.guilds import GuildService
from bot.services.support_roles import SupportRoles
from bot.services.tickets.opening import Wish
from bot.services.tickets.ports import Heard, Placed, TicketView
from bot.services.tickets.service import TicketService
from bot.services.tools import ToolError
from bot.settings import OrchestratorSettings
from tests.fakes import FakeClock

GUILD, FORUM, LOG, STAFF_ROLE = 10, 20, 21, 30
ALICE, BOB, SAM, KIM = 40, 41, 50, 51


class FakeDesk:
    """Discord as far as tickets go; `failing` is raised by the next calls."""

    def __init__(self) -> None:
        self.threads: dict[int, int] = {}  # tickets and their threads
        self.shown: list[tuple[int, str]] = []  # tickets and the states they were shown in
        self.said: list[str] = []
        self.told: list[str] = []
        self.past: list[Heard] = []
        self.members = {ALICE, BOB}
        self.failing: ToolError | None = None
        self.lacking = ""
        self.opened_again: list[int] = []

    def _fail(self) -> None:
        if self.failing is not None:
            raise self.failing

    async def open(self, view: TicketView, *, again: bool) -> Placed:
        self._fail()
        if again:
            self.opened_again.append(view.ticket.id)
        thread_id = self.threads.setdefault(view.ticket.id, 1_000 + len(self.threads))
        return Placed(thread_id, thread_id)

    async def show(self, view: TicketView) -> str:
        self._fail()
        self.shown.append((view.ticket.id, view.ticket.state))
        return self.lacking

    async def say(self, ticket: Ticket, text: str, key: str, since: datetime) -> None:
        self._fail()
        self.said.append(text)

    async def tell(self, channel_id: int, text: str) -> None:
        self._fail()
        self.told.append(text)

    def last_said(self, ticket: Ticket) -> int | None:
        return self.past[-1].message_id if self.past else None

    async def history(self, ticket: Ticket, back_to: int, roles: Mapping[int, str]) -> Sequence[Heard]:
        self._fail()
        return self.past

    async def is_member(self, guild_id: int, user_id: int) -> bool:
        self._fail()
        return user_id in self.members

    async def create_forum(self, guild_id: int, name: str, tags: Sequence[str]) -> int:
        self._fail()
        return FORUM + 500

    async def set_tags(
        self, forum_id: int, names: Mapping[str, str], known: Mapping[str, str]
    ) -> dict[str, str]:
        self._fail()
        return {key: str(number) for number, key in enumerate(names, start=1)}


class Office:
    """A server whose tickets are set up."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.desk = FakeDesk()
        self.roles = SupportRoles()
        self.guilds = GuildService(database, clock, OrchestratorSettings())
        self.service = self.again()
        self._messages = 0

    def again(self) -> TicketService:
        """Return the service as it is after a restart."""
        self.service = TicketService(
            self.database, self.clock, self.guilds, self.roles, self.desk, lambda _text: Urgency.LOW
        )
        return self.service

    async def set_up(self) -> None:
        values = {
            "parent_id": FORUM,
            "log_channel_id": LOG,
            "staff_role_id": STAFF_ROLE,
            "cooldown_seconds": 0,
        }
        await self.service.settings.change(GUILD, **values)

    def wish(self, number: int = 1, **values: object) -> Wish:
        known: dict[str, object] = {
            "key": f"form:{number}", "guild_id": GUILD, "opener_id": ALICE, "opener_name": "Alice",
            "title": "It fails", "question": "It crashes.",
        }  # fmt: skip
        return Wish(**known | values)  # type: ignore[arg-type]

    async def open(self, number: int = 1, **values: object) -> Ticket:
        return await self.service.opening.open(self.wish(number, **values))

    async def now(self, ticket: Ticket) -> Ticket:
        async with self.database.reading() as tx:
            found = await tx.tickets.get(ticket.id)
        assert found is not None
        return found

    async def only(self) -> Ticket:
        async with self.database.reading() as tx:
            ticket = await tx.tickets.get(1)
        assert ticket is not None
        return ticket

    async def events(self, ticket: Ticket) -> list[TicketEvent]:
        async with self.database.reading() as tx:
            return list(await tx.tickets.events(ticket.id))

    async def texts(self, ticket: Ticket) -> list[str]:
        async with self.database.reading() as tx:
            return [each.content for each in await tx.ticket_messages.list_of(ticket.id)]

    def heard(self, author_id: int, text: str, role: str = "other") -> Heard:
        self._messages += 1
        return Heard(2_000 + self._messages, author_id, "Someone", role, text, None, self.clock.now())

    async def say(self, ticket: Ticket, author_id: int, text: str, role: str = "other") -> Ticket:
        thread_id = (await self.now(ticket)).thread_id
        assert thread_id is not None
        await self.service.conversation.hear(thread_id, self.heard(author_id, text, role))
        return await self.now(ticket)

    async def waiting_for_member(self, number: int = 1) -> Ticket:
        ticket = await self.say(await self.open(number), SAM, "Which version?", "staff")
        assert ticket.state == TicketState.WAITING_MEMBER
        return ticket


@pytest.fixture
async def office(database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    office = Office(database, clock)
    await office.set_up()
    yield office
    await office.service.close()
