from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.engine import create_engine
from tests.db.postgres import postgres_database


@pytest.fixture(scope="session")
def empty_postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL database for migrations, apart from the one that other tests use."""
    with postgres_database("empty") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a database without tables, of each kind."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'lookout.db'}")
    else:
        engine = create_engine(request.getfixturevalue("empty_postgres_url"))
        async with engine.begin() as connection:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
    yield engine
    await engine.dispose()
