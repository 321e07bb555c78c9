"""Answers in the tickets of an office, with a desk that stands for Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.models import Ticket
from bot.services.audience import AudienceService
from bot.services.tickets.answer_ports import Post, QueueCard, Queued
from bot.services.tickets.answers import TicketAnswerService
from bot.services.tools import ToolError
from bot.services.training.entries import TrainingEntries
from bot.services.training.knowledge import Knowledge
from tests.services.places import Places
from tests.services.tickets.conftest import Office


class NoWriting:
    """No language model."""

    is_on = False


class FakeAnswerDesk:
    """Discord as far as answers go; `failing` is raised by the next calls, `held` holds posts up."""

    def __init__(self) -> None:
        self.posts: list[tuple[int, str]] = []  # tickets and what was posted there
        self.calls: list[int] = []  # tickets in which staff were pinged
        self.queued: list[QueueCard] = []
        self.updated: list[QueueCard] = []
        self.held: asyncio.Event | None = None
        self.failing: ToolError | None = None
        self.found: Queued | None = None  # what stands in the staff channel

    def _fail(self) -> None:
        if self.failing is not None:
            raise self.failing

    @asynccontextmanager
    async def typing(self, ticket: Ticket) -> AsyncIterator[None]:
        yield

    async def post(self, ticket: Ticket, post: Post) -> int:
        if self.held is not None:
            await self.held.wait()
        self._fail()
        self.posts.append((ticket.id, post.text))
        return 9_000 + len(self.posts)

    async def edit(self, ticket: Ticket, message_id: int, post: Post) -> None:
        self._fail()

    async def find(self, ticket: Ticket, post: Post, after: int) -> int | None:
        self._fail()
        return None

    async def call(self, ticket: Ticket, role_id: int, *, again: bool) -> None:
        self._fail()
        self.calls.append(ticket.id)

    async def queue(self, channel_id: int, card: QueueCard, *, again: bool) -> Queued:
        self._fail()
        self.queued.append(card)
        return Queued(8_000 + len(self.queued), card.role_id is not None)

    async def find_queued(self, channel_id: int, ticket: Ticket) -> Queued | None:
        self._fail()
        return self.found

    async def update_queue(self, channel_id: int, message_id: int, card: QueueCard) -> None:
        self._fail()
        self.updated.append(card)


def answers_in(office: Office, desk: FakeAnswerDesk) -> TicketAnswerService:
    """Have the office's tickets answered, by training that knows nothing."""
    knowledge = Knowledge(office.database, None, office.clock)
    audience = AudienceService()
    audience.read_from(Places())
    service = TicketAnswerService(
        database=office.database,
        clock=office.clock,
        guilds=office.guilds,
        tickets=office.service,
        audience=audience,
        knowledge=knowledge,
        training=TrainingEntries(office.database, office.clock, knowledge.update),
        writing=NoWriting(),  # type: ignore[arg-type]
        desk=desk,
    )
    office.service.answer_with(service.answering)
    return service


async def restarted(office: Office, desk: FakeAnswerDesk) -> TicketAnswerService:
    """Stop the bot and start it anew."""
    await office.service.close()
    await office.again().load()
    return answers_in(office, desk)
