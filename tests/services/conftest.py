import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.db.engine import create_engine
from bot.nlp.classifier import EmbeddedClassifier
from bot.services import recovery as module
from bot.services.ingest import IngestService
from bot.services.metrics import Metrics
from bot.services.recovery import RecoveryService
from bot.settings import IngestSettings
from tests.fakes import FakeClock, FakeDiscord
from tests.services.histories import FakeHistory
from tests.services.road import Road
from tests.services.support import (
    GUILD,
    STAFF_CHANNEL,
    running,
)
from tests.unit.llm.chain_support import Bench


@pytest.fixture
async def engine(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[AsyncEngine]:
    """An SQLite file with the current schema: tests/db runs the repositories on PostgreSQL too."""
    path = tmp_path / "lookout.db"
    shutil.copy(sqlite_template, path)
    engine = create_engine(f"sqlite+aiosqlite:///{path}")
    yield engine
    await engine.dispose()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def ingest(database: Database, bus: MemoryBus, clock: FakeClock) -> IngestService:
    """The service with small limits; it writes only while its `run` does."""
    settings = IngestSettings(batch_size=8, queue_size=100)
    return IngestService(database, EmbeddedClassifier(), bus, clock, Metrics(), settings)


@pytest.fixture
def discord() -> FakeDiscord:
    return FakeDiscord()


@pytest.fixture
def road(database: Database, clock: FakeClock, discord: FakeDiscord) -> Road:
    return Road(database, clock, discord)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """The surroundings of chains of language models, which are closed at the end."""
    bench = Bench()
    yield bench
    for chain in bench.chains:
        await chain.close()


@pytest.fixture
async def staffed(road: Road) -> Road:
    """With a staff channel."""
    await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
    return road


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> FakeHistory:
    monkeypatch.setattr(module, "PAGE", 10)
    return FakeHistory()


@pytest.fixture
def settings() -> IngestSettings:
    return IngestSettings(max_backfill_messages=35, max_backfill_days=7)


@pytest.fixture
def recovery(
    database: Database, ingest: IngestService, clock: FakeClock, settings: IngestSettings
) -> RecoveryService:
    return RecoveryService(database, ingest, clock, settings)


@pytest.fixture
async def at_work(ingest: IngestService, recovery: RecoveryService) -> AsyncIterator[None]:
    async with running(ingest.run, recovery.run):
        yield
