"""What members say beside their ratings."""

import pytest

from bot.services.tickets.ratings import TicketRatings
from tests.services.tickets.conftest import ALICE, GUILD, Office


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_comments_are_read_by_staff_unless_their_member_opted_out(office: Office) -> None:
    ratings = TicketRatings(office.database, office.clock)
    ticket = await office.open()
    await ratings.comment(ticket.id, "Slow.")
    await office.service.life.note(ticket, ALICE, "a note")
    assert [each.detail for each in await ratings.comments(ticket)] == [{"text": "Slow."}]
    ratings.opted_out = lambda guild_id, user_id: (guild_id, user_id) == (GUILD, ALICE)
    assert list(await ratings.comments(ticket)) == []
