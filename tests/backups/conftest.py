import shutil
from pathlib import Path

import pytest

from tests.db.conftest import empty, empty_postgres_url  # noqa: F401  (fixtures)


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database file with the current schema."""
    path = tmp_path / "lookout.db"
    shutil.copy(sqlite_template, path)
    return path
