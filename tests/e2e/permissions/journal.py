"""Which tables of a bot's database are written while it runs, kept by triggers in the file itself."""

import sqlite3
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

_EACH = """
create trigger "walked_{name}_{what}" after {what} on "{name}" begin
insert into walked (name, guild_id) values ('{name}', {guild}); end;
"""
_NEW_OR_OLD = {"insert": "new", "update": "new", "delete": "old"}


class Journal:
    """Notes each row that is written, by its table and server."""

    def __init__(self, database: Path) -> None:
        """Begin to note what is written into a database that no bot has open yet."""
        self._connection = sqlite3.connect(database, isolation_level=None)
        self._run("create table walked (id integer primary key, name text, guild_id integer)")
        self._of_servers: list[str] = []
        tables = self._run(
            "select name from sqlite_master where type = 'table' and sql not like 'create virtual%'"
        )
        shadows = {
            f"{name}_{part}"
            for (name,) in self._run("select name from sqlite_master where sql like 'create virtual%'")
            for part in ("data", "idx", "content", "docsize", "config")
        }
        for (name,) in tables:
            if name == "walked" or name in shadows or name.startswith("sqlite_"):
                continue
            columns = {row[1] for row in self._run(f'pragma table_info("{name}")')}
            self._of_servers += [name] if "guild_id" in columns else []
            for what, row in _NEW_OR_OLD.items():
                guild = f"{row}.guild_id" if "guild_id" in columns else "null"
                self._run(_EACH.format(name=name, what=what, guild=guild))

    def _run(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()

    def mark(self) -> int:
        """Return where the journal ends now."""
        [(last,)] = self._run("select coalesce(max(id), 0) from walked")
        return int(last)

    def written(self, since: int, guild_id: int | None = None) -> Set[str]:
        """Return the tables written since a mark; with a server, only rows of it."""
        query = "select distinct name from walked where id > ? and (? is null or guild_id = ?)"
        return {str(name) for (name,) in self._run(query, since, guild_id, guild_id)}

    def kept(self, guild_id: int) -> Iterator[str]:
        """Yield every row of a server, after its table's name."""
        for name in self._of_servers:
            for row in self._run(f'select * from "{name}" where guild_id = ?', guild_id):  # noqa: S608
                yield f"{name}: {row}"

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
