"""What is watched without a choice, and which servers need no welcome."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Whoever had the bot before knows it already."""
    with op.batch_alter_table("guilds") as batch:
        batch.add_column(
            sa.Column("watch_default", sa.String(length=8), server_default="public", nullable=False)
        )
    with op.batch_alter_table("guilds") as batch:
        batch.alter_column("watch_default", server_default=None)
    text = "'{\"welcomed\": true}'"
    value = text if op.get_bind().dialect.name == "sqlite" else f"CAST({text} AS JSON)"
    op.execute(
        "INSERT INTO kv (scope, key, value) "  # noqa: S608  (constants)
        f"SELECT 'onboarding', CAST(id AS VARCHAR(20)), {value} FROM guilds"
    )


def downgrade() -> None:
    """Remove the column."""
    with op.batch_alter_table("guilds") as batch:
        batch.drop_column("watch_default")
    op.execute("DELETE FROM kv WHERE scope = 'onboarding'")
