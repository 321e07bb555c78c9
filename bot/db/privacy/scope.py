"""Whose rows are meant, and how a row's server is found."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, false, select

from bot.models.types import metadata

_GUILD = "guild_id"


class Whose(NamedTuple):
    """A member of one server, or somebody wherever they are.

    Attributes:
        guild_id: None: everywhere, direct messages included.
    """

    user_id: int
    guild_id: int | None = None

    def within(self, table: Table) -> list[ColumnElement[bool]]:
        """Return the conditions for rows of the server meant."""
        return [] if self.guild_id is None else [_of_guild(table, self.guild_id)]

    def owns(self, column: Any) -> list[ColumnElement[bool]]:
        """Return the conditions for rows that name them in `column`."""
        return [column == self.user_id, *self.within(column.table)]


def table_of(name: str) -> Table:
    """Return a table by its name."""
    return metadata.tables[name]


def _of_guild(table: Table, guild_id: int) -> ColumnElement[bool]:
    """Return the condition for rows of a server: by their own column, or that of what they belong to."""
    if _GUILD in table.c:
        return table.c[_GUILD] == guild_id
    for key in table.foreign_keys:
        parent = key.column.table
        if _GUILD in parent.c:
            here = select(key.column).where(parent.c[_GUILD] == guild_id)
            return key.parent.in_(here)
    return false()  # of no server
