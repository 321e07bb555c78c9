from collections.abc import Sequence

import pytest

from bot.db.database import Database
from bot.services.training.entries import TrainingEntries
from bot.services.training.importing import TrainingFiles
from bot.services.training.knowledge import Knowledge
from tests.conftest import engine
from tests.fakes import FakeClock

__all__ = ["engine"]


class Told:
    """Stands for whoever must hear of changed entries."""

    def __init__(self) -> None:
        self.of: list[tuple[int, tuple[int, ...]]] = []

    async def __call__(self, guild_id: int, entry_ids: Sequence[int]) -> None:
        self.of.append((guild_id, tuple(entry_ids)))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def entries(database: Database, clock: FakeClock, told: Told) -> TrainingEntries:
    return TrainingEntries(database, clock, told)


@pytest.fixture
def files(database: Database, clock: FakeClock, told: Told) -> TrainingFiles:
    return TrainingFiles(database, clock, told)


@pytest.fixture
def knowledge(database: Database, clock: FakeClock) -> Knowledge:
    """Without a model."""
    return Knowledge(database, None, clock)
