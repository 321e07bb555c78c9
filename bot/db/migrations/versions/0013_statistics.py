"""Figures: reactions, what has been counted, and the sums by day and month."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_FIGURES = ("messages", "replies", "questions", "helped", "mood", "positive", "negative")
_TABLES = (
    "hourly_channel_statistics",
    "daily_channel_statistics",
    "monthly_user_statistics",
    "daily_user_statistics",
    "counted_messages",
    "statistics_marks",
    "message_reactions",
)


def _id(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null, autoincrement=False)


def _figures() -> list[sa.Column[int]]:
    return [
        sa.Column(name, sa.BigInteger() if name == "mood" else sa.Integer(), nullable=False)
        for name in _FIGURES
    ]


def _channel_day() -> list[sa.Column[Any]]:
    return [_id("guild_id"), _id("channel_id"), sa.Column("date", sa.Date(), nullable=False)]


def _of_guild(table: str, *key: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guilds.id"], name=op.f(f"fk_{table}_guild_id_guilds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
    ]


def _sums(table: str, *key: sa.Column[Any], figures: list[sa.Column[int]]) -> None:
    names = [column.name for column in key]
    op.create_table(table, *key, *figures, *_of_guild(table, *names), sqlite_with_rowid=False)


def upgrade() -> None:
    """Add the tables, and have everything stored counted."""
    op.create_table(
        "message_reactions",
        _id("message_id"),
        _id("user_id"),
        sa.Column("emoji", sa.String(length=64), nullable=False),
        _id("guild_id"),
        sa.Column("kind", sa.String(length=8), nullable=False),
        *_of_guild("message_reactions", "message_id", "user_id", "emoji"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_message_reactions_user", "message_reactions", ["user_id", "guild_id"])
    op.create_table(
        "statistics_marks",
        _id("slot"),
        _id("after_id"),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_statistics_marks")),
    )
    op.create_table(
        "counted_messages",
        _id("message_id"),
        _id("guild_id"),
        _id("user_id"),
        _id("channel_id"),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("mood", sa.SmallInteger(), nullable=False),
        sa.Column("feeling", sa.SmallInteger(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("replies", sa.Boolean(), nullable=False),
        _id("thanks_to", null=True),
        sa.Column("helped", sa.Boolean(), nullable=False),
        *_of_guild("counted_messages", "message_id"),
        sqlite_with_rowid=False,
    )
    thanks = sa.text("thanks_to IS NOT NULL")
    op.create_index(
        "ix_counted_messages_thanks", "counted_messages", ["thanks_to"],
        sqlite_where=thanks, postgresql_where=thanks,
    )  # fmt: skip
    month = sa.Column("month", sa.Date(), nullable=False)
    _sums("daily_user_statistics", *_channel_day(), _id("user_id"), figures=_figures())
    op.create_index("ix_daily_user_statistics_user", "daily_user_statistics", ["guild_id", "user_id", "date"])
    _sums("monthly_user_statistics", _id("guild_id"), month, _id("user_id"), figures=_figures())
    _sums("daily_channel_statistics", *_channel_day(), figures=_figures())
    hour = sa.Column("hour", sa.SmallInteger(), nullable=False, autoincrement=False)
    _sums("hourly_channel_statistics", *_channel_day(), hour, figures=_figures()[:1])
    op.execute(
        "INSERT INTO statistics_marks (slot, after_id) "
        "SELECT DISTINCT message_id >> 34, 0 FROM signals WHERE guild_id IS NOT NULL"
    )


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_table(table)
