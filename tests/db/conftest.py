import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db import schema
from bot.db.engine import create_engine
from bot.db.schema import HEAD
from tests.db.postgres import postgres_database
from tests.db.revisions import NEXT, AddRevision


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


@pytest.fixture
def add_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddRevision:
    """Make a version of Lookout with one more migration, of these two bodies."""

    def add(upgrade: str, downgrade: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        bodies = [body.strip().replace("\n", "\n    ") for body in (upgrade, downgrade)]
        (folder / "versions" / f"{NEXT}_more.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = {NEXT!r}\ndown_revision = {HEAD!r}\nbranch_labels = depends_on = None\n"
            f"def upgrade():\n    {bodies[0]}\ndef downgrade():\n    {bodies[1]}\n"
        )
        monkeypatch.setattr(schema, "MIGRATIONS", folder)
        monkeypatch.setattr(schema, "HEAD", NEXT)

    return add
