"""Tells whoever runs the bot what is wrong with plugins, once each."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from loguru import logger

from bot.db.database import Database
from bot.llm.ports import OwnerAway, OwnerUnreachable
from bot.services.plugins.trouble import Trouble, TroubleKind
from bot.services.tasks import TaskSet

SCOPE = "plugin_notices"
Tell = Callable[[str, str], Awaitable[None]]  # the words, and the subject they are told of once


class _Notice(NamedTuple):
    plugin: str
    kind: TroubleKind


class PluginNotices:
    """Remembers over restarts what was told; what Discord didn't take is tried again each minute."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks = TaskSet()
        self._pending: dict[_Notice, str] = {}
        self.tell: Tell | None = None  # None until there is a connection

    def add(self, trouble: Trouble, consequence: str) -> None:
        """Tell of a trouble, unless it was told of before."""
        notice = _Notice(trouble.plugin, trouble.kind)
        if notice not in self._pending:
            text = trouble.text[:1].upper() + trouble.text[1:]
            self._pending[notice] = f"Plugin **{trouble.plugin}**: {text}. {consequence}".strip()
            self._tasks.spawn(self.send(), f"notice about plugin {trouble.plugin}")

    async def forget(self, plugin: str) -> None:
        """Tell of the same again, should it happen again."""
        async with self._database.transaction() as tx:
            for kind in TroubleKind:
                if await tx.kv.get(SCOPE, f"{plugin}/{kind.value}"):
                    await tx.kv.put(SCOPE, f"{plugin}/{kind.value}", {})

    async def send(self) -> None:
        """Tell what waits to be told."""
        if self.tell is None:
            return
        for notice, text in list(self._pending.items()):
            key = f"{notice.plugin}/{notice.kind.value}"
            async with self._database.reading() as tx:
                told = await tx.kv.get(SCOPE, key)
            if not told or told.get("text") != text:
                if notice not in self._pending:
                    continue
                del self._pending[notice]  # another task may be at it, too
                try:
                    await self.tell(text, f"plugin/{key}")
                except OwnerUnreachable as error:
                    logger.warning("Nobody can be told that {} ({})", text, error)
                except OwnerAway:
                    self._pending[notice] = text
                    continue
                async with self._database.transaction() as tx:
                    await tx.kv.put(SCOPE, key, {"text": text})
            self._pending.pop(notice, None)

    async def close(self) -> None:
        """Tell nothing more."""
        await self._tasks.cancel()
