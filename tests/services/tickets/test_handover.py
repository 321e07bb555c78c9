"""Staff are called to tickets, if need be again, until they know of each."""

import pytest

from bot.models import Ticket
from bot.services.tickets import handover
from bot.services.tickets.answer_ports import Queued
from bot.services.tickets.answers import TicketAnswerService
from bot.services.tools import UnreachableError
from tests.conftest import Logged
from tests.services.tickets.answers import FakeAnswerDesk, answers_in
from tests.services.tickets.conftest import ALICE, BOB, GUILD, SAM, Office

STAFF_ROOM = 600


@pytest.fixture
def desk() -> FakeAnswerDesk:
    return FakeAnswerDesk()


async def handed_over(office: Office, number: int, opener_id: int = ALICE) -> Ticket:
    ticket = await office.open(number, opener_id=opener_id)
    async with office.database.transaction() as tx:
        values = {"bot_muted": True, "handed_over_at": office.clock.now()}
        await tx.tickets.set_quietly(ticket.id, values)
    return await office.now(ticket)


async def test_staff_who_cannot_be_told_are_tried_again_in_growing_pauses(
    office: Office, desk: FakeAnswerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = answers_in(office, desk)
    await office.guilds.set_staff_channel(GUILD, STAFF_ROOM)
    office.service.opening.responder = None
    ticket = await handed_over(office, 1)
    tries: list[int] = []
    begun = office.clock.now()

    async def refuse(*_args: object, **_kwargs: object) -> int:
        tries.append(round((office.clock.now() - begun).total_seconds()) // 60)
        raise UnreachableError("down")

    with monkeypatch.context() as patch:
        patch.setattr(desk, "queue", refuse)
        for _ in range(60):
            await answers.handover.take_up()
            office.clock.advance(60)
    assert tries == [0, 1, 3, 7, 15, 31, 47]
    for _ in range(16):
        await answers.handover.take_up()
        office.clock.advance(60)
    assert [each.ticket.id for each in desk.queued] == [ticket.id]


class Similar:
    """Finds one similar ticket, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.looks = 0
        self.fails = fails

    async def links(self, ticket: Ticket, channel_id: int) -> list[str]:
        self.looks += 1
        if self.fails:
            raise RuntimeError("no room")
        return ["[#7](link)"]


async def called_in_open(office: Office, desk: FakeAnswerDesk, similar: Similar) -> TicketAnswerService:
    """Have the staff channel be one that may carry what is said in tickets."""
    answers = answers_in(office, desk)
    answers.handover.similar = similar
    answers.handover._may_carry = lambda ticket, channel_id: True  # type: ignore[method-assign]
    await office.guilds.set_staff_channel(GUILD, STAFF_ROOM)
    office.service.opening.responder = None
    return answers


async def test_similar_tickets_are_looked_for_once(office: Office, desk: FakeAnswerDesk) -> None:
    similar = Similar()
    answers = await called_in_open(office, desk, similar)
    ticket = await office.open()
    await answers.handover.hand_over(ticket, "asked")
    await answers.handover.refresh(await office.now(ticket))
    [called], shown = desk.queued, desk.updated[-1]
    for card in (called, shown):
        assert card.brief is not None
        assert card.brief.similar == ("[#7](link)",)
    assert similar.looks == 1


async def test_staff_are_called_though_nothing_can_be_compared(
    office: Office, desk: FakeAnswerDesk, logged: Logged
) -> None:
    similar = Similar(fails=True)
    answers = await called_in_open(office, desk, similar)
    ticket = await office.open()
    await answers.handover.by_member(ticket, ALICE)
    assert len(desk.queued) == len(office.desk.said) == similar.looks == 1
    assert logged.of("ERROR", "Nothing can be compared with ticket 1")


async def test_what_was_deleted_while_nobody_listened_is_in_no_brief(
    office: Office, desk: FakeAnswerDesk
) -> None:
    answers = await called_in_open(office, desk, Similar())
    ticket = await office.open()
    kept, gone = office.heard(ALICE, "It still crashes."), office.heard(ALICE, "My key is 12-34.")
    conversation = office.service.conversation
    conversation.responder = None  # nobody else answers, or hands it over
    for heard in (kept, gone):
        await conversation.hear(ticket.thread_id or 0, heard)
    while len(conversation._tasks):
        await conversation._tasks.wait_for_one()
    office.desk.past = [kept]
    conversation.missed._begun.add(GUILD)
    await conversation.missed.read(GUILD)  # of a session anew, in which nothing newer was said
    assert await office.texts(ticket) == [kept.content, gone.content]
    await answers.handover.hand_over(ticket, "asked")
    assert desk.queued[-1].brief is not None
    assert desk.queued[-1].brief.said == (kept.content,)


async def test_nobody_is_called_once_staff_spoke(office: Office, desk: FakeAnswerDesk) -> None:
    answers = answers_in(office, desk)
    await office.guilds.set_staff_channel(GUILD, STAFF_ROOM)
    office.service.opening.responder = None
    ticket = await handed_over(office, 1)
    await office.say(ticket, SAM, "Looking.", "staff")
    await answers.handover.take_up()
    await answers.handover.call_staff(ticket, again=True)  # as it was read before that
    assert desk.queued == []


@pytest.mark.parametrize("over", ["answered", "closed"])
async def test_a_call_that_was_posted_but_not_written_down_is_found_though_it_is_over(
    office: Office, desk: FakeAnswerDesk, over: str
) -> None:
    answers = answers_in(office, desk)
    await office.guilds.set_staff_channel(GUILD, STAFF_ROOM)
    office.service.opening.responder = None
    ticket = await handed_over(office, 1)
    if over == "answered":
        await office.say(ticket, SAM, "Looking.", "staff")
    else:
        await office.service.life.close(await office.now(ticket), SAM, "solved")
    desk.found, desk.failing = Queued(8_001, pinged=True), UnreachableError("not connected yet")
    await answers.handover.take_up()
    assert (await office.now(ticket)).queue_message_id is None
    desk.failing = None
    await answers.handover.take_up()
    assert (await office.now(ticket)).queue_message_id == desk.found.message_id
    assert [card.ticket.id for card in desk.updated] == [ticket.id]
    assert [each.kind for each in await office.events(ticket)].count("pinged") == 1
    assert desk.queued == []


async def test_without_a_staff_channel_each_ticket_is_called_when_the_pings_allow(
    office: Office, desk: FakeAnswerDesk
) -> None:
    answers = answers_in(office, desk)
    office.service.opening.responder = None
    one, two = await handed_over(office, 1), await handed_over(office, 2, BOB)
    for called in ([one.id], [one.id, two.id], [one.id, two.id]):
        await answers.handover.take_up()
        assert desk.calls == called
        office.clock.advance(61)


async def test_the_minute_to_ping_is_the_tickets_whose_ping_was_interrupted(
    office: Office, desk: FakeAnswerDesk
) -> None:
    answers = answers_in(office, desk)
    office.service.opening.responder = None
    one, two = await handed_over(office, 1), await handed_over(office, 2, BOB)
    desk.failing = UnreachableError("nobody knows whether it took effect")
    await answers.handover.call_staff(one, again=False)
    desk.failing = None
    await answers.handover.call_staff(two, again=False)
    assert desk.calls == []
    await answers.handover.call_staff(one, again=True)
    assert desk.calls == [one.id]
    assert [each.kind for each in await office.events(one)].count("pinged") == 1


async def test_all_that_wait_are_called_however_many(
    office: Office, desk: FakeAnswerDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "MOST", 2)
    answers = answers_in(office, desk)
    await office.guilds.set_staff_channel(GUILD, STAFF_ROOM)
    office.service.opening.responder = None
    tickets = [await handed_over(office, n, 100 + n) for n in range(5)]
    await answers.handover.take_up()
    assert [each.ticket.id for each in desk.queued] == [each.id for each in tickets]
