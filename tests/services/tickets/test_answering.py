"""Questions in tickets through stops and outages: none is lost, and staff are called where nobody answers."""

import pytest

from bot.models import Question, Ticket
from bot.services.tickets.answering import GIVE_UP, PARALLEL
from bot.services.tools import UnreachableError
from tests.services.support import eventually
from tests.services.tickets.answers import FakeAnswerDesk, answers_in, restarted
from tests.services.tickets.conftest import ALICE, GUILD, Office
from tests.services.tickets.test_life import Recording


@pytest.fixture
def desk() -> FakeAnswerDesk:
    return FakeAnswerDesk()


async def questions(office: Office, ticket: Ticket) -> list[Question]:
    async with office.database.reading() as tx:
        return list(await tx.questions.of_ticket(ticket.id))


async def test_a_stop_loses_no_question_that_waits_for_its_turn(office: Office, desk: FakeAnswerDesk) -> None:
    office.service.answer_with(Recording())  # takes them and does nothing
    tickets = [await office.open(n, opener_id=100 + n) for n in range(PARALLEL + 2)]
    answers = await restarted(office, desk)
    await answers.answering.take_up()
    await answers.answering.settled()
    assert sorted(each for each, _ in desk.posts) == [each.id for each in tickets]


async def test_what_a_member_wrote_in_several_messages_is_answered_once_after_a_stop(
    office: Office, desk: FakeAnswerDesk
) -> None:
    ticket = await office.open()
    office.service.answer_with(Recording())
    for text in ("It is", "version", "1.2"):
        await office.say(ticket, ALICE, text)
    answers = await restarted(office, desk)
    await answers.answering.take_up()
    await answers.answering.settled()
    assert [each.outcome for each in await questions(office, ticket)] == ["joined", "joined", "handed_over"]
    assert len(desk.posts) == 1


async def test_a_question_left_too_long_is_handed_over(office: Office, desk: FakeAnswerDesk) -> None:
    answers = answers_in(office, desk)
    office.service.opening.responder = None
    ticket = await office.open()
    async with office.database.transaction() as tx:
        draft = Question(
            key=f"{ticket.id}/0", guild_id=GUILD, ticket_id=ticket.id, asked_at=office.clock.now()
        )
        await tx.questions.begin(draft)
    office.clock.advance(GIVE_UP.total_seconds() + 1)
    await answers.answering.take_up()
    await answers.answering.settled()
    [question] = await questions(office, ticket)
    assert (question.outcome, question.reason) == ("handed_over", "I could not answer in time")
    assert (await office.now(ticket)).state == "waiting_staff"
    assert [each for each, _ in desk.posts] == [ticket.id]


async def test_what_cannot_be_said_for_too_long_calls_staff_and_ends(
    office: Office, desk: FakeAnswerDesk
) -> None:
    answers = answers_in(office, desk)
    desk.failing = UnreachableError("down")
    ticket = await office.open()
    await answers.answering.settled()

    async def tried() -> bool:
        return bool(await questions(office, ticket))

    await eventually(tried)
    office.clock.advance(GIVE_UP.total_seconds() + 1)
    await answers.answering.take_up()
    await answers.answering.settled()
    [question] = await questions(office, ticket)
    assert question.finished_at is not None
    assert (await office.now(ticket)).state == "waiting_staff"


async def test_a_question_whose_message_is_gone_is_left(office: Office, desk: FakeAnswerDesk) -> None:
    answers = answers_in(office, desk)
    office.service.opening.responder = None
    ticket = await office.open()
    async with office.database.transaction() as tx:
        draft = Question(
            key=f"{ticket.id}/7",
            guild_id=GUILD,
            ticket_id=ticket.id,
            message_id=7,
            asked_at=office.clock.now(),
        )
        await tx.questions.begin(draft)
    office.clock.advance(GIVE_UP.total_seconds() + 1)
    await answers.answering.take_up()
    await answers.answering.settled()
    assert [each.outcome for each in await questions(office, ticket)] == ["silent"]
    assert desk.posts == []
