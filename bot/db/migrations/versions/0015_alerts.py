"""What servers want to be told of problems, incidents with their reports, and nudges to helpers."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Add the tables, and an index that finds a server's newest requests and reports."""
    op.create_table(
        "alert_settings",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("incidents_on", sa.Boolean(), nullable=False),
        sa.Column("window_minutes", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("cooldown_minutes", sa.Integer(), nullable=False),
        sa.Column("wait_hours", sa.Integer(), nullable=False),
        sa.Column("nudge_on", sa.Boolean(), nullable=False),
        sa.Column("helper_role_id", sa.BigInteger(), nullable=True),
        sa.Column("nudge_hours", sa.Integer(), nullable=False),
        _of("alert_settings", "guild_id", "guilds"),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_alert_settings")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.Column("before_id", _KEY, nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("shown", sa.String(length=32), nullable=True),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        _of("incidents", "guild_id", "guilds"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_guild_id_opened_at", "incidents", ["guild_id", "opened_at"])
    unsettled = sa.text("is_settled = false")
    op.create_index(
        "ix_incidents_open", "incidents", ["guild_id", "id"],
        sqlite_where=unsettled, postgresql_where=unsettled,
    )  # fmt: skip
    op.create_table(
        "incident_reports",
        sa.Column("incident_id", _KEY, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _of("incident_reports", "incident_id", "incidents"),
        sa.PrimaryKeyConstraint("incident_id", "message_id", name=op.f("pk_incident_reports")),
        sa.UniqueConstraint("message_id", name=op.f("uq_incident_reports_message_id")),
    )
    op.create_table(
        "nudges",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("message_ids", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        _of("nudges", "guild_id", "guilds"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nudges")),
    )
    op.create_index("ix_nudges_guild_id_created_at", "nudges", ["guild_id", "created_at"])
    flagged = sa.text("intent <> 'other'")
    op.create_index(
        "ix_signals_asked", "signals", ["guild_id", "created_at"],
        sqlite_where=flagged, postgresql_where=flagged,
    )  # fmt: skip


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_signals_asked", table_name="signals")
    for name in ("nudges", "incident_reports", "incidents", "alert_settings"):
        op.drop_table(name)
