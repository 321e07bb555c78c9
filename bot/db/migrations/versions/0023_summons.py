"""Who called the bot to which message."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "summons",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("signal_id", sa.String(length=48), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guilds.id"], name=op.f("fk_summons_guild_id_guilds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summons")),
        sa.UniqueConstraint("signal_id", "user_id", name=op.f("uq_summons_signal_id_user_id")),
    )
    op.create_index(op.f("ix_summons_guild_id"), "summons", ["guild_id"])
    op.create_index("ix_summons_user_id_created_at", "summons", ["user_id", "created_at"])
    op.create_index("ix_summons_place_id_created_at", "summons", ["place_id", "created_at"])
    where = sa.text("state = 'open'")
    op.create_index("ix_summons_open", "summons", ["id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("summons")
