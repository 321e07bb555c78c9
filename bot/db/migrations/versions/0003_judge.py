"""Who judged a signal, and what the light judge had said."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("signals", sa.Column("judge", sa.String(length=8), nullable=True))
    op.add_column("signals", sa.Column("light_intent", sa.String(length=16), nullable=True))
    op.add_column("signals", sa.Column("light_confidence", sa.Float(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("signals", "light_confidence")
    op.drop_column("signals", "light_intent")
    op.drop_column("signals", "judge")
