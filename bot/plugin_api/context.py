"""The only door a plugin gets into the bot."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time
from typing import Any, TypeVar

from pydantic import BaseModel

from bot.plugin_api.errors import PermissionDeniedError
from bot.plugin_api.events import NEEDED, EventT
from bot.plugin_api.manifest import Manifest, Permission
from bot.plugin_api.parts import CommandSpec, Level, Option, Target
from bot.plugin_api.ports import CallHandler, Claim, Daily, Every, GuildHandler, Host, ToolHandler
from bot.plugin_api.rooms import Files, Http, Llm, Log, Members, Messages, Store, Texts

ModelT = TypeVar("ModelT", bound=BaseModel)
LEAST_SECONDS = 60.0  # between two runs of a schedule


class PluginContext:
    """Everything one plugin may do; whatever it registers is undone when it unloads.

    Attributes:
        manifest: what the plugin asked for.
        log: its lines in the bot's log, secrets masked.
        store: what it keeps. Needs `storage`.
        files: what it keeps as files. Needs `storage`.
        messages: posts, threads, direct messages. Needs `messages.send`, to read `messages.read`.
        members: levels (`members.read`) and moderation (`members.moderate`).
        http: requests to the hosts of its manifest. Needs `http`.
        llm: the owner's language models. Needs `llm.complete`.
        texts: the bot's own judgement of texts. Needs `texts.judge`.
    """

    def __init__(self, manifest: Manifest, host: Host) -> None:
        self.manifest = manifest
        self._host = host
        self.log = Log(host)
        self.store = Store(host, self.require)
        self.files = Files(host, self.require)
        self.messages = Messages(host, self.require)
        self.members = Members(host, self.require)
        self.http = Http(host, self.require)
        self.llm = Llm(host, self.require)
        self.texts = Texts(host, self.require)

    @property
    def guilds(self) -> Sequence[int]:
        """The servers that have switched the plugin on."""
        return self._host.guilds

    def now(self) -> datetime:
        """Return the current time, aware, in UTC: in tests it is the test's."""
        return self._host.now()

    def config(self, model: type[ModelT], guild_id: int) -> ModelT:
        """Return a server's settings of the plugin; `model` is the plugin's `Config`."""
        return self._host.config(model, guild_id)

    def options(self, model: type[ModelT]) -> ModelT:
        """Return what whoever runs the bot has set for the plugin: plugins.options.<id> in settings.yaml.

        For what is no server's business, such as addresses and what may be spent; read it in `setup`.

        Raises:
            OptionsError: it isn't as `model` says; the text is for whoever runs the bot.
        """
        return self._host.options(model)

    def secret(self, name: str) -> str | None:
        """Return LOOKOUT_PLUGIN_<ID>_<NAME> from the environment or `.env`, None where it isn't set."""
        return self._host.secret(name)

    def text(self, key: str, **values: object) -> str:
        """Return a text of the plugin's `messages.yaml` with its {placeholders} filled.

        In the bot's language, where there is a `messages.<language>.yaml` that has it. Values are shown as
        they are.

        Raises:
            KeyError: there is no such text, or a placeholder without its value.
        """
        return self._host.wording(key, values)

    def staff_channel(self, guild_id: int) -> int | None:
        """Return the channel where a server's staff are told things, None where none is set."""
        return self._host.staff_channel(guild_id)

    def answers(self, claim: Claim) -> None:
        """Have `claim` asked whether the plugin answers a message that asks something, instead of the bot.

        Where it returns True and the bot would reply (or keep quiet because replies are off), the bot says
        nothing, and `DecisionMade.left_to` is the plugin's id: that is when to answer. It has a second; the
        first plugin by name that claims a message has it. Needs `messages.read` and `messages.send`.
        """
        self.require(Permission.READ_MESSAGES)
        self.require(Permission.SEND_MESSAGES)
        self._host.claim(claim)

    def on(self, event_type: type[EventT], handler: Callable[[EventT], Awaitable[None]]) -> None:
        """Call `handler` for each such event, one after the other, of the servers that switched it on.

        Raises:
            PermissionDeniedError: the manifest lacks the event's permission.
        """
        needed = NEEDED[event_type]
        if needed is not None:
            self.require(needed)
        self._host.subscribe(event_type, handler)

    def command(
        self,
        name: str,
        description: str,
        handler: CallHandler,
        *,
        options: Sequence[Option] = (),
        level: Level = Level.EVERYONE,
    ) -> None:
        """Add a slash command. "karma top" puts `top` into the group `karma`. Needs `commands.add`."""
        self.require(Permission.ADD_COMMANDS)
        spec = CommandSpec(name, description, Target.SLASH, tuple(options), level)
        self._host.add_command(spec, handler)

    def message_menu(self, name: str, handler: CallHandler, *, level: Level = Level.EVERYONE) -> None:
        """Add an entry to the menu of messages; `Call.message` is the message. Needs `commands.add`."""
        self.require(Permission.ADD_COMMANDS)
        self._host.add_command(CommandSpec(name, "", Target.MESSAGE, (), level), handler)

    def member_menu(self, name: str, handler: CallHandler, *, level: Level = Level.EVERYONE) -> None:
        """Add an entry to the menu of members; `Call.member_id` is whom it is about. Needs `commands.add`."""
        self.require(Permission.ADD_COMMANDS)
        self._host.add_command(CommandSpec(name, "", Target.MEMBER, (), level), handler)

    def button(self, kind: str, handler: CallHandler, *, level: Level = Level.EVERYONE) -> None:
        """Call `handler` when a `Button` of this kind is pressed. Needs `commands.add`.

        Who may press is `level`; whether it is their button is for the handler to check.
        """
        self.require(Permission.ADD_COMMANDS)
        self._host.add_button(kind, handler, level)

    def form(self, kind: str, handler: CallHandler, *, level: Level = Level.EVERYONE) -> None:
        """Call `handler` when a `Form` of this kind is sent. Needs `commands.add`."""
        self.require(Permission.ADD_COMMANDS)
        self._host.add_form(kind, handler, level)

    def every(self, name: str, seconds: float, handler: GuildHandler) -> None:
        """Call `handler` with each server's id every so many seconds, at least 60. Needs `schedule`.

        Raises:
            ValueError: `seconds` is less.
        """
        self.require(Permission.SCHEDULE)
        if seconds < LEAST_SECONDS:
            raise ValueError(
                f"schedule {name!r}: every {seconds} s is too often, {LEAST_SECONDS:.0f} at least"
            )
        self._host.add_schedule(name, Every(seconds), handler)

    def daily(self, name: str, at: str, handler: GuildHandler) -> None:
        """Call `handler` with each server's id once a day, at "HH:MM" in its time zone. Needs `schedule`.

        A run that was missed while the bot was off is made up for once.

        Raises:
            ValueError: `at` is no time.
        """
        self.require(Permission.SCHEDULE)
        self._host.add_schedule(name, Daily(time.fromisoformat(at)), handler)

    def tool(self, name: str, description: str, parameters: dict[str, Any], handler: ToolHandler) -> None:
        """Offer something to language models; `parameters` is a JSON schema of an object. Needs `llm.tools`.

        What `handler` returns goes to the model as material, fenced.

        Raises:
            ValueError: the schema can't be checked.
        """
        self.require(Permission.LLM_TOOLS)
        self._host.add_tool(name, description, parameters, handler)

    def on_unload(self, callback: Callable[[], object]) -> None:
        """Call `callback` when the plugin unloads; what the context was asked for is undone by itself."""
        self._host.on_unload(callback)

    def require(self, permission: Permission) -> None:
        """Check that the manifest asks for a permission.

        Raises:
            PermissionDeniedError: it doesn't.
        """
        if permission not in self.manifest.permissions:
            self._host.denied(permission)
            raise PermissionDeniedError(
                f"{self.manifest.id} needs {permission.value!r} under permissions in its manifest.toml"
            )
