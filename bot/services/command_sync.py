"""Remembers which slash commands Discord was told, so that it is told only of changes."""

from bot.db.database import Database

_SCOPE = "commands"


class CommandSyncService:
    """Keeps the fingerprint of the commands registered last, per application, and in it per server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_registered(self, application_id: int, fingerprint: str, guild_id: int | None = None) -> bool:
        """Whether exactly these commands were registered last: everywhere, or in a server alone.

        An empty fingerprint is that of no commands, and of a server that never had any.
        """
        async with self._database.reading() as tx:
            value = await tx.kv.get(_SCOPE, _key(application_id, guild_id))
        known = "" if value is None else value.get("fingerprint")
        return known == fingerprint

    async def registered(self, application_id: int, fingerprint: str, guild_id: int | None = None) -> None:
        """Note that these commands are registered now."""
        async with self._database.transaction() as tx:
            await tx.kv.put(_SCOPE, _key(application_id, guild_id), {"fingerprint": fingerprint})


def _key(application_id: int, guild_id: int | None) -> str:
    return str(application_id) if guild_id is None else f"{application_id}/{guild_id}"
