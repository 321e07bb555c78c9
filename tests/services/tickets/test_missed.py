"""Which tickets are read anew after a time nobody listened, and when."""

import asyncio

import pytest

from bot.models import Ticket
from tests.services.tickets.conftest import ALICE, BOB, GUILD, Office


@pytest.fixture
def read(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tickets that are read, in their order; reading them tells nothing."""
    numbers: list[int] = []
    newest = {1: 5_000, 2: 6_000, 3: 7_000}

    async def reading(ticket: Ticket) -> None:
        numbers.append(ticket.number)
        office.service.conversation.missed.is_read(ticket)

    monkeypatch.setattr(office.desk, "last_said", lambda ticket: newest[ticket.number])
    missed = office.service.conversation.missed
    monkeypatch.setattr(missed, "_reading", reading)
    for number in (1, 2, 3):
        missed.noticed(1_000 + number - 1, newest[number])
    return numbers


async def three(office: Office) -> list[Ticket]:
    tickets = [
        await office.open(number, opener_id=who) for number, who in enumerate((ALICE, BOB, 42), start=1)
    ]
    while len(office.service.conversation._tasks):
        await office.service.conversation._tasks.wait_for_one()
    return tickets


async def test_a_start_reads_every_ticket_and_first_those_with_news(office: Office, read: list[int]) -> None:
    tickets = await three(office)
    missed = office.service.conversation.missed
    missed._notices.pop(1_001)
    await missed.read(GUILD)
    assert read == [2, 1, 3]
    assert not any(missed.is_unsure(ticket) for ticket in tickets)


async def test_a_new_session_reads_what_has_news_and_is_unsure_of_the_rest(
    office: Office, read: list[int]
) -> None:
    tickets = await three(office)
    missed = office.service.conversation.missed
    await missed.read(GUILD)
    read.clear()
    missed._notices.pop(1_002)
    await missed.read(GUILD)
    assert read == [3]
    assert [missed.is_unsure(ticket) for ticket in tickets] == [True, True, False]


async def test_a_session_that_begins_while_another_is_seen_to_has_nothing_read_twice(
    office: Office, read: list[int]
) -> None:
    await three(office)
    missed = office.service.conversation.missed
    missed._notices.clear()
    await asyncio.gather(missed.read(GUILD), missed.read(GUILD))
    assert sorted(read) == [1, 2, 3]


async def test_a_ticket_of_which_nothing_is_known_is_read(
    office: Office, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await three(office)
    missed = office.service.conversation.missed
    await missed.read(GUILD)
    read.clear()
    monkeypatch.setattr(office.desk, "last_said", lambda _ticket: None)  # archived
    await missed.read(GUILD)
    assert read == [1, 2, 3]


async def test_few_threads_are_read_at_the_same_time(
    office: Office, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await three(office)
    missed = office.service.conversation.missed
    missed._notices.clear()
    at_once, most = 0, 0

    async def slowly(_ticket: Ticket) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1

    monkeypatch.setattr(missed, "_reading", slowly)
    await missed.read(GUILD)
    assert most == 2
