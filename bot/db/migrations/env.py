"""What Alembic runs for each migration; the connection comes from `bot.db.schema`."""

from alembic import context
from sqlmodel import SQLModel

import bot.models  # noqa: F401  (registers the tables)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite can't alter tables otherwise
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
