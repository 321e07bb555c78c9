"""Answers in tickets: each question once, in order within a ticket, until staff speak there."""

import math
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any, Final

from loguru import logger

from bot.db.database import Database, is_passing
from bot.domain.maintenance import Mode
from bot.domain.tickets import TicketState, timers_from
from bot.models import Outcome, Question, Ticket, TicketMessage
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.maintenance import MaintenanceService
from bot.services.tasks import OrderedTasks
from bot.services.tickets import wording
from bot.services.tickets.answer_ports import AnswerDesk, Post, Press
from bot.services.tickets.asking import is_the_bots, key_of, waits_for_staff
from bot.services.tickets.choosing import TRAINED, AnswerChoice, Chosen
from bot.services.tickets.display import TicketDisplay
from bot.services.tickets.handover import TicketHandover
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tools import ToolError
from bot.services.training.entries import TrainingEntries
from bot.texts import text

PARALLEL: Final = 8  # tickets answered at the same time
MOST: Final = 100  # questions taken up at one look
EVERY_SECONDS: Final = 60.0
EDIT_SECONDS: Final = 1.0  # between two edits of an answer that is being written
GIVE_UP: Final = timedelta(minutes=30)  # after which a question that can't be answered is left to staff


class TicketAnswering:
    """The `Responder` of tickets. The row of a question is the lock that has it answered once.

    Attributes:
        maintenance: whether questions are kept or left to staff; None: never.
    """

    def __init__(  # noqa: PLR0913  (it meets training, models, staff and platform)
        self,
        *,
        database: Database,
        clock: Clock,
        settings: TicketSettingsService,
        display: TicketDisplay,
        choice: AnswerChoice,
        handover: TicketHandover,
        training: TrainingEntries,
        desk: AnswerDesk,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._display = display
        self._choice = choice
        self._handover = handover
        self._training = training
        self._desk = desk
        self._tasks = OrderedTasks(PARALLEL)
        self._newest: dict[int, int] = {}  # the newest message to answer, by ticket
        self.maintenance: MaintenanceService | None = None

    async def opened(self, ticket: Ticket) -> None:
        """Answer what a new ticket asks, in the background."""
        self._begin(ticket.id, None)

    async def member_wrote(self, ticket: Ticket, message: TicketMessage) -> None:
        """Answer what its member wrote, in the background, after what they wrote before."""
        self._newest[ticket.id] = message.message_id
        self._begin(ticket.id, message)

    async def run(self) -> None:
        """Take up what was interrupted, now and every minute until cancelled."""
        while True:
            await self.take_up()
            await self._clock.sleep(EVERY_SECONDS)

    async def take_up(self) -> None:
        """Settle questions that are not; call staff where they couldn't be called."""
        async with self._database.reading() as tx:
            left = await tx.questions.unfinished(MOST)
            for question in left:
                message = await tx.ticket_messages.get(question.message_id) if question.message_id else None
                if message is not None and message.deleted_at is None:  # what came before is answered with it
                    newest = self._newest.get(message.ticket_id, 0)
                    self._newest[message.ticket_id] = max(newest, message.message_id)
        for question in left:
            assert question.ticket_id is not None  # chosen so
            name = f"question {question.id}"
            self._tasks.spawn_after(question.ticket_id, partial(self._resume, question), name)
        await self._handover.take_up()

    async def settled(self) -> None:
        """Wait until nothing is being answered."""
        while len(self._tasks):
            await self._tasks.wait_for_one()

    async def close(self) -> None:
        """Stop; what isn't settled is taken up at the next start."""
        await self._tasks.cancel()

    def _begin(self, ticket_id: int, message: TicketMessage | None) -> None:
        self._tasks.spawn_after(ticket_id, lambda: self._safely(ticket_id, message), f"answer in {ticket_id}")

    async def _resume(self, question: Question) -> None:
        """Finish a question that an earlier try has taken up."""
        assert question.ticket_id is not None  # it is of a ticket
        async with self._database.reading() as tx:
            current = await tx.questions.get(question.id)
            message = await tx.ticket_messages.get(question.message_id) if question.message_id else None
        if current is None or current.finished_at is not None:
            return
        is_gone = question.message_id is not None and (message is None or message.deleted_at is not None)
        if is_gone:
            await self._finish(question, outcome=Outcome.SILENT)
            return
        since = question.asked_at
        if self.maintenance is not None and self.maintenance.now.held_until is not None:
            since = max(since, self.maintenance.now.held_until)
        late = self._clock.now() - since > GIVE_UP
        await self._safely(question.ticket_id, message, again=True, late=late)

    async def _safely(
        self, ticket_id: int, message: TicketMessage | None, *, again: bool = False, late: bool = False
    ) -> None:
        """Answer a question; `again`: it was tried before, `late`: for too long, so that staff are called."""
        try:
            await self._answer(ticket_id, message, again=again, late=late)
        except Exception as error:  # noqa: BLE001  (it is taken up again within a minute)
            if is_passing(error) or isinstance(error, ToolError):
                logger.warning("A question in ticket {} waits: {}", ticket_id, error)
            else:
                logger.opt(exception=error).error("A question in ticket {} can't be answered now", ticket_id)
        finally:
            if message is not None and self._newest.get(ticket_id) == message.message_id:
                del self._newest[ticket_id]

    async def _answer(
        self, ticket_id: int, message: TicketMessage | None, *, again: bool, late: bool
    ) -> None:
        async with self._database.reading() as tx:
            ticket = await tx.tickets.get(ticket_id)
            question = await tx.questions.by_key(key_of(ticket_id, message))
        if ticket is None or question is None or question.finished_at is not None:
            return
        if ticket.thread_id is None:
            await self._finish(question, outcome=Outcome.SILENT)
            return
        if question.outcome == Outcome.PENDING:
            if not is_the_bots(ticket):
                await self._take_back(ticket, question)
                return
            if message is not None and self._newest.get(ticket_id, 0) > message.message_id:
                await self._finish(question, outcome=Outcome.JOINED)
                return
            if await self._is_kept(ticket, question):
                return
            is_hard = self._mode() is Mode.HARD
            if late or is_hard:
                reason = text("maintenance.ticket_reason") if is_hard else text("ticket_answers.reason_late")
                chosen = Chosen(Outcome.HANDED_OVER, reason=reason)
            else:
                chosen = await self._chosen(ticket, question, message, again=again)
            question = await self._decided(question, chosen)
        try:
            await self._say(ticket, question, again=again)
        except ToolError:
            if not late:
                raise
            reason = text("ticket_answers.reason_late")
            await self._handover.hand_over(ticket, reason)  # staff are told elsewhere, too
            await self._finish(question, outcome=Outcome.HANDED_OVER, reason=reason)

    def _mode(self) -> Mode:
        return self.maintenance.now.mode if self.maintenance is not None else Mode.OFF

    async def _is_kept(self, ticket: Ticket, question: Question) -> bool:
        """Return whether a question waits for the end of maintenance; its member is told once a ticket."""
        if self.maintenance is None or self._mode() is not Mode.SOFT:
            return False
        async with self._database.transaction() as tx:
            is_first = await self.maintenance.is_first(
                tx, ticket.guild_id, ticket.thread_id or 0, ticket.opener_id
            )
        if is_first:
            # Not under the question's own number: the answer to come would count as posted.
            await self._desk.post(ticket, Post(-question.id, self.maintenance.words()))
        return True

    async def _chosen(
        self, ticket: Ticket, question: Question, message: TicketMessage | None, *, again: bool
    ) -> Chosen:
        async with AsyncExitStack() as stack:
            if ticket.first_response_at is None:
                await stack.enter_async_context(self._desk.typing(ticket))
            live = _Live(self._clock, self._database, self._desk, ticket, question)
            if question.answer_id is None and again:
                question.answer_id = await self._found(ticket, question, "")
            return await self._choice.choose(ticket, message, live.show)

    async def _decided(self, question: Question, chosen: Chosen) -> Question:
        """Write down what is to be said, before it is."""
        async with self._database.transaction() as tx:
            await tx.questions.keep(question.id, chosen.columns())
            stored = await tx.questions.get(question.id)
        fail_point("answer.after_decide")
        for entry_id in chosen.entry_ids if chosen.outcome is Outcome.ANSWERED else ():
            await self._training.used(question.guild_id, entry_id)
        assert stored is not None  # a ticket isn't deleted while it is answered
        return stored

    async def _say(self, ticket: Ticket, question: Question, *, again: bool) -> None:
        """Say what was decided, unless staff spoke meanwhile."""
        async with self._database.reading() as tx:
            now = await tx.tickets.get(ticket.id)
        if now is None:
            return
        text = question.answer or ""
        if question.outcome == Outcome.HANDED_OVER:
            now = await self._handover.hand_over(now, question.reason) or now
            text = self._handover.told(now)
            if not waits_for_staff(now):
                await self._take_back(now, question)
                return
        elif not is_the_bots(now):
            await self._take_back(now, question)
            return
        post = Post(question.id, text, _presses(question))
        shown = question.answer_id
        if shown is None and again:
            shown = await self._found(now, question, text)
        if shown is None:
            shown = await self._desk.post(now, post)
            fail_point("answer.after_post")
        else:
            await self._desk.edit(now, shown, post)
        await self._said(now, question, shown)

    async def _take_back(self, ticket: Ticket, question: Question) -> None:
        """Leave a question to staff, who speak there already; of an answer half shown nothing stays."""
        if question.answer_id is not None:
            await self._desk.edit(ticket, question.answer_id, Post(question.id, wording.TAKEN_OVER, ()))
        await self._finish(question, outcome=Outcome.SILENT)

    async def _found(self, ticket: Ticket, question: Question, text: str) -> int | None:
        """Return what an interrupted try has posted."""
        after = question.message_id or ticket.card_message_id or ticket.thread_id or 0
        return await self._desk.find(ticket, Post(question.id, text), after)

    async def _said(self, ticket: Ticket, question: Question, message_id: int) -> None:
        """Note what was said, and that the ticket waits for its member now."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await tx.questions.keep(question.id, {"answer_id": message_id, "finished_at": now})
            if question.outcome == Outcome.HANDED_OVER:
                return
            timers = timers_from(TicketState.WAITING_MEMBER, now, self._settings.rules(ticket.guild_id))
            values: dict[str, Any] = {
                "state": TicketState.WAITING_MEMBER.value,
                "remind_at": timers.remind_at, "close_at": timers.close_at,
            }  # fmt: skip
            if ticket.first_response_at is None:
                by = "training" if (question.written_by or "").startswith(TRAINED) else "llm"
                values |= {"first_response_at": now, "first_response_by": by}
            await tx.tickets.change_as_bot(ticket.id, values)  # unless staff spoke meanwhile
        await self._display.show(ticket.id)

    async def _finish(self, question: Question, **values: Any) -> None:
        async with self._database.transaction() as tx:
            await tx.questions.keep(question.id, {"finished_at": self._clock.now(), **values})


class _Live:
    """An answer in the making, shown as it grows: at most once a second."""

    def __init__(
        self, clock: Clock, database: Database, desk: AnswerDesk, ticket: Ticket, question: Question
    ) -> None:
        self._clock = clock
        self._database = database
        self._desk = desk
        self._ticket = ticket
        self._question = question
        self._shown_at = -math.inf

    async def show(self, text: str) -> None:
        """Show the beginning of an answer, marked as such; Discord's failures are for the whole to tell."""
        if self._clock.monotonic() - self._shown_at < EDIT_SECONDS:
            return
        post = Post(self._question.id, text)
        question = self._question
        try:
            if question.answer_id is not None:
                await self._desk.edit(self._ticket, question.answer_id, post)
            else:
                question.answer_id = await self._desk.post(self._ticket, post)
                async with self._database.transaction() as tx:
                    await tx.questions.keep(question.id, {"answer_id": question.answer_id})
        except ToolError as error:
            logger.info("An answer in ticket {} isn't shown as it grows: {}", self._ticket.id, error)
        self._shown_at = self._clock.monotonic()


def _presses(question: Question) -> tuple[Press, ...]:
    match Outcome(question.outcome):
        case Outcome.ANSWERED:
            return (Press.YES, Press.NO, Press.PERSON)
        case Outcome.CLARIFIED:
            return (Press.PERSON,)
        case Outcome.THANKED:
            return (Press.SOLVED,)
        case _:
            return ()
