"""What members wrote and haven't decided on is kept for a day."""

import pytest

from bot.domain.errors import NotFoundError
from bot.services.retention import RetentionService
from bot.services.tickets.drafts import KEPT_FOR
from bot.settings import RetentionSettings
from tests.services.tickets.conftest import ALICE, GUILD, Office


async def test_a_draft_is_forgotten_after_a_day(office: Office) -> None:
    drafts = office.service.drafts
    retention = RetentionService(office.database, office.clock, RetentionSettings())
    wish = office.wish()
    await drafts.keep(wish)
    office.clock.advance(KEPT_FOR.total_seconds())
    await retention.purge()
    assert await drafts.get(GUILD, ALICE, wish.key) == wish
    office.clock.advance(1)
    with pytest.raises(NotFoundError):
        await drafts.get(GUILD, ALICE, wish.key)
    await retention.purge()
    async with office.database.reading() as tx:
        assert await tx.ticket_drafts.get(wish.key) is None
