"""One plugin's place in the bot: what it registered, and what the bot does for it."""
# ruff: noqa: D102 - the port `Host` says what each does

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol, TypeVar

from loguru import logger
from pydantic import BaseModel, ValidationError

from bot.domain.policy import GuildPolicy
from bot.llm.tool_policy import ToolRule
from bot.llm.types import ToolSpec
from bot.plugin_api.calls import Content
from bot.plugin_api.errors import LimitError, NotEnabledError, OptionsError
from bot.plugin_api.events import Event
from bot.plugin_api.manifest import Manifest, Permission, describe
from bot.plugin_api.parts import (
    Alike,
    CommandSpec,
    Level,
    Material,
    MemberSeen,
    Response,
    SeenMessage,
    Target,
)
from bot.plugin_api.ports import (
    CallHandler,
    Claim,
    Daily,
    Desk,
    EventHandler,
    Every,
    GuildHandler,
    ToolHandler,
)
from bot.services.clock import Clock
from bot.services.plugins.asking import TASK, PluginLanguage, Tools
from bot.services.plugins.fetching import Fetcher
from bot.services.plugins.files import PluginFiles
from bot.services.plugins.judging import PluginJudging
from bot.services.plugins.keeping import PluginKeeping
from bot.services.plugins.output import PluginOutput
from bot.services.plugins.posting import Flow, cleaned, text_of
from bot.services.plugins.runner import Runner
from bot.services.plugins.trouble import Trouble, TroubleKind
from bot.services.plugins.wording import Wording
from bot.settings import PluginSettings

ModelT = TypeVar("ModelT", bound=BaseModel)
MAX_COMMANDS, MAX_TOOLS = 20, 10  # of a plugin
# Set around `delete_user_data`: it must reach what is kept in servers where the plugin is off by now, too.
ERASING: ContextVar[bool] = ContextVar("erasing", default=False)


class Handled(NamedTuple):
    """A handler of calls, and who may make them."""

    handler: CallHandler
    level: Level


class Scheduled(NamedTuple):
    """A handler that is called at times."""

    when: Every | Daily
    handler: GuildHandler


@dataclass(slots=True)
class Registered:
    """Everything a plugin has registered."""

    events: dict[type[Event], list[EventHandler]] = field(default_factory=dict)
    commands: dict[tuple[Target, str], CallHandler] = field(default_factory=dict)
    specs: dict[tuple[Target, str], CommandSpec] = field(default_factory=dict)
    buttons: dict[str, Handled] = field(default_factory=dict)
    forms: dict[str, Handled] = field(default_factory=dict)
    schedules: dict[str, Scheduled] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    tools: dict[str, tuple[ToolRule, ToolHandler]] = field(default_factory=dict)
    unload: list[Callable[[], object]] = field(default_factory=list)


class Servers(Protocol):
    """Where plugins are on, and how they are set there."""

    def guilds_of(self, plugin: str) -> Sequence[int]: ...

    def known_of(self, plugin: str) -> Sequence[int]: ...
    def is_on(self, plugin: str, guild_id: int) -> bool: ...
    def valid(self, plugin: str, guild_id: int, model: type[ModelT]) -> ModelT: ...
    def tools_in(self, guild_id: int) -> Tools | None: ...
    def policy(self, guild_id: int) -> GuildPolicy: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What every plugin's host is given."""

    clock: Clock
    settings: PluginSettings
    keeping: PluginKeeping
    judging: PluginJudging
    files: PluginFiles
    language: PluginLanguage | None
    desk: Desk
    servers: Servers


