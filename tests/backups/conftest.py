import shutil
from pathlib import Path

import pytest

from bot.db.database import Database
from tests.backups.servers import fill
from tests.db.conftest import empty, empty_postgres_url  # noqa: F401  (fixtures)
from tests.fakes import FakeClock


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database file with the current schema."""
    path = tmp_path / "lookout.db"
    shutil.copy(sqlite_template, path)
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def filled(database: Database, clock: FakeClock) -> Database:
    """A server where everything is set otherwise than by default."""
    await fill(database, clock)
    return database
