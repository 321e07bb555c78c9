"""`INSERT … ON CONFLICT` for whichever database a session is on."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession


def insert_for(session: AsyncSession, table: Any) -> Any:
    """Return the dialect's insert of `table`, which knows `on_conflict_do_nothing` and `_do_update`."""
    name = session.get_bind().dialect.name
    return sqlite.insert(table) if name == "sqlite" else postgresql.insert(table)
