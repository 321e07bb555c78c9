"""`INSERT … ON CONFLICT` for whichever database a session is on."""

from typing import Any

from sqlalchemy.dialects import sqlite
from sqlmodel.ext.asyncio.session import AsyncSession


def insert_for(session: AsyncSession, table: Any) -> Any:
    """Return the dialect's insert of `table`, which knows `on_conflict_do_nothing` and `_do_update`."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # a tenth of a second that SQLite's users needn't wait

    return postgresql.insert(table)
