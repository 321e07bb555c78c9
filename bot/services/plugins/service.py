"""What the bot asks of plugins: their state, their commands, their events, their schedules."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from pydantic import BaseModel

from bot.domain.errors import NotFoundError, UserFacingError
from bot.llm.types import ToolCall
from bot.plugin_api.calls import Call, Content, Written
from bot.plugin_api.errors import LimitError
from bot.plugin_api.events import Event, MemberErased
from bot.plugin_api.manifest import Manifest
from bot.plugin_api.parts import CommandSpec, Level, Target
from bot.plugin_api.ports import CallHandler, ToolUse
from bot.services.arrival_rows import clean
from bot.services.guilds import GuildService
from bot.services.plugins.asking import Tools
from bot.services.plugins.host import ERASING, Entry, PluginHost
from bot.services.plugins.loading import ERASE, config_of
from bot.services.plugins.registry import PluginRegistry
from bot.services.plugins.runner import PluginFailedError
from bot.services.plugins.timing import PluginTiming
from bot.services.plugins.trouble import Trouble, TroubleKind
from bot.texts import text


class PluginInfo(NamedTuple):
    """A plugin as people see it.

    Attributes:
        manifest: None where it can't be read.
        state: runs, off, suspended or failed.
        why: it doesn't run.
        is_on: in the server that asks.
        failures: of its handlers, lately.
    """

    id: str
    manifest: Manifest | None
    state: str
    why: str
    is_on: bool
    commands: tuple[CommandSpec, ...]
    failures: int


class PluginService:
    """Everything the bot does with plugins.

    Attributes:
        registry: the plugins and their life.
        servers: where they are on and how they are set.
        guilds: the servers themselves.
        on_commands: called when commands may have changed: with a server, or None for all.
        on_listening: called when other events may be listened for.
    """

    def __init__(
        self, registry: PluginRegistry, guilds: GuildService, timing: PluginTiming, tick_seconds: float = 60.0
    ) -> None:
        self.registry = registry
        self.servers = registry.servers
        self.guilds = guilds
        self._timing = timing
        self._tick_seconds = tick_seconds
        self.on_commands: Callable[[int | None], None] = lambda _guild_id: None
        self.on_listening: Callable[[], None] = lambda: None
        registry.tools_in = self.tools_in
        registry.policy = guilds.policy
        registry.on_commands = lambda: self.on_commands(None)
        registry.on_listening = lambda: self.on_listening()  # noqa: PLW0108  (it is set later)
        registry.on_reloaded = timing.forget

    async def reload(self, plugin_id: str) -> PluginInfo:
        """Load a plugin anew, with those that depend on it; return how it is then.

        Raises:
            NotFoundError: there is none.
        """
        await self.registry.reload(plugin_id)
        return self.info(plugin_id, None)

    async def switch_off(self, plugin_id: str, *, off: bool) -> PluginInfo:
        """Switch a plugin off in all servers, or on again; return how it is then.

        Raises:
            NotFoundError: there is none.
        """
        await self.registry.switch_off(plugin_id, off=off)
        return self.info(plugin_id, None)

    @property
    def folder(self) -> str:
        """Where plugins are looked for."""
        return self.registry.folder.as_posix()

    async def load(self) -> None:
        """Find and load every plugin; one that can't be loaded is marked, the others run."""
        await self.registry.load()

    async def close(self) -> None:
        """Unload everything."""
        await self.registry.close()

    def overview(self, guild_id: int | None) -> list[PluginInfo]:
        """Return all plugins as a server sees them."""
        return [self.info(each, guild_id) for each in sorted(self.registry.entries)]

    def info(self, plugin_id: str, guild_id: int | None) -> PluginInfo:
        """Return one as a server sees it.

        Raises:
            NotFoundError: there is none.
        """
        entry = self.registry.find(plugin_id)
        state = "runs" if entry.host is not None else "failed"
        if entry.is_suspended:
            state = "suspended"
        if entry.is_off:
            state = "off"
        is_on = guild_id is not None and self.servers.is_on(plugin_id, guild_id)
        failures = entry.host.runner.failures if entry.host else 0
        return PluginInfo(entry.id, entry.manifest, state, entry.why, is_on, entry.specs, failures)

    def troubles(self) -> list[str]:
        """Return what is wrong with plugins, for people; empty when all run that should."""
        infos = [self.info(each, None) for each in sorted(self.registry.entries)]
        return [
            f"{each.id} is {each.state}: {each.why}"
            for each in infos
            if each.state in {"suspended", "failed"}
        ]

    def config_model(self, plugin_id: str) -> type[BaseModel]:
        """Return the model of a plugin's settings.

        Raises:
            NotFoundError: there is no such plugin, or it has no settings.
            UserFacingError: it doesn't run.
        """
        model = config_of(self._running(plugin_id).module)
        if model is None:
            raise NotFoundError(text("plugins.no_settings", plugin=plugin_id))
        return model

    def listens(self, *event_types: type[Event]) -> bool:
        """Whether a plugin that runs listens for one of these events."""
        return any(
            each in entry.host.registered.events
            for entry in self.registry.entries.values()
            if entry.host is not None
            for each in event_types
        )

    def guilds_listening(self, event_type: type[Event]) -> set[int]:
        """Return the servers in which some plugin listens for an event."""
        return {
            guild_id
            for entry in self.registry.entries.values()
            if entry.host is not None and event_type in entry.host.registered.events
            for guild_id in self.servers.guilds_of(entry.id)
        }

    # Servers

    async def switch(self, plugin_id: str, guild_id: int, *, on: bool) -> PluginInfo:
        """Switch a plugin on or off in a server; return how it is then.

        Raises:
            NotFoundError: there is none.
            UserFacingError: it doesn't run, so it can't be switched on.
        """
        if on:
            self._running(plugin_id)
        else:
            self.registry.find(plugin_id)
        await self.servers.switch(plugin_id, guild_id, on=on)
        self.on_commands(guild_id)
        self.on_listening()
        return self.info(plugin_id, guild_id)

    async def reload_guild(self, guild_id: int) -> None:
        """Read anew what another process has switched or set in a server."""
        if await self.servers.reload(guild_id):
            self.on_commands(guild_id)
            self.on_listening()

    def commands_in(self, guild_id: int) -> list[tuple[str, CommandSpec]]:
        """Return the commands a server has, with their plugins; of two alike the first plugin's by name."""
        found: dict[tuple[Target, str], tuple[str, CommandSpec]] = {}
        for entry in sorted(self.registry.entries.values(), key=lambda each: each.id):
            if not entry.is_off and self.servers.is_on(entry.id, guild_id):
                for spec in entry.specs:
                    found.setdefault((spec.target, spec.name), (entry.id, spec))
        return list(found.values())

    # Calls

    async def command(self, plugin_id: str, target: Target, name: str, call: Call) -> None:
        """Have a command's handler do its work.

        Raises:
            UserFacingError: it refuses, fails or isn't there any more.
        """
        host = self._callable(plugin_id, call.guild_id)
        handler = host.registered.commands.get((target, name))
        await self._call(host, f"command {name}", handler, call)

    async def button(self, plugin_id: str, kind: str, call: Call) -> None:
        """Have a button's handler do its work.

        Raises:
            UserFacingError: it refuses, fails or isn't there any more.
        """
        host = self._callable(plugin_id, call.guild_id)
        found = host.registered.buttons.get(kind)
        await self._call(host, f"button {kind}", found.handler if found else None, call)

    async def form(self, plugin_id: str, kind: str, call: Call) -> None:
        """Have a form's handler do its work.

        Raises:
            UserFacingError: it refuses, fails or isn't there any more.
        """
        host = self._callable(plugin_id, call.guild_id)
        found = host.registered.forms.get(kind)
        await self._call(host, f"form {kind}", found.handler if found else None, call)

    def level_of_button(self, plugin_id: str, kind: str) -> Level:
        """Return who may press a button; everyone where it isn't known, for then nothing happens."""
        host = self._host(plugin_id)
        found = host.registered.buttons.get(kind) if host else None
        return found.level if found else Level.EVERYONE

    def level_of_form(self, plugin_id: str, kind: str) -> Level:
        """Return who may send a form; everyone where it isn't known, for then nothing happens."""
        host = self._host(plugin_id)
        found = host.registered.forms.get(kind) if host else None
        return found.level if found else Level.EVERYONE

    def cleaning(self, plugin_id: str) -> Callable[[Content], Content]:
        """Return what makes of a plugin's words what may leave the bot."""

        def clean(content: Content) -> Content:
            host = self._host(plugin_id)
            if host is None:
                raise LimitError(f"{plugin_id} doesn't run any more")
            return host.cleaned(content)

        return clean

    async def suggest(
        self, plugin_id: str, name: str, option: str, guild_id: int, user_id: int, typed: str
    ) -> list[str]:
        """Return what a command's option offers while somebody types; nothing when it fails."""
        try:
            host = self._callable(plugin_id, guild_id)
            spec = host.registered.specs[Target.SLASH, name]
            offer = next(each.suggest for each in spec.options if each.name == option)
            if offer is None:
                return []
            found = await host.runner.call(
                f"suggestions of {name}", _awaited(offer, guild_id, user_id, clean(typed)), by=user_id
            )
        except (UserFacingError, PluginFailedError, KeyError, StopIteration):
            return []
        return [str(each)[:100] for each in found][:25]

    def publish(self, event: Event) -> None:
        """Hand an event to who listens for it; never waits."""
        for entry in self.registry.entries.values():
            host = entry.host
            if host is None:
                continue
            if event.guild_id is not None and not self.servers.is_on(entry.id, event.guild_id):
                continue
            for handler in host.registered.events.get(type(event), ()):
                host.runner.offer(type(event).__name__, partial(_awaited, handler, event))

    async def run(self) -> None:
        """Look what is due at every tick, until cancelled."""
        while True:
            await self.tick()
            await self.registry.clock.sleep(self._tick_seconds)

    async def tick(self) -> None:
        """Run the schedules that are due, tell what could not be told before."""
        for entry in list(self.registry.entries.values()):
            host = entry.host
            if host is None:
                continue
            for name, each in list(host.registered.schedules.items()):
                for guild_id in self.servers.guilds_of(entry.id):
                    zone = self.guilds.policy(guild_id).timezone
                    if await self._timing.is_due(entry.id, name, each.when, guild_id, zone):
                        host.runner.offer(f"schedule {name}", partial(_awaited, each.handler, guild_id))
        await self.registry.notices.send()

    async def erase(self, guild_id: int | None, user_id: int) -> None:
        """Delete what plugins keep of a member, in a server or (None) everywhere; returns when it is gone.

        Also of plugins that are off. One whose own deletion fails or hangs is reported, and the others still
        delete: at the same time, since whoever waits for this doesn't wait for each one's deadline.
        """
        await self.registry.keeping.erase(guild_id, user_id)
        await self.registry.files.erase(guild_id, user_id)
        try:
            entries = list(self.registry.entries.values())
            await asyncio.gather(*(self._erase_in(entry, guild_id, user_id) for entry in entries))
        finally:
            self.publish(MemberErased(guild_id=guild_id, user_id=user_id))

    async def _erase_in(self, entry: Entry, guild_id: int | None, user_id: int) -> None:
        host = entry.host
        erase = getattr(host.module, ERASE, None) if host is not None else None
        known = self.servers.known_of(entry.id)
        if host is None or erase is None or not (known if guild_id is None else guild_id in known):
            return
        ERASING.set(True)  # in this task alone
        try:
            await host.runner.call(ERASE, _awaited(erase, host.context, guild_id, user_id))
        except (PluginFailedError, UserFacingError) as error:
            self.registry.report(
                Trouble(entry.id, TroubleKind.RAISED, f"could not delete a member's data: {error}")
            )

    async def idle(self) -> None:
        """Return once no event waits; for tests."""
        for entry in list(self.registry.entries.values()):
            if entry.host is not None:
                await entry.host.runner.idle()

    def tools_in(self, guild_id: int) -> Tools | None:
        """Return the tools that models may use for a server, None where there are none."""
        found = {
            name: (host, rule, handler)
            for entry in self.registry.entries.values()
            if (host := entry.host) is not None and self.servers.is_on(entry.id, guild_id)
            for name, (rule, handler) in host.registered.tools.items()
        }
        if not found:
            return None

        async def use(call: ToolCall) -> str:
            host, _, handler = found[call.name]
            asked = ToolUse(guild_id, call.arguments)
            try:
                return str(await host.runner.call(f"tool {call.name}", _awaited(handler, asked)))
            except (PluginFailedError, UserFacingError) as error:
                return f"It failed: {error}"

        return Tools([rule for _, rule, _ in found.values()], use)

    # Inside

    def _host(self, plugin_id: str) -> PluginHost | None:
        entry = self.registry.entries.get(plugin_id)
        return entry.host if entry is not None else None

    def _running(self, plugin_id: str) -> PluginHost:
        entry = self.registry.find(plugin_id)
        if entry.host is None:
            info = self.info(plugin_id, None)
            why = f": {info.why}" if info.why else ""
            raise UserFacingError(text("plugins.not_startable", plugin=plugin_id, state=info.state, why=why))
        return entry.host

    def _callable(self, plugin_id: str, guild_id: int) -> PluginHost:
        entry = self.registry.entries.get(plugin_id)
        if entry is None or not self.servers.is_on(plugin_id, guild_id):
            raise UserFacingError(text("plugins.not_on"))
        if entry.host is None:
            raise UserFacingError(text("plugins.not_running", plugin=plugin_id))
        return entry.host

    async def _call(self, host: PluginHost, what: str, handler: CallHandler | None, call: Call) -> None:
        if handler is None:
            raise UserFacingError(text("plugins.outdated"))
        try:
            await host.runner.call(what, _awaited(handler, _taken(call)), by=call.user_id)
        except PluginFailedError:
            raise UserFacingError(text("plugins.failed")) from None


def _taken(call: Call) -> Call:
    """Return a call with what somebody wrote as every database takes it, secrets redacted."""
    options = {name: clean(each) if isinstance(each, str) else each for name, each in call.options.items()}
    written = Written({name: clean(each) for name, each in call.written.items()})
    return replace(call, options=options, written=written)


async def _awaited(handler: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """Call a handler inside a coroutine, so that what it does before its first wait is measured, too."""
    return await handler(*arguments)
