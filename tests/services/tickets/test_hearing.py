"""What is heard in tickets, live or after a time nobody listened: stored and acted on as one."""

import pytest

from bot.db.questions import QuestionRepository
from bot.models import Question
from tests.services.tickets.conftest import ALICE, BOB, GUILD, SAM, Office
from tests.services.tickets.test_life import Recording


@pytest.fixture
def responder(office: Office) -> Recording:
    return Recording()


async def caught_up(office: Office, responder: Recording) -> None:
    office.service.conversation.responder = responder
    await office.service.conversation.catch_up(await office.only())


async def test_staff_who_spoke_while_nobody_listened_mute_the_bot(
    office: Office, responder: Recording
) -> None:
    ticket = await office.open()
    office.desk.past = [office.heard(SAM, "I am on it.", "staff"), office.heard(ALICE, "And now?")]
    await caught_up(office, responder)
    now = await office.now(ticket)
    assert (now.state, now.bot_muted, now.first_response_by) == ("waiting_staff", True, "staff")
    assert responder.heard == []


async def test_a_member_is_answered_though_others_wrote_after_them(
    office: Office, responder: Recording
) -> None:
    ticket = await office.waiting_for_member()
    async with office.database.transaction() as tx:
        await tx.tickets.set_quietly(ticket.id, {"bot_muted": False})
    office.desk.past = [
        office.heard(ALICE, "It is"),
        office.heard(ALICE, "1.2"),
        office.heard(BOB, "Here too"),
    ]
    await caught_up(office, responder)
    now = await office.now(ticket)
    assert (now.state, now.close_at, responder.heard) == ("waiting_staff", None, ["1.2"])
    async with office.database.reading() as tx:
        [question] = await tx.questions.of_ticket(ticket.id)
    assert question.message_id == office.desk.past[1].message_id


async def test_a_stop_while_a_message_is_stored_leaves_it_to_the_next_start(
    office: Office, responder: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await office.waiting_for_member()
    async with office.database.transaction() as tx:
        await tx.tickets.set_quietly(ticket.id, {"bot_muted": False})
    message = office.heard(ALICE, "1.2")
    office.service.conversation.responder = responder

    async def stop(_self: QuestionRepository, _question: Question) -> None:
        raise RuntimeError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(QuestionRepository, "begin", stop)
        with pytest.raises(RuntimeError):
            await office.service.conversation.hear(ticket.thread_id or 0, message)
    assert await office.texts(ticket) == ["Which version?"]
    assert (await office.now(ticket)).close_at is not None
    await office.again().load()
    office.desk.past = [message]
    await caught_up(office, responder)
    now = await office.now(ticket)
    assert (now.state, now.close_at, responder.heard) == ("waiting_staff", None, ["1.2"])


async def test_who_opted_out_moves_their_ticket_without_being_quoted(
    office: Office, responder: Recording
) -> None:
    ticket = await office.waiting_for_member()
    office.service.conversation.responder = responder
    office.service.conversation.opted_out = lambda _guild_id, user_id: user_id == ALICE
    now = await office.say(ticket, ALICE, "1.2")
    assert (now.state, now.close_at, responder.heard) == ("waiting_staff", None, [])
    async with office.database.reading() as tx:
        newest = await tx.ticket_messages.get(await tx.ticket_messages.newest(ticket.id) or 0)
        assert await tx.questions.of_ticket(ticket.id) == []
    assert newest is not None
    assert (newest.content, newest.author_id, newest.author_name) == ("", 0, "")


async def test_what_was_erased_is_not_read_from_the_thread_again(
    office: Office, responder: Recording
) -> None:
    ticket = await office.waiting_for_member()
    message = office.heard(ALICE, "1.2")
    office.desk.past = [message, office.heard(ALICE, "and 1.3")]
    erased = (GUILD, ALICE, message.message_id)
    office.service.conversation.erased = lambda *asked: asked == erased
    await caught_up(office, responder)
    assert (await office.texts(ticket))[1:] == ["and 1.3"]
    assert responder.heard == []


async def test_staff_who_opted_out_mute_the_bot(office: Office) -> None:
    office.service.conversation.opted_out = lambda _guild_id, user_id: user_id == SAM
    now = await office.say(await office.open(), SAM, "I am on it.", "staff")
    assert (now.bot_muted, now.state) == (True, "waiting_member")
