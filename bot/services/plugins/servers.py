"""Where plugins are switched on, and how each server has set them; kept in memory, written through."""

import asyncio
import json
import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bot.db.database import Database
from bot.domain.errors import NotFoundError, UserFacingError
from bot.plugin_api.manifest import describe
from bot.services.clock import Clock
from bot.services.configuration.changes import PLUGINS, note
from bot.texts import text

ModelT = TypeVar("ModelT", bound=BaseModel)
_MENTION: Final = re.compile(r"<(?:#|@[!&]?)(\d{1,20})>")
_MANY: Final = (list, tuple, set, frozenset)
MAX_CONFIG: Final = 16_000  # characters as JSON
_NONE: Final = "none"  # a value that says that there is none
SAFE: Final = 2**53  # integers beyond it are ids: JSON has them as text


class Setting(NamedTuple):
    """One setting of a plugin, as a server has it; texts for people."""

    key: str
    about: str
    value: str
    is_default: bool
    choices: tuple[str, ...]


class PluginServers:
    """Knows where each plugin is on; asked for each event, so it never asks the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._on: dict[str, set[int]] = {}
        self._config: dict[tuple[str, int], dict[str, Any]] = {}  # where it was ever switched on
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read where plugins are on."""
        async with self._database.reading() as tx:
            rows = await tx.plugins.guilds()
        self._on, self._config = {}, {}
        for row in rows:
            self._remember(row.plugin, row.guild_id, is_on=row.is_on, config=row.config or {})

    async def reload(self, guild_id: int) -> bool:
        """Read anew what another process has changed in a server; return whether other plugins are on."""
        async with self._changing:
            before = {plugin for plugin, guilds in self._on.items() if guild_id in guilds}
            async with self._database.reading() as tx:
                rows = await tx.plugins.guilds(guild_id)
            self.forget_guild(guild_id)
            for row in rows:
                self._remember(row.plugin, guild_id, is_on=row.is_on, config=row.config or {})
            return before != {row.plugin for row in rows if row.is_on}

    def guilds_of(self, plugin: str) -> Sequence[int]:
        """Return the servers a plugin is on in."""
        return sorted(self._on.get(plugin, ()))

    def known_of(self, plugin: str) -> Sequence[int]:
        """Return the servers a plugin is on in, or was: it may have kept something there."""
        return sorted(guild_id for name, guild_id in self._config if name == plugin)

    def is_on(self, plugin: str, guild_id: int) -> bool:
        """Whether a plugin is on in a server."""
        return guild_id in self._on.get(plugin, ())

    def values(self, plugin: str, guild_id: int) -> Mapping[str, Any]:
        """Return what a server has set, beside the defaults."""
        return self._config.get((plugin, guild_id), {})

    async def switch(self, plugin: str, guild_id: int, *, on: bool) -> None:
        """Switch a plugin on or off in a server."""
        async with self._changing:
            async with self._database.transaction() as tx:
                now = self._clock.now()
                await tx.guilds.ensure(guild_id, now)
                before = await tx.plugins.guild(plugin, guild_id)
                was_on = before is not None and before.is_on
                await tx.plugins.set_guild(plugin, guild_id, is_on=on)
                await note(tx, guild_id, {f"{PLUGINS}{plugin}": (was_on, on)}, now)
                config = dict(before.config or {}) if before is not None else {}
            self._remember(plugin, guild_id, is_on=on, config=config)

    async def configure(
        self, plugin: str, guild_id: int, model: type[BaseModel], key: str, given: str
    ) -> Setting:
        """Set a plugin's setting in a server, from what somebody wrote; return it.

        Raises:
            NotFoundError: there is no such setting.
            UserFacingError: the value isn't right; the text says why.
        """
        known = _field(model, key)
        value = _read(known.annotation, given)

        def change(own: dict[str, Any]) -> dict[str, Any]:
            return _valid(model, own | {key: value}, key)

        await self._store(plugin, guild_id, change)
        return next(each for each in self.settings(plugin, guild_id, model) if each.key == key)

    async def reset(self, plugin: str, guild_id: int, model: type[BaseModel], key: str) -> Setting:
        """Set a plugin's setting back to its default; return it.

        Raises:
            NotFoundError: there is no such setting.
        """
        _field(model, key)
        await self._store(
            plugin, guild_id, lambda own: {name: each for name, each in own.items() if name != key}
        )
        return next(each for each in self.settings(plugin, guild_id, model) if each.key == key)

    def settings(self, plugin: str, guild_id: int, model: type[BaseModel]) -> list[Setting]:
        """Return all settings of a plugin as they are in a server."""
        own = self.values(plugin, guild_id)
        current = self.valid(plugin, guild_id, model)
        return [
            Setting(key, field.description or "", _shown(getattr(current, key)), key not in own,
                    _choices(field.annotation))
            for key, field in model.model_fields.items()
        ]  # fmt: skip

    def valid(self, plugin: str, guild_id: int, model: type[ModelT]) -> ModelT:
        """Return a server's settings; of what a newer version doesn't take any more, the defaults."""
        own = dict(self.values(plugin, guild_id))
        while True:
            try:
                return model.model_validate(own)
            except ValidationError as error:
                wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]} & own.keys()
                own = {key: each for key, each in own.items() if key not in wrong} if wrong else {}

    def forget_guild(self, guild_id: int) -> None:
        """Forget a server whose data is gone."""
        for guilds in self._on.values():
            guilds.discard(guild_id)
        self._config = {key: each for key, each in self._config.items() if key[1] != guild_id}

    async def _store(
        self, plugin: str, guild_id: int, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        """Change a server's settings as they are now in the database, and write down what differs."""
        async with self._changing:
            async with self._database.transaction() as tx:
                now = self._clock.now()
                await tx.guilds.ensure(guild_id, now)
                before = await tx.plugins.guild(plugin, guild_id)
                is_on = before is not None and before.is_on
                old = dict(before.config or {}) if before is not None else {}
                new = change(dict(old))
                await tx.plugins.set_guild(plugin, guild_id, is_on=is_on, config=new)
                pairs = {
                    f"{PLUGINS}{plugin}.{key}": (_noted(old, key), _noted(new, key))
                    for key in sorted(old.keys() | new.keys())
                }
                await note(tx, guild_id, pairs, now)
            self._remember(plugin, guild_id, is_on=is_on, config=new)

    def _remember(self, plugin: str, guild_id: int, *, is_on: bool, config: dict[str, Any]) -> None:
        self._config[plugin, guild_id] = config
        guilds = self._on.setdefault(plugin, set())
        guilds.add(guild_id) if is_on else guilds.discard(guild_id)


def _valid(model: type[BaseModel], changed: dict[str, Any], key: str) -> dict[str, Any]:
    """Return settings as they are kept.

    Raises:
        UserFacingError: one isn't right, or there is too much of them.
    """
    try:
        valid = model.model_validate(changed)
    except ValidationError as error:
        raise UserFacingError(text("plugins.bad_setting", key=key, why=describe(error))) from None
    except (TypeError, ValueError) as error:  # of the plugin's own validators
        raise UserFacingError(text("plugins.bad_setting", key=key, why=error)) from None
    stored = valid.model_dump(mode="json", include=set(changed))
    if len(json.dumps(stored)) > MAX_CONFIG:
        raise UserFacingError(text("plugins.long_setting"))
    return stored


def _noted(config: Mapping[str, Any], key: str) -> Any:
    """Return a value as it is written down: None for the default, numbers beyond JavaScript's as text."""
    if key not in config:
        return None
    value = config[key]
    listed = value if isinstance(value, list) else [value]
    plain = [_NONE if each is None else str(each) if _is_id(each) else each for each in listed]
    return plain if isinstance(value, list) else plain[0]


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > SAFE


def _field(model: type[BaseModel], key: str) -> Any:
    found = model.model_fields.get(key)
    if found is None:
        known = ", ".join(f"`{each}`" for each in model.model_fields) or "none"
        raise NotFoundError(text("plugins.no_setting", key=key, known=known))
    return found


def _read(annotation: Any, given: str) -> Any:
    """Return what somebody wrote for pydantic: mentions as ids, lists by commas, "none" as nothing."""
    given = given.strip()
    kinds = _kinds(annotation)
    if given.lower() in {"none", "-"} and type(None) in kinds:
        return None
    if any((get_origin(kind) or kind) in _MANY for kind in kinds):
        return [_MENTION.sub(r"\1", part.strip()) for part in given.split(",") if part.strip()]
    if int in kinds:
        return _MENTION.sub(r"\1", given)
    return given


def _kinds(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in {Union, types.UnionType}:
        return get_args(annotation)
    return (annotation,)


def _choices(annotation: Any) -> tuple[str, ...]:
    kinds = _kinds(annotation)
    if bool in kinds:
        return ("yes", "no")
    found: list[str] = []
    for kind in kinds:
        if get_origin(kind) is Literal:
            found += map(str, get_args(kind))
        elif isinstance(kind, type) and issubclass(kind, str) and hasattr(kind, "__members__"):
            found += [str(each) for each in kind]  # type: ignore[attr-defined]  # an enum of texts
    return tuple(found)


def _shown(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, _MANY):
        return ", ".join(map(str, value)) or _NONE
    return str(value)
