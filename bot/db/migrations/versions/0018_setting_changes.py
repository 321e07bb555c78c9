"""Who changed which setting, the admin role, replies that staff are asked about, and fitted thresholds."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0019"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_guild(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_guild_id_guilds")
    return sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Add the tables and columns."""
    for column in (
        sa.Column("admin_role_id", sa.BigInteger(), nullable=True),
        sa.Column("suggest_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("fits", sa.Boolean(), nullable=True),
        sa.Column("fitted_confidence", sa.Float(), nullable=True),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("guilds", column)
    op.add_column("actions", sa.Column("source", sa.String(length=48), nullable=True))
    op.create_table(
        "setting_changes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("old", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("new", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _of_guild("setting_changes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting_changes")),
    )
    op.create_index("ix_setting_changes_guild_id_key", "setting_changes", ["guild_id", "key", "id"])
    op.create_table(
        "suggestions",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("signal_id", sa.String(length=48), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("shown", sa.String(length=12), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=False),
        sa.Column("posted", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=48), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _of_guild("suggestions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
        sa.UniqueConstraint("signal_id", name=op.f("uq_suggestions_signal_id")),
    )
    op.create_index(op.f("ix_suggestions_guild_id"), "suggestions", ["guild_id"])
    for name, condition in (
        ("ix_suggestions_open", "state IN ('open', 'posting')"),
        ("ix_suggestions_unshown", "shown <> state"),
    ):
        where = sa.text(condition)
        op.create_index(name, "suggestions", ["id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("suggestions")
    op.drop_table("setting_changes")
    op.drop_column("actions", "source")
    for name in ("fitted_at", "fitted_confidence", "fits", "suggest_channel_id", "admin_role_id"):
        op.drop_column("guilds", name)
