"""After a deletion: nothing of it stays in the database's journal."""

from loguru import logger

from bot.db.database import Database, is_passing


async def tidy(database: Database) -> None:
    """Empty the journal now, or with what is written next when it can't be now."""
    try:
        await database.tidy()
    except Exception as error:
        if not is_passing(error):
            raise
        logger.warning("The database's journal is emptied later ({})", type(error).__name__)
