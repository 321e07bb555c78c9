import pytest

from bot.db.database import Database
from tests.alerts.support import Town, a_town
from tests.fakes import FakeClock


@pytest.fixture
async def town(database: Database) -> Town:
    return await a_town(database, FakeClock())
