"""What came of a run, in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass
class Verdict:
    """Everything wrong with a run; each list holds a line for each fault."""

    lost: list[str] = field(default_factory=list)  # exists in Discord or was promised, and isn't kept
    kept: list[str] = field(default_factory=list)  # deleted in Discord, its text still in the database
    stuck: list[str] = field(default_factory=list)  # begun, and not done
    twice: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)  # done for no reason, or not noted

    def faults(self) -> list[str]:
        """Return every line with its kind."""
        return [f"{kind}: {line}" for kind, lines in vars(self).items() for line in lines]

    def settled(self) -> bool:
        """Whether nothing is missing that may still come, or what is wrong stays wrong."""
        return bool(self.twice) or not (self.lost or self.kept or self.stuck or self.unanswered)


KINDS = tuple(each.name for each in fields(Verdict))


class Reader:
    """A database at one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str) -> list[Row]:
        """Return what a query finds."""
        return [dict(row) for row in self._connection.execute(query)]


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Read a database without changing it, whether or not a bot is writing to it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        yield Reader(connection)
