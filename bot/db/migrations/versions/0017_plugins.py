"""How plugins are, where they are on, and what they keep."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0022"
branch_labels = None
depends_on = None


def _guild(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_guild_id_guilds")
    return sa.ForeignKeyConstraint(["guild_id"], ["guilds.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "plugin_states",
        sa.Column("plugin", sa.String(length=32), nullable=False),
        sa.Column("is_off", sa.Boolean(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", name=op.f("pk_plugin_states")),
    )
    op.create_table(
        "plugin_guilds",
        sa.Column("plugin", sa.String(length=32), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=True),
        _guild("plugin_guilds"),
        sa.PrimaryKeyConstraint("plugin", "guild_id", name=op.f("pk_plugin_guilds")),
    )
    op.create_table(
        "plugin_values",
        sa.Column("plugin", sa.String(length=32), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        _guild("plugin_values"),
        sa.PrimaryKeyConstraint("plugin", "guild_id", "user_id", "key", name=op.f("pk_plugin_values")),
    )
    op.create_index("ix_plugin_values_guild_id_user_id", "plugin_values", ["guild_id", "user_id"])


def downgrade() -> None:
    """Drop them."""
    for name in ("plugin_values", "plugin_guilds", "plugin_states"):
        op.drop_table(name)
