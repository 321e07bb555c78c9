"""Column types that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Index, Integer, MetaData, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

# SQLite only counts up keys declared INTEGER, which has 64 bits there anyway.
BIG_KEY = BigInteger().with_variant(Integer, "sqlite")
JSON_OR_NULL = JSON(none_as_null=True)

# Named constraints, so that a migration can drop them on every database.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata
metadata.naming_convention = NAMING_CONVENTION


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: always aware and in UTC when read; naive datetimes are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` in UTC.

        Raises:
            ValueError: `value` is naive (SQLAlchemy wraps it in a `StatementError`).
        """
        if value is None or value.tzinfo is UTC:
            return value
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` in UTC; SQLite drops the zone, PostgreSQL answers in the session's."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def partial_index(name: str, *columns: str, where: str) -> Index:
    """Return an index of the rows that fulfil `where` (SQL).

    Naming PostgreSQL here loads its dialect at every start on SQLite, a tenth of a second; its migrations
    read the condition from `info`.
    """
    return Index(name, *columns, sqlite_where=text(where), info={"where": where})
