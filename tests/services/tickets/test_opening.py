"""Wishes for tickets that couldn't be granted, or were before."""

from datetime import timedelta

import pytest

from bot.domain.errors import UserFacingError
from bot.services.tools import NotPermittedError
from tests.services.tickets.conftest import ALICE, GUILD, Office


async def test_what_could_not_be_opened_can_be_opened_later(office: Office) -> None:
    office.desk.failing = NotPermittedError("Send Messages")
    for _ in range(2):
        with pytest.raises(UserFacingError, match="Send Messages"):
            await office.open(1)
    office.desk.failing = None
    ticket = await office.open(1)
    assert ticket.thread_id is not None
    assert await office.open(1) == ticket


async def test_the_wish_of_a_closed_ticket_is_told_so(office: Office) -> None:
    ticket = await office.open(1)
    await office.service.life.close(ticket, ALICE, "")
    with pytest.raises(UserFacingError, match=r"#0001, which is closed.*`/reopen number:1`"):
        await office.open(1)
    await office.service.life.thread_gone(await office.now(ticket))
    with pytest.raises(UserFacingError, match="thread is gone"):
        await office.open(1)


async def test_a_server_whose_data_was_deleted_is_not_set_up(office: Office) -> None:
    async with office.database.transaction() as tx:
        await tx.guilds.change(GUILD, {"left_at": office.clock.now()})
        assert await tx.guilds.delete_left(GUILD, office.clock.now() + timedelta(days=1))
    with pytest.raises(UserFacingError, match="aren't set up"):
        await office.open(1)
