"""A ticket that was made of a member's post asks what the post says, whenever that is learned."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.tickets import TicketState, post_key
from bot.models import Ticket
from bot.services.tickets.ports import Heard
from tests.services.tickets.conftest import ALICE, Office


@pytest.fixture
def post(office: Office) -> Heard:
    return office.heard(ALICE, "It crashes.")


async def made_of(office: Office, post: Heard) -> Ticket:
    return await office.open(key=post_key(post.message_id), question=post.content)


def edited(office: Office, post: Heard, text: str) -> Heard:
    return replace(post, content=text, edited_at=office.clock.now() + timedelta(seconds=1))


async def caught_up(office: Office, *history: Heard) -> Ticket:
    office.desk.past = list(history)
    await office.service.conversation.catch_up(await office.only())
    return await office.only()


async def test_what_was_edited_before_anybody_listened_is_asked(office: Office, post: Heard) -> None:
    await made_of(office, post)
    assert (await caught_up(office, edited(office, post, "It hangs."))).question == "It hangs."


async def test_what_was_deleted_before_anybody_listened_is_asked_no_more(office: Office, post: Heard) -> None:
    ticket = await made_of(office, post)
    card = office.heard(60, "", "bot")
    assert (await caught_up(office, card)).question == ""
    thread_id = (await office.now(ticket)).thread_id
    assert thread_id is not None
    await office.service.conversation.hear(thread_id, post)  # told of late
    assert await office.texts(ticket) == [""]


async def test_an_edit_that_is_told_of_after_the_deletion_brings_nothing_back(
    office: Office, post: Heard
) -> None:
    ticket = await made_of(office, post)
    await caught_up(office, post)
    thread_id = (await office.now(ticket)).thread_id
    assert thread_id is not None
    conversation = office.service.conversation
    conversation.offer_deletion(thread_id, [post.message_id])
    conversation.offer_edit(thread_id, edited(office, post, "It hangs, and my password is secret."))
    while len(conversation._tasks):
        await conversation._tasks.wait_for_one()
    assert (await office.now(ticket)).question == ""


async def test_a_ticket_that_was_closed_at_once_is_not_opened_by_its_own_post(
    office: Office, post: Heard
) -> None:
    ticket = await made_of(office, post)
    await office.service.life.close(ticket, ALICE, "never mind")
    assert (await caught_up(office, post)).state == TicketState.CLOSED