class PluginHost:
    """The `Host` of one plugin, from its loading to its unloading."""

    def __init__(
        self,
        manifest: Manifest,
        means: Means,
        runner: Runner,
        output: PluginOutput,
        report: Callable[[Trouble], None],
        wording: Wording,
    ) -> None:
        self.manifest = manifest
        self.runner = runner
        self.registered = Registered()
        self.module: ModuleType | None = None
        self.context: Any = None  # what its handlers hold
        self.is_ready = False  # until then what goes wrong is why it can't be loaded
        self._means = means
        self._output = output
        self._report = report
        self._wording = wording
        settings = means.settings
        self._flow = Flow(means.clock, settings.posts_per_minute)
        self._fetcher = Fetcher(
            manifest.http_hosts,
            settings.hosts.get(manifest.id, ()),
            seconds=settings.http_seconds,
            max_bytes=settings.http_megabytes * 1_000_000,
        )

    @property
    def guilds(self) -> Sequence[int]:
        servers = self._means.servers
        return servers.known_of(self.manifest.id) if ERASING.get() else servers.guilds_of(self.manifest.id)

    @property
    def desk(self) -> Desk:
        return self._means.desk

    def now(self) -> datetime:
        return self._means.clock.now()

    def log(self, level: str, text: str) -> None:
        self._output.line(level, text)

    def denied(self, permission: Permission) -> None:
        text = f"asked for {permission.value!r}, which its manifest.toml doesn't list under permissions"
        if self.is_ready:
            self._tell(TroubleKind.DENIED, text)

    def check_enabled(self, guild_id: int) -> None:
        if not ERASING.get() and not self._means.servers.is_on(self.manifest.id, guild_id):
            raise NotEnabledError(f"{self.manifest.id} is not switched on in server {guild_id}")

    def config(self, model: type[ModelT], guild_id: int) -> ModelT:
        return self._means.servers.valid(self.manifest.id, guild_id, model)

    def options(self, model: type[ModelT]) -> ModelT:
        try:
            return model.model_validate(self._means.settings.options.get(self.manifest.id, {}))
        except ValidationError as error:
            where = f"plugins.options.{self.manifest.id} in config/settings.yaml"
            raise OptionsError(f"{where}: {describe(error)}") from None

    def secret(self, name: str) -> str | None:
        secrets = self._means.settings.secrets or {}
        found = secrets.get(f"{self.manifest.id}_{name}".upper())
        return found.get_secret_value() if found else None

    def wording(self, key: str, values: Mapping[str, object]) -> str:
        return self._wording.of(key, values)

    def staff_channel(self, guild_id: int) -> int | None:
        return self._means.servers.policy(guild_id).staff_channel_id

    # What it registers

    def subscribe(self, event_type: type[Event], handler: EventHandler) -> None:
        self.registered.events.setdefault(event_type, []).append(handler)

    def claim(self, handler: Claim) -> None:
        self.registered.claims.append(handler)

    def add_command(self, spec: CommandSpec, handler: CallHandler) -> None:
        key = (spec.target, spec.name)
        if key in self.registered.specs:
            raise ValueError(f"the command {spec.name!r} is added twice")
        if len(self.registered.specs) >= MAX_COMMANDS:
            raise LimitError(f"more than {MAX_COMMANDS} commands")
        self.registered.specs[key] = spec
        self.registered.commands[key] = handler

    def add_button(self, kind: str, handler: CallHandler, level: Level) -> None:
        self.registered.buttons[_kind(kind)] = Handled(handler, level)

    def add_form(self, kind: str, handler: CallHandler, level: Level) -> None:
        self.registered.forms[_kind(kind)] = Handled(handler, level)

    def add_schedule(self, name: str, when: Every | Daily, handler: GuildHandler) -> None:
        self.registered.schedules[_kind(name)] = Scheduled(when, handler)

    def add_tool(
        self, name: str, description: str, parameters: Mapping[str, Any], handler: ToolHandler
    ) -> None:
        if len(self.registered.tools) >= MAX_TOOLS:
            raise LimitError(f"more than {MAX_TOOLS} tools")
        spec = ToolSpec(f"{self.manifest.id}_{_kind(name)}", description, dict(parameters))
        self.registered.tools[spec.name] = (ToolRule(spec, frozenset({TASK})), handler)

    def on_unload(self, callback: Callable[[], object]) -> None:
        self.registered.unload.append(callback)

    def undo(self) -> None:
        """Forget everything it registered, after its own clean-up."""
        for callback in reversed(self.registered.unload):
            try:
                callback()
            except Exception as error:  # noqa: BLE001  (whatever a plugin's clean-up does, it unloads)
                logger.bind(plugin=self.manifest.id).warning(
                    "Plugin {}: its clean-up failed: {}: {}", self.manifest.id, type(error).__name__, error
                )
        self.registered = Registered()
        self.module = self.context = None

    # What it does

    async def get(self, guild_id: int, user_id: int, key: str) -> Any:
        return await self._means.keeping.get(self.manifest.id, guild_id, user_id, key)

    async def put(self, guild_id: int, user_id: int, key: str, value: Any) -> None:
        await self._means.keeping.put(self.manifest.id, guild_id, user_id, key, value)

    async def add(self, guild_id: int, user_id: int, key: str, value: Any) -> bool:
        return await self._means.keeping.add(self.manifest.id, guild_id, user_id, key, value)

    async def forget(self, guild_id: int, user_id: int, key: str) -> bool:
        return await self._means.keeping.forget(self.manifest.id, guild_id, user_id, key)

    async def entries(
        self, guild_id: int, user_id: int | None, prefix: str, limit: int
    ) -> list[tuple[int, str, Any]]:
        return await self._means.keeping.entries(self.manifest.id, guild_id, user_id, prefix, limit)

    async def take_turn(self, guild_id: int, user_id: int, name: str, times: int, seconds: float) -> float:
        return await self._means.keeping.take_turn(self.manifest.id, guild_id, user_id, name, times, seconds)

    async def give_back_turn(self, guild_id: int, user_id: int, name: str) -> None:
        await self._means.keeping.give_back_turn(self.manifest.id, guild_id, user_id, name)

    async def put_file(self, guild_id: int, user_id: int, name: str, data: bytes) -> None:
        await self._means.files.put(self.manifest.id, guild_id, user_id, name, data)

    async def get_file(self, guild_id: int, user_id: int, name: str) -> bytes | None:
        return await self._means.files.get(self.manifest.id, guild_id, user_id, name)

    async def delete_file(self, guild_id: int, user_id: int, name: str) -> None:
        await self._means.files.delete(self.manifest.id, guild_id, user_id, name)

    async def alike(self, text: str, others: Sequence[str]) -> list[Alike]:
        return await self._means.judging.alike(text, others)

    async def toxicity(self, text: str) -> float:
        return await self._means.judging.toxicity(text)

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: Any, seconds: float | None
    ) -> Response:
        return await self._fetcher.request(method, url, headers, body, seconds)

    async def complete(
        self, guild_id: int, instructions: str, material: Sequence[Material], max_tokens: int
    ) -> str | None:
        if self._means.language is None:
            return None
        tools = self._means.servers.tools_in(guild_id)
        return await self._means.language.complete(guild_id, instructions, material, max_tokens, tools)

    async def fill(
        self, guild_id: int, model: type[ModelT], instructions: str, material: Sequence[Material]
    ) -> ModelT | None:
        if self._means.language is None:
            return None
        return await self._means.language.fill(guild_id, model, instructions, material)

    async def post(self, guild_id: int, channel_id: int, content: Content, reply_to: int | None) -> int:
        self._take(guild_id)
        return await self.desk.post(guild_id, channel_id, self.cleaned(content), reply_to)

    async def edit(self, guild_id: int, channel_id: int, message_id: int, content: Content) -> None:
        self._take(guild_id)
        await self.desk.edit(guild_id, channel_id, message_id, self.cleaned(content))

    async def direct(self, guild_id: int, user_id: int, content: Content) -> int:
        self._take(guild_id)
        return await self.desk.direct(guild_id, user_id, self.cleaned(content))

    async def thread(
        self, guild_id: int, channel_id: int, name: str, message_id: int | None, *, private: bool
    ) -> int:
        self._take(guild_id)
        named = self.cleaned(Content(name)).text[:100]
        return await self.desk.thread(guild_id, channel_id, named, message_id, private=private)

    async def read(self, guild_id: int, channel_id: int, message_id: int) -> SeenMessage | None:
        return await self.desk.read(guild_id, channel_id, message_id)

    async def member(self, guild_id: int, user_id: int) -> MemberSeen:
        found = await self.desk.member(guild_id, user_id)
        ignored = self._means.servers.policy(guild_id).ignored_role_ids
        return found._replace(is_ignored=not ignored.isdisjoint(found.role_ids))

    async def attachment_text(
        self, guild_id: int, channel_id: int, message_id: int, name: str, max_bytes: int
    ) -> str | None:
        data = await self.desk.attachment(guild_id, channel_id, message_id, name, max_bytes)
        return None if data is None else await asyncio.to_thread(text_of, data)

    def cleaned(self, content: Content) -> Content:
        """Return what a plugin says as it may leave the bot.

        Raises:
            LimitError: it is empty or too long.
        """
        masked = cleaned(content, lambda text: self._output.masked(text, "posted a secret"))
        return replace(masked, plugin=self.manifest.id)

    def _take(self, guild_id: int) -> None:
        if not self._flow.take(guild_id):
            limit = self._means.settings.posts_per_minute
            self._tell(TroubleKind.FLOODED, f"posts more than {limit} times a minute in server {guild_id}")
            raise LimitError(f"{self.manifest.id} may post {limit} times a minute in a server")

    def _tell(self, kind: TroubleKind, text: str) -> None:
        self._report(Trouble(self.manifest.id, kind, text))


def _kind(name: str) -> str:
    if not (name.isascii() and name.replace("_", "").isalnum() and name == name.lower() and len(name) <= 24):  # noqa: PLR2004
        raise ValueError(f"{name!r}: give it 1 to 24 small letters, digits or _")
    return name


@dataclass(slots=True)
class Entry:
    """A plugin's folder, and what became of it.

    Attributes:
        host: while it runs.
        specs: the commands it had when it ran last: they stay while it is suspended.
    """

    id: str
    folder: Path
    manifest: Manifest | None = None
    host: PluginHost | None = None
    why: str = ""  # it doesn't run
    is_off: bool = False
    is_suspended: bool = False
    specs: tuple[CommandSpec, ...] = ()
    told: set[TroubleKind] = field(default_factory=set)
