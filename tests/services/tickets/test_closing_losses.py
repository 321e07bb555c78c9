"""Closed tickets of which something is deleted before all of their end is served."""

import pytest

from bot.domain.audience import Person
from bot.models import DeliveryKind, Ticket
from bot.services.tickets import closing as closing_module
from bot.services.tools import UnreachableError
from tests.services.tickets.conftest import ALICE, GUILD, SAM, Office
from tests.services.tickets.test_closing import End, drawn
from tests.unit.llm.chain_support import Bench


@pytest.fixture
def end(office: Office, bench: Bench) -> End:
    return End(office, bench)


async def test_what_was_deleted_while_nobody_listened_is_in_no_transcript(end: End) -> None:
    office = end.office
    card = office.heard(1, "", "bot")  # what its page of history begins with
    first, stays = office.heard(ALICE, "Oops, my secret."), office.heard(ALICE, "It is full.")
    ticket = await office.open()
    assert ticket.thread_id is not None
    for each in (first, stays):
        await office.service.conversation.hear(ticket.thread_id, each)
    await office.service.life.close(await office.now(ticket), SAM, "")
    office.desk.past = [card, stays]
    end.closing.catch_up = office.service.conversation.catch_up
    await end.closing.tick()
    files = b"".join(each.content for each in end.desk.of(DeliveryKind.LOG).files)
    assert b"It is full." in files
    assert b"secret" not in files


async def test_a_thread_deleted_while_it_is_summarized_leaves_no_summary(
    end: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await end.solved()
    summarize = end.closing._writer.summarize

    async def slowly(*args: object, **values: object) -> object:
        await end.office.service.life.thread_gone(ticket)
        return await summarize(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(end.closing._writer, "summarize", slowly)
    await end.closing.serve(ticket)
    assert (await end.office.now(ticket)).summary is None
    assert end.desk.kinds() == ["rating"]


async def test_a_thread_deleted_while_its_post_is_made_is_quoted_nowhere(
    end: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await end.solved()

    async def lost(_ticket: Ticket) -> Person:
        await end.office.service.life.thread_gone(ticket)
        return Person(ALICE, GUILD, frozenset())

    monkeypatch.setattr(end.desk, "reader", lost)
    await end.closing.serve(ticket)
    assert end.desk.kinds() == ["rating", "log"]


async def test_a_thread_deleted_while_its_lesson_is_drawn_teaches_nothing(
    office: Office, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = End(office, bench, drawn())
    ticket = await end.solved()
    draw = end.lessons._writer.draw

    async def slowly(*args: object) -> object:
        await office.service.life.thread_gone(ticket)
        return await draw(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(end.lessons._writer, "draw", slowly)
    assert await end.lessons.draw(ticket) is None
    assert "lesson" not in [each.kind for each in await office.events(ticket)]


async def test_every_page_of_what_was_left_over_is_served(end: End, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing_module, "MOST", 1)
    for number in (1, 2):
        await end.office.service.life.close(await end.office.open(number), SAM, "")
    end.desk.failing[DeliveryKind.RATING] = UnreachableError("down")
    await end.closing.tick()
    assert end.desk.posts == []
    del end.desk.failing[DeliveryKind.RATING]
    await end.closing.tick()
    assert end.desk.kinds().count("rating") == 2


async def test_who_may_not_read_the_thread_any_more_is_sent_no_transcript(
    end: End, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def outside(_ticket: Ticket) -> Person:
        return Person(ALICE, GUILD + 1, frozenset())

    monkeypatch.setattr(end.desk, "reader", outside)
    await end.served()
    assert end.desk.kinds() == ["rating", "log", "lesson"]


async def test_what_may_have_been_deleted_in_a_lost_session_is_looked_for_before_the_transcript(
    end: End,
) -> None:
    office, missed = end.office, end.office.service.conversation.missed
    end.closing.catch_up, end.closing.is_unsure = office.service.conversation.catch_up, missed.is_unsure
    card, secret = office.heard(1, "", "bot"), office.heard(ALICE, "Oops, my secret.")
    ticket = await office.open()
    assert ticket.thread_id is not None
    await office.service.conversation.hear(ticket.thread_id, secret)
    office.desk.past = [card, secret]
    await missed.read(GUILD)
    await missed.read(GUILD)  # a new session
    assert missed.is_unsure(ticket)
    office.desk.past = [card]
    await office.service.life.close(await office.now(ticket), SAM, "")
    await end.closing.serve(await office.now(ticket))
    files = b"".join(each.content for each in end.desk.of(DeliveryKind.LOG).files)
    assert b"secret" not in files
    assert not missed.is_unsure(ticket)
