"""Opt-outs, whether leaks are warned of, and whose words an entry was made from."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the columns; authors that are still known are filled in."""
    op.create_table(
        "opt_outs",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "member", name=op.f("pk_opt_outs")),
    )
    op.add_column("guilds", sa.Column("warn_leaks", sa.Boolean(), nullable=True))
    op.add_column("training_entries", sa.Column("source_author_id", sa.BigInteger(), nullable=True))
    _fill_in()


def _fill_in() -> None:
    connection = op.get_bind()
    entries = connection.execute(
        sa.text("SELECT id, source_url FROM training_entries WHERE source_url <> ''")
    )
    find = sa.text("SELECT author_id FROM signals WHERE id = :key AND deleted_at IS NULL")
    keep = sa.text("UPDATE training_entries SET source_author_id = :author WHERE id = :id")
    for entry_id, url in entries.all():
        author = connection.execute(find, {"key": f"discord:{url.rpartition('/')[2]}"}).scalar()
        if author:
            connection.execute(keep, {"author": author, "id": entry_id})


def downgrade() -> None:
    """Drop them."""
    op.drop_column("training_entries", "source_author_id")
    op.drop_column("guilds", "warn_leaks")
    op.drop_table("opt_outs")
