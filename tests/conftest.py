import asyncio
import gc
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from loguru import logger
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.db.engine import create_engine
from bot.db.schema import prepare_database
from bot.logs import NOISY
from bot.models.types import metadata
from tests.db.postgres import postgres_database
from tests.garbage import freeze
from tests.only_loopback.plugin import (  # noqa: F401  (pytest finds hooks here)
    pytest_configure,
    pytest_runtest_teardown,
    pytest_unconfigure,
)

gc.disable()  # nothing that is imported and collected becomes garbage; on again before the first test
# Dozens of processes and hundreds of bots load the same files: they are compiled once.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` is: as many as processors, also where these share a core."""
    return os.cpu_count() or 1


# The same examples each time, and no failure because the machine is busy.
hypothesis.settings.register_profile("lookout", deadline=None, derandomize=True, max_examples=60)
hypothesis.settings.load_profile("lookout")


@pytest.fixture(scope="session", autouse=True)
def _garbage_is_collected() -> Iterator[None]:
    """Collect what tests leave: `bot.cli` turns that off and a bot freezes what is there at its start.

    Both are right for a process of one bot, while one of many tests would keep all it ever made.
    """
    gc.collect()
    freeze()  # what was imported: no collection has to look at it
    gc.set_threshold(50_000, 20, 50)
    gc.enable()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("freeze", "unfreeze", "disable", "set_threshold"):
            patch.setattr(gc, name, lambda *_: None)
        yield


@pytest.fixture(scope="module", autouse=True)
def _what_a_module_leaves_is_set_aside() -> Iterator[None]:
    """Collect at a module's end, and never look again at what stays: imports and fixtures of the session.

    With a million of objects from earlier modules a collection takes more than a second.
    """
    yield
    gc.collect()
    freeze()


async def _migrate(url: str) -> None:
    engine = create_engine(url)
    await prepare_database(engine, datetime.now(UTC))
    await engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the current schema, to be copied: faster than migrating for each test."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    with ThreadPoolExecutor(1) as thread:  # a loop of its own, away from the tests' ones
        thread.submit(asyncio.run, _migrate(f"sqlite+aiosqlite:///{path}")).result(60)
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a migrated PostgreSQL database that only this process uses."""
    with postgres_database("test") as url:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _migrate(url)).result(60)
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database: a new SQLite file, and PostgreSQL where a server is."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "lookout.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'lookout.db'}"


@pytest.fixture
async def engine(migrated_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on an empty database with the current schema, of each kind."""
    engine = create_engine(migrated_url)
    if engine.dialect.name == "postgresql":
        async with engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):  # quicker than TRUNCATE where rows are few
                await connection.execute(delete(table))
    yield engine
    await engine.dispose()


@pytest.fixture
def database(engine: AsyncEngine) -> Database:
    """Every repository, on an empty database of each kind."""
    return Database(engine)


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Put logging back as it was, for tests of what sets it up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in NOISY}
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logger.remove()
    logger.configure(patcher=lambda _: None)
    logger.add(sys.stderr)


class Logged:
    """What was logged during a test."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []

    def add(self, level: str, text: str) -> None:
        self._lines.append((level, text))

    def of(self, level: str, part: str = "") -> list[str]:
        """Return the lines of `level` that contain `part`."""
        return [text for name, text in self._lines if name == level and part in text]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """Collects every log line, in place of whatever else listens."""
    lines = Logged()
    number = logger.add(
        lambda message: lines.add(message.record["level"].name, message.record["message"]), level=0
    )
    yield lines
    logger.remove(number)
