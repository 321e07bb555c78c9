"""Posts that members make in the forum themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the choice, and up to where posts were looked at."""
    with op.batch_alter_table("ticket_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("adopt_posts", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("posts_after", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("ticket_settings", schema=None) as batch_op:
        batch_op.alter_column("adopt_posts", existing_type=sa.Boolean(), server_default=None)


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("ticket_settings", schema=None) as batch_op:
        batch_op.drop_column("posts_after")
        batch_op.drop_column("adopt_posts")
