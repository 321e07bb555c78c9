"""Every setting of a server in one place: what there is, what holds, and what was changed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loguru import logger

from bot.db.database import Database
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.markdown import escape_markdown
from bot.models import SettingChange
from bot.services.configuration.changes import PLUGINS
from bot.services.configuration.parsing import nearest, parse
from bot.services.configuration.settings import Kind, Names, Read, Setting
from bot.texts import text

_ONE = {Kind.CHANNEL: "channel", Kind.ROLE: "role"}
_SEVERAL = {Kind.CHANNELS: "channel", Kind.ROLES: "role"}


class Configuration:
    """The settings that there are. Each is written by the service that owns it, which also checks it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settings: dict[str, Setting] = {}
        self._reads: list[Read] = []
        # Called with the server, a setting, and the deleted channel or role that it named.
        self.on_gone: Callable[[int, Setting, int], None] = lambda _guild_id, _setting, _gone_id: None
        self._cleaning = asyncio.Lock()  # roles and channels may go many at a time

    def add(self, settings: Sequence[Setting], read: Read) -> None:
        """Take settings; `read` returns their values for a server, by key.

        Raises:
            ValueError: a key is taken.
        """
        for each in settings:
            if each.key in self._settings:
                raise ValueError(f"there is a setting {each.key!r} already")
        self._settings |= {each.key: each for each in settings}
        self._reads.append(read)

    def remove(self, settings: Sequence[Setting], read: Read) -> None:
        """Take settings back, such as those of a plugin that is unloaded."""
        for each in settings:
            self._settings.pop(each.key, None)
        self._reads.remove(read)

    def all(self) -> Sequence[Setting]:
        """Return every setting, topic by topic in the order in which they were added."""
        return list(self._settings.values())

    def topics(self) -> list[str]:
        """Return what the settings are about."""
        return list(dict.fromkeys(each.topic for each in self._settings.values()))

    def of(self, topic: str) -> Sequence[Setting]:
        """Return the settings of a topic.

        Raises:
            NotFoundError: there is no such topic; the text names the nearest.
        """
        found = [each for each in self._settings.values() if each.topic == topic.strip().casefold()]
        if not found:
            meant = _meant(topic, self.topics())
            raise NotFoundError(text("config.no_topic", value=escape_markdown(topic[:60]), meant=meant))
        return found

    def get(self, key: str) -> Setting:
        """Return a setting.

        Raises:
            NotFoundError: there is none with that key; the text names the nearest.
        """
        found = self._settings.get(key.strip().casefold())
        if found is None:
            meant = _meant(key, list(self._settings))
            raise NotFoundError(text("config.no_setting", value=escape_markdown(key[:60]), meant=meant))
        return found

    def find(self, key: str) -> Setting | None:
        """Return a setting, None where there is none with that key any more."""
        return self._settings.get(key)

    async def values(self, guild_id: int) -> Mapping[str, Any]:
        """Return what was chosen in a server, by key; None for what wasn't."""
        found: dict[str, Any] = {}
        for read in list(self._reads):
            found |= await read(guild_id)
        return found

    async def set(self, guild_id: int, key: str, written: str, names: Names) -> Setting:
        """Give a setting the value that was written; return the setting.

        Raises:
            UserFacingError: no such setting, or no value for it; the text says what is.
        """
        setting = self.get(key)
        if setting.write is None:
            raise UserFacingError(text("config.elsewhere", name=setting.name, command=setting.elsewhere))
        await setting.write(guild_id, parse(setting, written, names))
        return setting

    async def reset(self, guild_id: int, key: str) -> Setting:
        """Give a setting its default again; return the setting.

        Raises:
            UserFacingError: no such setting, or only another command can do so.
        """
        setting = self.get(key)
        if setting.reset is not None:
            await setting.reset(guild_id)
        elif setting.write is not None:
            await setting.write(guild_id, setting.default)
        else:
            raise UserFacingError(text("config.elsewhere", name=setting.name, command=setting.elsewhere))
        return setting

    async def history(
        self, guild_id: int, key: str | None, before_id: int | None, limit: int
    ) -> Sequence[SettingChange]:
        """Return what was changed in a server, newest first; of one setting or all.

        Raises:
            NotFoundError: there is no such setting, and never was one here.
        """
        async with self._database.reading() as tx:
            found = await tx.setting_changes.history(guild_id, key, before_id, limit)
        if key is not None and not found:
            self.get(key)
        return found

    async def changed_of_plugins(self, guild_id: int) -> Sequence[str]:
        """Return the keys of plugins' settings that were changed in a server."""
        async with self._database.reading() as tx:
            return await tx.setting_changes.keys(guild_id, PLUGINS)

    async def channel_gone(self, guild_id: int, channel_id: int) -> None:
        """Take a deleted channel out of every setting."""
        await self._gone(guild_id, channel_id, "channel")

    async def role_gone(self, guild_id: int, role_id: int) -> None:
        """Take a deleted role out of every setting."""
        await self._gone(guild_id, role_id, "role")

    async def clean(self, names: Names) -> None:
        """Take out what was deleted while nobody listened. The names must be all that the server has."""
        values = await self.values(names.guild_id)
        for kind, known in (("channel", names.channels), ("role", names.roles)):
            there = {each.id for each in known}
            chosen = {each for setting in self.all() for each in _chosen(setting, kind, values)}
            for missing in sorted(chosen - there):
                await self._gone(names.guild_id, missing, kind)

    async def _gone(self, guild_id: int, gone_id: int, kind: str) -> None:
        async with self._cleaning:
            values = await self.values(guild_id)
            for setting in self.all():
                if setting.write is None or gone_id not in _chosen(setting, kind, values):
                    continue
                left: Any = None
                if setting.kind in _SEVERAL:
                    left = [each for each in values[setting.key] if int(each) != gone_id]
                    left = {int(each) for each in left} if setting.kind is Kind.ROLES else left or None
                await (setting.gone(guild_id) if setting.gone else setting.write(guild_id, left))
                self.on_gone(guild_id, setting, gone_id)
                log = logger.bind(guild_id=guild_id)
                log.info("{} no longer names a {} that was deleted", setting.key, kind)


def _chosen(setting: Setting, kind: str, values: Mapping[str, Any]) -> set[int]:
    """Return the channels or roles that a setting names and that nobody else takes out of it."""
    value = values.get(setting.key)
    if not value or setting.cleans:
        return set()
    if _ONE.get(setting.kind) == kind:
        return {int(value)}
    return {int(each) for each in value} if _SEVERAL.get(setting.kind) == kind else set()


def _meant(written: str, known: Sequence[str]) -> str:
    near = nearest(written, known)
    return text("config.did_you_mean", value=near) if near else text("config.see_all")
