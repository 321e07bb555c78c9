"""Who wrote the text of an action."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("actions", sa.Column("written_by", sa.String(length=300), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("actions", "written_by")
