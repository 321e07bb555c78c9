"""Exchanging a part of the bot while it runs: what Discord tells meanwhile is held, then told in order."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from discord.ext import commands
from loguru import logger

from bot.domain.errors import UserFacingError
from bot.texts import text

if TYPE_CHECKING:
    from bot.core.client import Bot

MOST_HELD: Final = 20_000  # events
REST_SECONDS: Final = 20.0  # for what a part has under way


@runtime_checkable
class Settling(Protocol):
    """A cog that has something to finish before it goes."""

    async def before_reload(self) -> None:
        """Return once nothing is under way; nothing new comes meanwhile."""
        ...


class Held:
    """What Discord told while a part was exchanged; bounded."""

    def __init__(self) -> None:
        self._events: deque[Callable[[], None]] = deque()
        self._dropped: dict[tuple[int, int], tuple[int, int]] = {}  # by server and place: first and last id

    def __len__(self) -> int:
        """Return how much is held."""
        return len(self._events)

    def take(self, tell: Callable[[], None], payload: Mapping[str, Any] | None = None) -> None:
        """Keep an event; of messages that don't fit, it is noted where they must be read again."""
        if len(self._events) < MOST_HELD:
            self._events.append(tell)
        elif payload is not None and payload.get("guild_id"):
            key, id_ = (int(payload["guild_id"]), int(payload["channel_id"])), int(payload["id"])
            first, _ = self._dropped.get(key, (id_, id_))
            self._dropped[key] = (first, id_)

    def release(self, bot: "Bot") -> None:
        """Tell everything, in order."""
        while self._events:
            tell = self._events.popleft()
            try:
                tell()
            except Exception as error:  # noqa: BLE001  (one odd event is no other's trouble)
                logger.opt(exception=error).error("An event that was held can't be told")
        for (guild_id, place_id), (first, last) in self._dropped.items():
            bot.services.recovery.note_gap(guild_id, place_id, first - 1, last, "reload")


class Reloading:
    """Exchanges parts, one at a time."""

    def __init__(self, bot: "Bot") -> None:
        self._bot = bot
        self._turn = asyncio.Lock()

    async def reload(self, name: str) -> None:
        """Load a part anew from its files, or one that failed at the start.

        Raises:
            UserFacingError: it can't be; the text says what runs now.
        """
        async with self._turn:
            held = self._bot.held = Held()
            try:
                await self._exchange(name)
            finally:
                self._bot.held = None
                held.release(self._bot)

    async def _exchange(self, name: str) -> None:
        bot = self._bot
        if name not in bot.extensions:
            try:
                await bot.load_extension(name)
            except commands.ExtensionError as error:
                bot.failed_cogs[name] = str(error)
                logger.bind(place=name).opt(exception=error).error("{} could not be loaded", name)
                raise UserFacingError(text("maintenance.reload_absent", name=name)) from None
        else:
            await self._settle(name)
            try:
                await bot.reload_extension(name)
            except commands.ExtensionError as error:
                logger.bind(place=name).opt(exception=error).error("{} could not be loaded anew", name)
                if name in bot.extensions:
                    raise UserFacingError(text("maintenance.reload_kept", name=name)) from None
                bot.failed_cogs[name] = str(error)
                raise UserFacingError(text("maintenance.reload_absent", name=name)) from None
        bot.failed_cogs.pop(name, None)
        logger.info("{} was loaded anew", name)

    async def _settle(self, name: str) -> None:
        cogs = [each for each in self._bot.cogs.values() if _is_of(each, name)]
        try:
            async with asyncio.timeout(REST_SECONDS):
                for cog in cogs:
                    if isinstance(cog, Settling):
                        await cog.before_reload()
        except TimeoutError:
            for cog in cogs:
                await cog.cog_load()  # what was stopped goes on
            raise UserFacingError(text("maintenance.reload_busy", name=name)) from None


def changed_since(moment: float) -> list[str]:
    """Return the loaded files of `bot/` that were written after a moment (unix seconds), by name."""
    root = Path(__file__).resolve().parents[2]
    found = set[str]()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or not (name == "bot" or name.startswith("bot.")):
            continue
        path = Path(file)
        if path.is_file() and path.stat().st_mtime > moment:
            found.add(path.relative_to(root).as_posix())
    return sorted(found)


def _is_of(cog: commands.Cog, name: str) -> bool:
    module = type(cog).__module__
    return module == name or module.startswith(f"{name}.")
