"""An index of summaries whose post is to be mended."""

from alembic import op

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index: it is asked for each minute, of a year of summaries."""
    op.create_index("ix_summaries_is_stale_id", "summaries", ["is_stale", "id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_summaries_is_stale_id", "summaries")
