"""How servers want their daily summary, what became of each date's, and its messages."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _of_guild(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_guild_id_guilds")
    return sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "summary_settings",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("admin_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("at", sa.String(length=5), nullable=False),
        sa.Column("weekdays", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("style", sa.String(length=8), nullable=False),
        sa.Column("language", sa.String(length=32), nullable=True),
        sa.Column("sections_off", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("excluded_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        _of_guild("summary_settings"),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_summary_settings")),
    )
    op.create_table(
        "summary_runs",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        _of_guild("summary_runs"),
        sa.PrimaryKeyConstraint("guild_id", "local_date", name=op.f("pk_summary_runs")),
    )
    op.create_index("ix_summary_runs_try", "summary_runs", ["status", "try_at"], unique=False)
    op.create_table(
        "summary_posts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        _of_guild("summary_posts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_posts")),
        sa.UniqueConstraint(
            "guild_id",
            "local_date",
            "target_id",
            "part",
            name=op.f("uq_summary_posts_guild_id_local_date_target_id_part"),
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("summary_posts")
    op.drop_index("ix_summary_runs_try", table_name="summary_runs")
    op.drop_table("summary_runs")
    op.drop_table("summary_settings")
