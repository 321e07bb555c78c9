"""Handing a ticket over to staff: its state, what its member is told, the brief and the ping."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from loguru import logger

from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.domain.snowflake import snowflake_time
from bot.domain.tickets import LIVING, Role, TicketState
from bot.models import Outcome, Question, Ticket, TicketEvent, TicketMessage
from bot.nlp.sentiment import chat_score, label
from bot.services.audience import AudienceService, KnownThread
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.guilds import GuildService
from bot.services.tickets.answer_ports import AnswerDesk, Brief, QueueCard, SimilarTickets
from bot.services.tickets.asking import waits_for_staff
from bot.services.tickets.display import TicketDisplay
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tickets.wording import handed_over
from bot.services.tools import ToolError, UnreachableError
from bot.texts import text

PING_EVERY: Final = timedelta(minutes=1)  # for each server
SCOPE: Final = "ticket_pings"
SAID: Final = 3  # messages of the member that are shown to staff
MOST: Final = 100  # tickets taken up at one look
FOUND_FOR: Final = timedelta(days=7)  # a call that a stop cut off is looked for
KEPT: Final = 1_000  # hand-overs of which links to similar tickets are kept
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=16)  # before staff are called again


class TicketHandover:
    """Hands tickets over, and keeps the staff channel's messages about them true.

    Attributes:
        similar: finds solved tickets like one; None where nobody does.
    """

    def __init__(  # noqa: PLR0913  (it meets settings, audience and platform)
        self,
        *,
        database: Database,
        clock: Clock,
        guilds: GuildService,
        settings: TicketSettingsService,
        display: TicketDisplay,
        audience: AudienceService,
        desk: AnswerDesk,
        make_sure: Callable[[Ticket], Awaitable[None]],
    ) -> None:
        """Make it; `make_sure` learns what was edited or deleted in a ticket if that may have been missed."""
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._settings = settings
        self._display = display
        self._audience = audience
        self._desk = desk
        self._make_sure = make_sure
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()  # for each server
        self._retries: dict[int, tuple[datetime, timedelta]] = {}  # when to call again, and the pause after
        self._found: dict[tuple[int, datetime, int], tuple[str, ...]] = {}  # by ticket, hand-over, channel
        self._has_looked = False  # for calls that were posted and not written down
        self.similar: SimilarTickets | None = None

    async def hand_over(self, ticket: Ticket, reason: str, actor_id: int | None = None) -> Ticket | None:
        """Leave a ticket to staff and call them; None when it is theirs already, or closed.

        From here on the bot says nothing there until `resume`.
        """
        now = self._clock.now()
        values = {
            "state": TicketState.WAITING_STAFF.value, "handed_over_at": now, "bot_muted": True,
            "remind_at": None, "close_at": None, "resolved_at": None, "queue_message_id": None,
        }  # fmt: skip
        async with self._database.transaction() as tx:
            handed = await tx.tickets.change_as_bot(ticket.id, values)
            if handed is None:
                return None
            detail = {"reason": reason[:200]}
            event = TicketEvent(
                ticket_id=ticket.id, kind="handed_over", actor_id=actor_id, detail=detail, at=now
            )
            await tx.tickets.note(event)
        fail_point("handover.after_commit")
        await self._display.show(ticket.id)
        await self.call_staff(handed, again=False)
        return handed

    async def by_member(self, ticket: Ticket, user_id: int) -> None:
        """Hand a ticket over because somebody there wants to talk to a person.

        Raises:
            UserFacingError: it is with staff already, or closed.
        """
        handed = await self.hand_over(ticket, text("ticket_answers.reason_person"), user_id)
        if handed is None:
            raise UserFacingError(text("ticket_answers.is_with_team"))
        await self._display.say(handed, self.told(handed), f"handed over {handed.version}")

    def told(self, ticket: Ticket) -> str:
        """Return what the member is told."""
        now = self._clock.now()
        begin = self._settings.rules(ticket.guild_id).polite(now)
        return handed_over(begin if begin > now else None)

    async def resume(self, ticket: Ticket, actor_id: int) -> None:
        """Have the bot answer again in a ticket.

        Raises:
            UserFacingError: it does already, or the ticket is closed.
        """
        async with self._database.transaction() as tx:
            current = await tx.tickets.get(ticket.id)
            if current is None or current.state not in LIVING:
                raise UserFacingError(text("ticket_life.is_closed"))
            if not current.bot_muted:
                raise UserFacingError(text("ticket_answers.answers_already"))
            await tx.tickets.set_quietly(ticket.id, {"bot_muted": False})
            event = TicketEvent(ticket_id=ticket.id, kind="resumed", actor_id=actor_id, at=self._clock.now())
            await tx.tickets.note(event)

    async def call_staff(self, ticket: Ticket, *, again: bool) -> None:
        """Put a ticket into the staff channel, and ping the staff role where it is time for that.

        A server without a staff channel is pinged in the ticket itself, without the brief.
        """
        staff_room = self._guilds.policy(ticket.guild_id).staff_channel_id
        if staff_room is not None and self._may_carry(ticket, staff_room):
            await self._make_sure(ticket)  # the brief is made of what was said
            await self._links(ticket, staff_room)  # slow, so before anybody waits for it
        turn = self._turns.setdefault(ticket.guild_id, asyncio.Lock())
        async with turn:
            async with self._database.reading() as tx:
                ticket = await tx.tickets.get(ticket.id) or ticket
            if ticket.queue_message_id is not None or not waits_for_staff(ticket):
                return  # meanwhile
            channel_id = self._guilds.policy(ticket.guild_id).staff_channel_id
            role_id = await self._role_to_ping(ticket)
            fail_point("handover.before_call")
            log = logger.bind(guild_id=ticket.guild_id)
            try:
                message_id, pinged = None, True
                if channel_id is not None:
                    card = await self._card(ticket, channel_id, role_id)
                    message_id, pinged = await self._desk.queue(channel_id, card, again=again)
                elif role_id is None:
                    return  # it was, or has to wait
                else:
                    await self._desk.call(ticket, role_id, again=again)
            except ToolError as error:
                log.warning("Staff can't be told of ticket {}: {}", ticket.number, error)
                return
            fail_point("handover.after_call")
            await self._called(ticket, message_id, pinged=pinged)

    async def refresh(self, ticket: Ticket) -> None:
        """Have the staff channel say what a ticket is now."""
        channel_id = self._guilds.policy(ticket.guild_id).staff_channel_id
        if ticket.queue_message_id is None or channel_id is None:
            return
        try:
            card = await self._card(ticket, channel_id, None)
            await self._desk.update_queue(channel_id, ticket.queue_message_id, card)
        except ToolError as error:
            log = logger.bind(guild_id=ticket.guild_id)
            log.info("The staff channel's message of ticket {} stays as it is: {}", ticket.number, error)

    async def take_up(self) -> None:
        """Call staff to tickets that wait for them unknown to them, each again after a growing pause."""
        if not self._has_looked:
            self._has_looked = await self._find_calls()
        now, after, seen = self._clock.now(), 0, {}
        while True:
            async with self._database.reading() as tx:
                waiting = await tx.tickets.uncalled(after, MOST)
            for ticket in waiting:
                due, pause = self._retries.get(ticket.id, (now, FIRST_PAUSE))
                if due <= now:
                    await self.call_staff(ticket, again=True)
                    due, pause = now + pause, min(pause * 2, LONGEST_PAUSE)
                seen[ticket.id] = due, pause
                after = ticket.id
            if len(waiting) < MOST:
                break
        self._retries = seen

    async def _find_calls(self) -> bool:
        """Write down calls that a stop cut off after their post, of tickets that need none any more.

        Returns whether all could be looked for.
        """
        since = self._clock.now() - FOUND_FOR
        async with self._database.reading() as tx:
            answered = await tx.tickets.answered_uncalled(0, MOST, since)
        for ticket in answered:
            channel_id = self._guilds.policy(ticket.guild_id).staff_channel_id
            if channel_id is None:
                continue
            try:
                found = await self._desk.find_queued(channel_id, ticket)
            except ToolError as error:
                logger.bind(guild_id=ticket.guild_id).info("Staff's channel can't be read: {}", error)
                if isinstance(error, UnreachableError):
                    return False
                continue
            if found is not None:
                await self._called(ticket, found.message_id, pinged=found.pinged)
                ticket.queue_message_id = found.message_id
                await self.refresh(ticket)
        return True

    async def _role_to_ping(self, ticket: Ticket) -> int | None:
        """Return the role to ping: once for a ticket, and once a minute in a server.

        The minute is the ticket's before anybody is pinged: should this be interrupted, nobody else takes it.
        """
        settings = self._settings.of(ticket.guild_id)
        category = self._settings.category(ticket.guild_id, ticket.category_id)
        role_id = (category.staff_role_id if category else None) or settings.staff_role_id
        if role_id is None or role_id == ticket.guild_id:  # @everyone is no staff role
            return None
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if await tx.tickets.events(ticket.id, "pinged"):
                return None
            last = await tx.kv.get(SCOPE, str(ticket.guild_id))
            is_over = last is None or now >= datetime.fromisoformat(last["at"]) + PING_EVERY
            if last is not None and not is_over and last.get("ticket") != ticket.id:
                return None
            await tx.kv.put(SCOPE, str(ticket.guild_id), {"at": now.isoformat(), "ticket": ticket.id})
        return role_id

    async def _called(self, ticket: Ticket, message_id: int | None, *, pinged: bool) -> None:
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if message_id is not None:
                await tx.tickets.set_quietly(ticket.id, {"queue_message_id": message_id})
            if pinged and not await tx.tickets.events(ticket.id, "pinged"):
                await tx.tickets.note(TicketEvent(ticket_id=ticket.id, kind="pinged", at=now))
                await tx.kv.put(SCOPE, str(ticket.guild_id), {"at": now.isoformat(), "ticket": ticket.id})

    async def _card(self, ticket: Ticket, channel_id: int, role_id: int | None) -> QueueCard:
        async with self._database.reading() as tx:
            events = await tx.tickets.events(ticket.id, "handed_over")
            questions = await tx.questions.of_ticket(ticket.id)
            messages = await tx.ticket_messages.list_of(ticket.id)
        reason = (events[-1].detail or {}).get("reason", "") if events else ""
        if not self._may_carry(ticket, channel_id):
            return QueueCard(ticket, reason, None, role_id)
        links = await self._links(ticket, channel_id)
        return QueueCard(ticket, reason, _brief(ticket, questions, messages, links), role_id)

    async def _links(self, ticket: Ticket, channel_id: int) -> tuple[str, ...]:
        """Return links to similar tickets, looked for once for each hand-over; none where that fails."""
        if self.similar is None or ticket.handed_over_at is None:
            return ()
        key = (ticket.id, ticket.handed_over_at, channel_id)
        links = self._found.get(key)
        if links is None:
            try:
                links = tuple(await self.similar.links(ticket, channel_id))
            except Exception as error:  # noqa: BLE001  (staff are called without them, too)
                log = logger.bind(guild_id=ticket.guild_id)
                log.opt(exception=error).error("Nothing can be compared with ticket {}", ticket.number)
                links = ()
            self._found[key] = links
            if len(self._found) > KEPT:
                del self._found[next(iter(self._found))]
        return links

    def _may_carry(self, ticket: Ticket, channel_id: int) -> bool:
        assert ticket.thread_id is not None  # who is handed over has been asked something there
        source = KnownThread(ticket.thread_id, ticket.parent_id, ticket.is_private)
        return self._audience.may_carry(source, channel_id)


def _brief(
    ticket: Ticket,
    questions: Sequence[Question],
    messages: Sequence[TicketMessage],
    similar: tuple[str, ...],
) -> Brief:
    said = [each.content for each in messages if each.role == Role.MEMBER and each.content.strip()]
    tried = [_tried(each) for each in questions if each.outcome in (Outcome.ANSWERED, Outcome.CLARIFIED)]
    feeling = chat_score("\n".join([ticket.title, ticket.question, *said[-SAID:]]))
    return Brief(
        asked=ticket.question,
        environment=ticket.environment,
        said=tuple(said[-SAID:]),
        tried=tuple(tried),
        account_made=snowflake_time(ticket.opener_id),
        sentiment=text(f"ticket_answers.sentiment_{label(feeling).name.lower()}"),
        similar=similar,
    )


def _tried(question: Question) -> str:
    if question.outcome == Outcome.CLARIFIED:
        return text("ticket_answers.tried_asking")
    if question.helpful is None:
        return text("ticket_answers.tried", by=question.written_by)
    if question.helpful:
        return text("ticket_answers.tried_helped", by=question.written_by)
    return text("ticket_answers.tried_in_vain", by=question.written_by)
