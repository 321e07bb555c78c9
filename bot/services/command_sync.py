"""Remembers which slash commands Discord was told, so that it is told only of changes."""

from bot.db.database import Database

_SCOPE = "commands"


class CommandSyncService:
    """Keeps the fingerprint of the commands registered last, per application."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_registered(self, application_id: int, fingerprint: str) -> bool:
        """Whether exactly these commands were registered last."""
        async with self._database.reading() as tx:
            value = await tx.kv.get(_SCOPE, str(application_id))
        return value is not None and value.get("fingerprint") == fingerprint

    async def registered(self, application_id: int, fingerprint: str) -> None:
        """Note that these commands are registered now."""
        async with self._database.transaction() as tx:
            await tx.kv.put(_SCOPE, str(application_id), {"fingerprint": fingerprint})
