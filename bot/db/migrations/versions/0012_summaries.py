"""Summaries, what they rest on, what was thought of them, and parts for the next one."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "summaries",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=True),
        sa.Column("reader_id", sa.BigInteger(), nullable=True),
        sa.Column("reading", sa.String(length=8), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place_ids", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=300), nullable=True),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("messages_read", sa.Integer(), nullable=False),
        sa.Column("messages_total", sa.Integer(), nullable=False),
        sa.Column("messages_extracted", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("posted_message_id", sa.BigInteger(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        _of("summaries", "guild_id", "guilds"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summaries")),
        sa.UniqueConstraint(
            "guild_id", "kind", "local_date", name=op.f("uq_summaries_guild_id_kind_local_date")
        ),
    )
    op.create_index("ix_summaries_guild_id_created_at", "summaries", ["guild_id", "created_at"])
    op.create_table(
        "summary_topics",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("summary_id", _KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("message_ids", sa.JSON(), nullable=False),
        sa.Column("is_extract", sa.Boolean(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        _of("summary_topics", "summary_id", "summaries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_topics")),
    )
    op.create_index(op.f("ix_summary_topics_summary_id"), "summary_topics", ["summary_id"])
    op.create_table(
        "summary_sources",
        sa.Column("summary_id", _KEY, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        _of("summary_sources", "summary_id", "summaries"),
        sa.PrimaryKeyConstraint("summary_id", "message_id", name=op.f("pk_summary_sources")),
    )
    for name in ("message_id", "place_id", "channel_id", "author_id"):
        op.create_index(op.f(f"ix_summary_sources_{name}"), "summary_sources", [name])
    op.create_table(
        "summary_parts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("place_ids", sa.JSON(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _of("summary_parts", "guild_id", "guilds"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_summary_parts")),
    )
    op.create_index("ix_summary_parts_guild_id_last_id", "summary_parts", ["guild_id", "last_id"])
    op.create_index(op.f("ix_summary_parts_created_at"), "summary_parts", ["created_at"])
    op.create_table(
        "summary_feedback",
        sa.Column("summary_id", _KEY, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _of("summary_feedback", "summary_id", "summaries"),
        sa.PrimaryKeyConstraint("summary_id", "user_id", name=op.f("pk_summary_feedback")),
    )
    op.create_table(
        "summary_notes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("summary_id", _KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _of("summary_notes", "summary_id", "summaries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_notes")),
    )
    op.create_index(op.f("ix_summary_notes_summary_id"), "summary_notes", ["summary_id"])


def downgrade() -> None:
    """Drop them."""
    for name in ("notes", "feedback", "parts", "sources", "topics"):
        op.drop_table(f"summary_{name}")
    op.drop_table("summaries")
