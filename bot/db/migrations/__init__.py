"""Alembic's scripts; `bot.db.schema` applies them."""
