"""Plugins as they are loaded: found, started, reloaded, suspended when they do harm."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from loguru import logger
from pydantic import BaseModel

from bot.db.database import Database
from bot.domain.errors import NotFoundError
from bot.domain.policy import GuildPolicy
from bot.logs import Masker
from bot.plugin_api.manifest import Manifest, ManifestError
from bot.plugin_api.ports import Desk
from bot.services.clock import Clock
from bot.services.plugins.asking import PluginLanguage, Tools
from bot.services.plugins.files import PluginFiles
from bot.services.plugins.host import Entry, Means
from bot.services.plugins.importing import drop_garbage
from bot.services.plugins.judging import PluginJudging
from bot.services.plugins.keeping import PluginKeeping
from bot.services.plugins.loading import PluginLoader, PluginLoadError, in_order
from bot.services.plugins.notices import PluginNotices
from bot.services.plugins.output import PluginOutput
from bot.services.plugins.servers import PluginServers
from bot.services.plugins.steps import Meter
from bot.services.plugins.trouble import FATAL, TOLD, Trouble, TroubleKind
from bot.services.plugins.watchdog import Watchdog
from bot.services.tasks import TaskSet
from bot.settings import PluginSettings
from bot.texts import text

ModelT = TypeVar("ModelT", bound=BaseModel)


class PluginRegistry:
    """Every plugin there is, and the life of those that run.

    Attributes:
        database: where their state is kept.
        entries: by id.
        only: ids of those that are looked for; None for all.
        servers: where they are on and how they are set.
        keeping: what they keep.
        files: as files.
        notices: what whoever runs the bot is told.
        tools_in: the tools that models may use for a server.
        policy: a server's choices.
        on_commands: called when commands of any server may have changed.
        on_listening: called when other events may be listened for.
        on_reloaded: called with each plugin that is loaded anew.
    """

    def __init__(  # noqa: PLR0913, PLR0917  (what every plugin needs)
        self,
        database: Database,
        clock: Clock,
        settings: PluginSettings,
        desk: Desk,
        language: PluginLanguage | None = None,
        secrets: Sequence[str] = (),
        judging: PluginJudging | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.folder = settings.folder
        self._settings = settings
        self._mask = Masker(secrets)
        self._outputs: dict[str, PluginOutput] = {}
        self._tasks = TaskSet()
        self._changing = asyncio.Lock()
        self.entries: dict[str, Entry] = {}
        self.only: Collection[str] | None = None
        self.servers = PluginServers(database, clock)
        self.keeping = PluginKeeping(database, clock)
        self.files = PluginFiles(settings.files_folder, settings.files_megabytes)
        self.notices = PluginNotices(database)
        self.tools_in: Callable[[int], Tools | None] = lambda _guild_id: None
        self.policy: Callable[[int], GuildPolicy] = lambda _guild_id: GuildPolicy()
        self.on_commands: Callable[[], None] = lambda: None
        self.on_listening: Callable[[], None] = lambda: None
        self.on_reloaded: Callable[[str], None] = lambda _plugin_id: None
        self._meter = Meter(self._output_of)
        means = Means(
            clock,
            settings,
            self.keeping,
            judging or PluginJudging(),
            self.files,
            language,
            desk,
            _Servers(self),
        )
        self._loader = PluginLoader(means, self._meter, self._output_of, self.report)
        self._watchdog = Watchdog(
            self._meter,
            lambda: {each.id: each.folder for each in self.entries.values()},
            self.report,
            stall_seconds=settings.stall_seconds,
            memory_megabytes=settings.memory_megabytes,
        )

    async def load(self) -> None:
        """Find and load every plugin; one that can't be loaded is marked, the others run."""
        if not self._settings.enabled:
            return
        await self.servers.load()
        async with self.database.reading() as tx:
            states = {row.plugin: row for row in await tx.plugins.states()}
        async with self._changing:
            self._loader.finder.install()
            for folder in _folders(self._settings.folder, self.only):
                entry = self.entries[folder.name] = Entry(folder.name, folder)
                state = states.get(entry.id)
                if state is not None:
                    entry.is_off, entry.is_suspended = state.is_off, state.suspended_at is not None
                    entry.why = state.why if entry.is_suspended else ""
            if self.entries:
                self._watchdog.start()
            await self._start(list(self.entries))
        running = sum(entry.host is not None for entry in self.entries.values())
        logger.info("Plugins: {} of {} run", running, len(self.entries))

    async def close(self) -> None:
        """Unload everything."""
        self._watchdog.stop()
        await self._tasks.cancel()
        await self.notices.close()
        async with self._changing:
            for entry in self.entries.values():
                await self._unload(entry)
            self._loader.finder.remove()

    def forget_guild(self, guild_id: int) -> None:
        """Forget a server whose data is gone, and delete its files."""
        self.servers.forget_guild(guild_id)
        self._tasks.spawn(self.files.forget_guild(guild_id), f"deleting the files of {guild_id}")

    async def reload(self, plugin_id: str) -> None:
        """Load a plugin anew from its folder, with those that depend on it.

        Raises:
            NotFoundError: there is none.
        """
        async with self._changing:
            entry = self.find(plugin_id)
            if not entry.folder.is_dir():
                await self._unload(entry)
                del self.entries[entry.id]
                raise NotFoundError(text("plugins.gone", plugin=plugin_id))
            ids = self._with_dependents(plugin_id)
            for each in reversed(ids):
                await self._unload(self.entries[each])
            async with self.database.transaction() as tx:
                await tx.plugins.set_state(plugin_id, suspended_at=None, why="")
            entry.is_suspended, entry.why = False, ""
            entry.told.clear()
            await self.notices.forget(plugin_id)
            self.on_reloaded(plugin_id)
            await self._start(ids)
        self.on_commands()

    async def switch_off(self, plugin_id: str, *, off: bool) -> None:
        """Switch a plugin off in all servers, or on again.

        Raises:
            NotFoundError: there is none.
        """
        async with self._changing:
            entry = self.find(plugin_id)
            async with self.database.transaction() as tx:
                await tx.plugins.set_state(plugin_id, is_off=off)
            entry.is_off = off
            ids = self._with_dependents(plugin_id)
            for each in reversed(ids):
                await self._unload(self.entries[each])
            await self._start(ids)
        self.on_commands()

    def find_new(self) -> None:
        """Take up plugins whose folders are new; they are loaded by `reload`."""
        for folder in _folders(self._settings.folder, self.only):
            self.entries.setdefault(folder.name, Entry(folder.name, folder, why="not loaded yet"))

    def find(self, plugin_id: str) -> Entry:
        """Return a plugin.

        Raises:
            NotFoundError: there is none.
        """
        found = self.entries.get(plugin_id)
        if found is None:
            known = ", ".join(f"`{each}`" for each in sorted(self.entries)) or "none"
            raise NotFoundError(text("plugins.unknown", plugin=plugin_id, known=known))
        return found

    async def _start(self, ids: Sequence[str]) -> None:
        """Load those of `ids` that should run, in the order in which they depend on each other."""
        manifests: dict[str, Manifest] = {}
        for entry in self.entries.values():
            try:
                manifests[entry.id] = Manifest.load(entry.folder)
            except ManifestError as error:
                if entry.id in ids:
                    self._cannot_load(entry, str(error))
        order, wrong = in_order(manifests)
        for plugin_id, why in wrong.items():
            if plugin_id in ids:
                self._cannot_load(self.entries[plugin_id], why)
        for plugin_id in order:
            entry = self.entries[plugin_id]
            entry.manifest = manifests[plugin_id]
            if plugin_id in ids and entry.host is None and not entry.is_off and not entry.is_suspended:
                await self._load(entry)
        self.on_listening()

    async def _load(self, entry: Entry) -> None:
        for needed in entry.manifest.depends_on if entry.manifest else ():
            if self.entries[needed].host is None:
                self._cannot_load(entry, f"depends on {needed}, which doesn't run")
                return
        try:
            entry.host = await self._loader.load(entry)
        except PluginLoadError as error:
            self._cannot_load(entry, str(error))
            return
        entry.why = ""
        entry.specs = tuple(entry.host.registered.specs.values())

    def _cannot_load(self, entry: Entry, why: str) -> None:
        entry.why = entry.why if entry.is_suspended else why
        self.report(Trouble(entry.id, TroubleKind.LOAD, why))

    async def _unload(self, entry: Entry) -> None:
        host, entry.host = entry.host, None
        if host is not None:
            await self._loader.unload(entry.id, host)
            self.on_listening()

    def _with_dependents(self, plugin_id: str) -> Sequence[str]:
        found = [plugin_id]
        for each in found:
            found += [
                other.id
                for other in self.entries.values()
                if other.manifest is not None and each in other.manifest.depends_on and other.id not in found
            ]
        return found

    def _output_of(self, plugin_id: str) -> PluginOutput:
        found = self._outputs.get(plugin_id)
        if found is None:
            found = self._outputs[plugin_id] = PluginOutput(plugin_id, self._mask, self.clock, self.report)
        return found

    def report(self, trouble: Trouble) -> None:
        """Log a trouble, suspend a plugin that can't go on, and have the owner told once."""
        entry = self.entries.get(trouble.plugin)
        if entry is None or (entry.is_suspended and trouble.kind in FATAL):
            return
        masked = Trouble(trouble.plugin, trouble.kind, self._mask(trouble.text))
        if trouble.kind not in entry.told and trouble.kind is not TroubleKind.RAISED:  # logged with its trace
            logger.bind(plugin=entry.id).warning("Plugin {}: {}", entry.id, masked.text)
        if trouble.kind in FATAL:
            entry.is_suspended, entry.why = True, masked.text
            if entry.host is not None:
                entry.host.runner.is_closed = True  # nothing more of it begins
            self._tasks.spawn(self._suspend(entry, masked), f"suspending {entry.id}")
        if trouble.kind in TOLD and trouble.kind not in entry.told:
            fix = "It is suspended; `/plugins reload` starts it again." if trouble.kind in FATAL else ""
            self.notices.add(masked, fix)
        if trouble.kind in TOLD:
            entry.told.add(trouble.kind)

    async def _suspend(self, entry: Entry, trouble: Trouble) -> None:
        async with self.database.transaction() as tx:
            await tx.plugins.set_state(entry.id, suspended_at=self.clock.now(), why=trouble.text)
        await self._unload(entry)
        if trouble.kind is TroubleKind.ALLOCATED:
            drop_garbage()


class _Servers:
    """What hosts ask about servers."""

    def __init__(self, registry: PluginRegistry) -> None:
        self._registry = registry

    def known_of(self, plugin: str) -> Sequence[int]:
        return self._registry.servers.known_of(plugin)

    def guilds_of(self, plugin: str) -> Sequence[int]:
        return self._registry.servers.guilds_of(plugin)

    def is_on(self, plugin: str, guild_id: int) -> bool:
        return self._registry.servers.is_on(plugin, guild_id)

    def valid(self, plugin: str, guild_id: int, model: type[ModelT]) -> ModelT:
        return self._registry.servers.valid(plugin, guild_id, model)

    def tools_in(self, guild_id: int) -> Tools | None:
        return self._registry.tools_in(guild_id)

    def policy(self, guild_id: int) -> GuildPolicy:
        return self._registry.policy(guild_id)


def _folders(root: Path, only: Collection[str] | None) -> list[Path]:
    if not root.is_dir():
        return []
    found = sorted(path.parent.resolve() for path in root.glob("*/manifest.toml"))
    return [each for each in found if only is None or each.name in only]
