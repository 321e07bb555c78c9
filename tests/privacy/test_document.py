"""docs/PRIVACY.md lists every column of every table, and none that isn't there."""

import re
from pathlib import Path

from bot.models.types import metadata

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "PRIVACY.md"
ROW = re.compile(r"^\| `(\w+\.\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_every_stored_field_is_told_with_how_it_goes() -> None:
    rows = ROW.findall(DOCUMENT.read_text("utf-8"))
    told = [row[0] for row in rows]
    stored = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    assert set(told) == stored
    assert len(told) == len(stored)
    assert all(cell.strip() for row in rows for cell in row)
