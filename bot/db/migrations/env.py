"""What Alembic runs for each migration; the connection comes from `bot.db.schema`."""

from alembic import context
from sqlalchemy import text
from sqlmodel import SQLModel

import bot.models  # noqa: F401  (registers the tables)

for table in SQLModel.metadata.tables.values():
    for index in table.indexes:
        if "where" in index.info:  # see `partial_index`
            index.dialect_kwargs["postgresql_where"] = text(index.info["where"])

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite can't alter tables otherwise
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
