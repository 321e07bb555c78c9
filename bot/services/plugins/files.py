"""Files that plugins keep: each under its server and member, in a folder that only the bot writes to."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Final

from loguru import logger

from bot.plugin_api.errors import FullError, LimitError

MAX_FILE: Final = 10_000_000  # bytes
_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}(?:\.[a-z0-9]{1,8})?")


class PluginFiles:
    """Reads and writes files at <folder>/<plugin>/<server>/<member>/<name>; member 0 is nobody."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self._folder = folder
        self._limit = megabytes * 1_000_000  # of a plugin in a server
        self._writing = asyncio.Lock()  # what is there is counted, then written

    async def put(self, plugin: str, guild_id: int, user_id: int, name: str, data: bytes) -> None:
        """Keep a file in place of what was there.

        Raises:
            LimitError: it is too large, or too much is kept, or it can't have that name.
        """
        path = self._path(plugin, guild_id, user_id, name)
        if len(data) > MAX_FILE:
            raise LimitError(f"the file {name!r} has {len(data):,} bytes; {MAX_FILE:,} at most")
        async with self._writing:
            await asyncio.to_thread(self._put, path, data)

    async def get(self, plugin: str, guild_id: int, user_id: int, name: str) -> bytes | None:
        """Return a file, None for none."""
        return await asyncio.to_thread(_read, self._path(plugin, guild_id, user_id, name))

    async def delete(self, plugin: str, guild_id: int, user_id: int, name: str) -> None:
        """Delete a file; one that isn't there is no error."""
        path = self._path(plugin, guild_id, user_id, name)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def erase(self, guild_id: int | None, user_id: int) -> None:
        """Delete every plugin's files of a member, in a server or (None) in all."""
        where = "*" if guild_id is None else str(guild_id)
        await asyncio.to_thread(self._remove, f"*/{where}/{user_id}")

    async def forget_guild(self, guild_id: int) -> None:
        """Delete every plugin's files of a server."""
        await asyncio.to_thread(self._remove, f"*/{guild_id}")

    def _path(self, plugin: str, guild_id: int, user_id: int, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise LimitError(f"{name!r}: give a file 1 to 64 small letters, digits, - or _, and an ending")
        return self._folder / plugin / str(int(guild_id)) / str(int(user_id)) / name

    def _put(self, path: Path, data: bytes) -> None:
        server = path.parent.parent
        kept = sum(each.stat().st_size for each in server.rglob("*") if each.is_file() and each != path)
        if kept + len(data) > self._limit:
            raise FullError(f"{kept / 1e6:,.0f} MB are kept in this server, as many as may be: delete some")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(data)
        part.replace(path)

    def _remove(self, pattern: str) -> None:
        for each in self._folder.glob(pattern):
            shutil.rmtree(each)
            logger.info("Files of plugins were deleted under {}", each.parent.parent.name)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
