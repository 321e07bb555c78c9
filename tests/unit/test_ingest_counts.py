from datetime import UTC, datetime
from pathlib import Path
from shutil import copy

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.db.engine import create_engine
from bot.domain.arrival import Arrival, Change
from bot.nlp.classifier import EmbeddedClassifier
from bot.services.ingest import IngestService
from bot.services.metrics import Metrics
from bot.services.tasks import Worker
from bot.settings import IngestSettings
from tests.fakes import FakeClock


async def test_edits_and_deletions_are_not_counted_as_ingested(sqlite_template: Path, tmp_path: Path) -> None:
    copy(sqlite_template, tmp_path / "lookout.db")
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'lookout.db'}")
    metrics, clock = Metrics(), FakeClock()
    ingest = IngestService(
        Database(engine), EmbeddedClassifier(), MemoryBus(), clock, metrics, IngestSettings()
    )
    worker = Worker("ingest", ingest.run, clock)
    worker.start()
    said = Arrival(Change.CREATE, 1, 2, None, 1 << 40, author_id=5, author_name="Ada", content="hello")
    ingest.offer(said)
    ingest.offer(
        said._replace(change=Change.EDIT, content="hello!", edited_at=datetime(2026, 3, 1, tzinfo=UTC))
    )
    ingest.offer(Arrival(Change.DELETE, 1, 2, None, 1 << 40))
    await ingest.flushed()
    await worker.stop()
    await engine.dispose()
    assert "signals_ingested_total 1.0" in metrics.render().decode()
