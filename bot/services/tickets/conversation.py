"""What is said in tickets: stored, whoever says it, and told to whoever answers."""

import asyncio
from collections.abc import Sequence
from functools import partial

from loguru import logger

from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.domain.tickets import MAX_QUESTION, Role, TicketState, post_of
from bot.models import Ticket, TicketMessage
from bot.services.arrival_rows import clean
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.tasks import OrderedTasks
from bot.services.tickets.asking import begin_question
from bot.services.tickets.display import TicketDisplay
from bot.services.tickets.life import TicketLife
from bot.services.tickets.missed import MissedTalk
from bot.services.tickets.ports import Erased, Heard, OptedOut, Responder
from bot.services.tools import TargetGoneError, ToolError

PARALLEL = 8  # threads at the same time


class TicketConversation:
    """Stores the messages of tickets' threads, in order for each, and moves the tickets along.

    Attributes:
        threads: the threads in which tickets live, by id as text: each message of a server is looked up here.
        missed: what may have been said while nobody listened.
        responder: who answers, None for nobody.
        opted_out: of whom nothing is stored.
        erased: what isn't stored though Discord still has it.
    """

    def __init__(self, database: Database, clock: Clock, life: TicketLife, display: TicketDisplay) -> None:
        self._database = database
        self._clock = clock
        self._life = life
        self._display = display
        self._tasks = OrderedTasks(PARALLEL)
        self.threads: set[str] = set()
        self.missed = MissedTalk(database, clock, display.desk, self.reading)
        self.responder: Responder | None = None
        self.opted_out: OptedOut = lambda _guild_id, _user_id: False
        self.erased: Erased = lambda _guild_id, _user_id, _message_id: False

    async def load(self) -> None:
        """Learn in which threads tickets live, once, at the start."""
        async with self._database.reading() as tx:
            self.threads.update(str(thread_id) for thread_id in await tx.tickets.threads())

    def begin(self, ticket: Ticket) -> None:
        """Listen to a new ticket's thread, and read what was said there before anybody listened."""
        if ticket.thread_id is not None:
            self.threads.add(str(ticket.thread_id))
            self._offer_reading(ticket.thread_id, ticket)

    def offer(self, thread_id: int, heard: Heard) -> None:
        """Take a new message, in the background, after what was taken before there."""
        self._tasks.spawn_after(thread_id, lambda: self.hear(thread_id, heard), f"hear {heard.message_id}")

    def offer_edit(self, thread_id: int, heard: Heard) -> None:
        """Take an edit."""
        self._tasks.spawn_after(thread_id, lambda: self._edit(thread_id, heard), f"edit {heard.message_id}")

    def offer_deletion(self, thread_id: int, message_ids: Sequence[int]) -> None:
        """Take a deletion."""
        self._tasks.spawn_after(thread_id, lambda: self._erase(thread_id, message_ids), "erase messages")

    def offer_loss(self, thread_id: int) -> None:
        """Take the deletion of a thread."""
        self._tasks.spawn_after(thread_id, lambda: self._lose(thread_id), f"lose {thread_id}")

    def offer_catch_up(self, guild_id: int) -> None:
        """Read what was said in a server's living tickets while nobody listened."""
        self._tasks.spawn(self.missed.read(guild_id), f"catch up with tickets of {guild_id}")

    async def reading(self, ticket: Ticket) -> None:
        """Make what is stored of a ticket equal to its thread, after what was taken before there."""
        assert ticket.thread_id is not None  # it lives in one
        await asyncio.wait({self._offer_reading(ticket.thread_id, ticket)})

    async def make_sure(self, ticket: Ticket) -> None:
        """Read a ticket if edits or deletions there may have been missed."""
        if self.missed.is_unsure(ticket):
            await self.catch_up(ticket)

    async def close(self) -> None:
        """Stop; what isn't stored is read at the next start."""
        await self._tasks.cancel()

    async def hear(self, thread_id: int, heard: Heard) -> None:
        """Store a new message, move its ticket along, and have it answered."""
        ticket = await self._ticket(thread_id)
        if ticket is not None and await self._take(ticket, heard, asks=True):
            await self._respond(ticket.id, heard.message_id)

    async def catch_up(self, ticket: Ticket) -> None:
        """Make what is stored of a ticket equal to its thread, and go on from what was said last."""
        async with self._database.reading() as tx:
            stored = await tx.ticket_messages.list_of(ticket.id)
            newest = await tx.ticket_messages.newest(ticket.id)
        roles = {each.message_id: each.role for each in stored}
        try:
            history = await self._display.desk.history(ticket, newest or 0, roles)
        except TargetGoneError:
            await self._life.thread_gone(ticket)
            return
        except ToolError as error:
            logger.bind(guild_id=ticket.guild_id).warning("Ticket {} can't be read: {}", ticket.number, error)
            return
        if not history:
            return  # the card at least is there: this tells nothing of what was said
        there = {each.message_id for each in history}
        oldest = min(there)
        gone = [m.message_id for m in stored if m.message_id >= oldest and m.message_id not in there]
        post_id = post_of(ticket.key)
        if newest is None and post_id is not None and post_id not in there:  # deleted before it was stored
            gone.append(post_id)
        async with self._database.transaction() as tx:
            await tx.ticket_messages.erase(ticket.id, gone, self._clock.now())
        if post_id in gone:
            await self._follow_post(ticket)
        asking = self._asking(ticket, history)
        is_new = False
        for heard in history:
            if heard.edited_at is not None:
                await self._edit_in(ticket, heard)
            asks = heard.message_id == asking
            if await self._take(ticket, heard, asks=asks) and asks:
                is_new = True
        self.missed.is_read(ticket)
        if is_new and asking is not None:
            await self._respond(ticket.id, asking)

    @staticmethod
    def _asking(ticket: Ticket, history: Sequence[Heard]) -> int | None:
        """Return the member's last message unless staff spoke after it: what it says answers all before."""
        asking = None
        for heard in history:
            role = _role_of(ticket, heard)
            if heard.message_id == post_of(ticket.key):
                continue  # answered as the ticket's opening
            if role is Role.MEMBER:
                asking = heard.message_id
            elif role is Role.STAFF:
                asking = None
        return asking

    def _offer_reading(self, thread_id: int, ticket: Ticket) -> asyncio.Task[None]:
        name = f"catch up with {ticket.id}"
        return self._tasks.spawn_after(thread_id, partial(self.catch_up, ticket), name)

    async def _ticket(self, thread_id: int) -> Ticket | None:
        async with self._database.reading() as tx:
            return await tx.tickets.by_thread(thread_id)

    async def _take(self, ticket: Ticket, heard: Heard, *, asks: bool) -> bool:
        """Store a message, move its ticket along and begin its question, all or nothing; False when known."""
        message = self._message(ticket, heard)
        role = Role(message.role)
        if message.message_id == post_of(ticket.key):  # what it began with is no answer to anything
            await self._take_post(ticket, message)
            return False
        if ticket.state == TicketState.CLOSED and role is Role.MEMBER:  # the thread could not be locked
            await self._reopen(ticket, message)
        async with self._database.transaction() as tx:
            now = await tx.tickets.get(ticket.id)
            if now is None or not await tx.ticket_messages.add(message):
                return False
            before = now.version  # of the row, which is one object however often it is read here
            moved = await self._life.spoken(tx, now, role, message.created_at)
            if asks and role is Role.MEMBER and message.deleted_at is None and self.responder is not None:
                await begin_question(tx, moved, message)
            if role is Role.MEMBER:
                fail_point("hearing.before_commit")
        if role is Role.MEMBER:
            fail_point("hearing.after_commit")
        if moved.version != before:
            await self._display.show(ticket.id)
        return True

    async def _take_post(self, ticket: Ticket, message: TicketMessage) -> None:
        """Store the post that a ticket was made of; it may have been edited since it was read."""
        async with self._database.transaction() as tx:
            is_new = await tx.ticket_messages.add(message)
        if is_new:
            await self._follow_post(ticket)

    async def _reopen(self, ticket: Ticket, message: TicketMessage) -> None:
        """Open a ticket again because its member wrote; first, so that a stop loses nothing."""
        async with self._database.reading() as tx:
            if await tx.ticket_messages.get(message.message_id) is not None:
                return
        try:
            await self._life.reopen(ticket, message.author_id or ticket.opener_id)
        except UserFacingError as error:
            log = logger.bind(guild_id=ticket.guild_id)
            log.info("Ticket {} isn't opened again: {}", ticket.number, error)

    def _message(self, ticket: Ticket, heard: Heard) -> TicketMessage:
        """Return a message as it is stored: of what nobody may keep nothing but that it was."""
        role = _role_of(ticket, heard)
        message = TicketMessage(
            message_id=heard.message_id,
            ticket_id=ticket.id,
            author_id=0,
            author_name="",
            role=role.value,
            content="",
            created_at=heard.created_at,
            deleted_at=self._clock.now(),
        )
        if not self._is_unwanted(ticket, heard):
            message.author_id = heard.author_id
            message.author_name = heard.author_name[:100]
            message.content = clean(heard.content)
            message.attachments = heard.attachments
            message.edited_at = heard.edited_at
            message.deleted_at = None
        return message

    def _is_unwanted(self, ticket: Ticket, heard: Heard) -> bool:
        return self.opted_out(ticket.guild_id, heard.author_id) or self.erased(
            ticket.guild_id, heard.author_id, heard.message_id
        )

    async def _respond(self, ticket_id: int, message_id: int) -> None:
        """Have a message of a ticket's member answered, unless staff speak there."""
        async with self._database.reading() as tx:
            ticket = await tx.tickets.get(ticket_id)
            message = await tx.ticket_messages.get(message_id)
        if ticket is None or message is None or message.deleted_at is not None or message.role != Role.MEMBER:
            return
        if self.responder is not None and not ticket.bot_muted:
            await self.responder.member_wrote(ticket, message)

    async def _edit(self, thread_id: int, heard: Heard) -> None:
        ticket = await self._ticket(thread_id)
        if ticket is not None:
            await self._edit_in(ticket, heard)

    async def _edit_in(self, ticket: Ticket, heard: Heard) -> None:
        if self.opted_out(ticket.guild_id, heard.author_id):
            return
        async with self._database.transaction() as tx:
            edited_at = heard.edited_at or self._clock.now()
            await tx.ticket_messages.edit(heard.message_id, clean(heard.content), edited_at)
        if heard.message_id == post_of(ticket.key):
            await self._follow_post(ticket)

    async def _follow_post(self, ticket: Ticket) -> None:
        """Have a ticket that was made of a member's post ask what is stored of the post."""
        post_id = post_of(ticket.key)
        assert post_id is not None  # it was made of one
        async with self._database.transaction() as tx:
            post, now = await tx.ticket_messages.get(post_id), await tx.tickets.get(ticket.id)
            if post is None or now is None or now.question == post.content[:MAX_QUESTION]:
                return
            await tx.tickets.change(ticket.id, {"question": post.content[:MAX_QUESTION]})
        await self._display.show(ticket.id)

    async def _erase(self, thread_id: int, message_ids: Sequence[int]) -> None:
        ticket = await self._ticket(thread_id)
        if ticket is not None:
            async with self._database.transaction() as tx:
                await tx.ticket_messages.erase(ticket.id, message_ids, self._clock.now())
            if post_of(ticket.key) in message_ids:
                await self._follow_post(ticket)

    async def _lose(self, thread_id: int) -> None:
        ticket = await self._ticket(thread_id)
        self.threads.discard(str(thread_id))
        if ticket is not None:
            await self._life.thread_gone(ticket)


def _role_of(ticket: Ticket, heard: Heard) -> Role:
    return Role.MEMBER if heard.author_id == ticket.opener_id else Role(heard.role)
