"""A plugin on trial: the real service, the real rules, a database in a file; Discord is written down.

For tests of plugins, by way of `bot.plugin_api.testing`.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.db.database import Database
from bot.db.engine import create_engine
from bot.db.schema import prepare_database
from bot.plugin_api.calls import Call, Content, Option
from bot.plugin_api.errors import DiscordError
from bot.plugin_api.events import Event, MessageDeleted, MessageEdited, MessageObserved
from bot.plugin_api.parts import Form, Level, SeenMessage, Target
from bot.services.guilds import GuildService
from bot.services.plugins.claiming import PluginClaims
from bot.services.plugins.posting import check_form
from bot.services.plugins.registry import PluginRegistry
from bot.services.plugins.service import PluginService
from bot.services.plugins.timing import PluginTiming
from bot.services.plugins.trial_parts import (
    CHANNEL,
    GUILD,
    MEMBER,
    Answers,
    Said,
    TrialClock,
    TrialDesk,
    TrialLanguage,
)
from bot.settings import OrchestratorSettings
from bot.settings_plugins import PluginSettings

_ADDRESS = "sqlite+aiosqlite:///{}"
_empty: list[bytes] = []  # the database every trial begins with, once it is made


class TrialAnswering:
    """Writes down how a call is answered."""

    def __init__(self, trial: "Trial", answers: Answers, message_id: int | None) -> None:
        self._trial = trial
        self._answers = answers
        self._message_id = message_id

    async def defer(self, *, private: bool) -> None:
        """Note it."""
        self._answers.deferred = True

    async def reply(self, content: Content, *, private: bool) -> int | None:
        """Write the answer down."""
        desk, cleaned = self._trial.desk, self._trial.clean(content)
        said = Said(desk.new_id(), CHANNEL, cleaned, private=private)
        desk.posts.append(said)
        self._answers.said.append(said)
        return said.message_id

    async def update(self, content: Content) -> None:
        """Change the message the button stands under."""
        if self._message_id is None:
            raise DiscordError("there is no message to change")
        self._trial.desk.said(self._message_id).content = self._trial.clean(content)

    async def revise(self, content: Content) -> None:
        """Change the first answer, or the message that was updated; after a `defer` it is the answer."""
        if self._answers.said:
            self._answers.said[0].content = self._trial.clean(content)
        elif self._answers.deferred:
            await self.reply(content, private=True)
        else:
            await self.update(content)

    async def show(self, form: Form) -> None:
        """Keep the form for the test to fill in."""
        check_form(form)
        self._answers.form = form


class Trial:
    """One plugin, loaded and on in the server GUILD.

    Attributes:
        desk: what it had Discord do.
        language: what models answer.
        clock: the trial's.
        is_age_restricted: whether its channel is for adults alone.
        service: the bot's own.
    """

    def __init__(self, plugin: str, service: PluginService, desk: TrialDesk, clock: TrialClock) -> None:
        self.plugin = plugin
        self.service = service
        self.desk = desk
        self.clock = clock
        self.language = TrialLanguage()
        self.is_age_restricted = False

    async def set_staff_channel(self, channel_id: int | None) -> None:
        """Set the server's staff channel."""
        await self.service.guilds.set_staff_channel(GUILD, channel_id)

    @property
    def posts(self) -> list[Said]:
        """Everything it said."""
        return self.desk.posts

    @property
    def failures(self) -> int:
        """How many of its handlers failed."""
        return self.service.info(self.plugin, GUILD).failures

    async def say(self, content: str, *, by: int = MEMBER, **more: Any) -> int:
        """Have a member write a message; return its id once the plugin has heard it."""
        message_id = self.desk.new_id()
        await self.tell(MessageObserved(**self._written(message_id, content, by, more)))
        return message_id

    async def edit(self, message_id: int, content: str, *, by: int = MEMBER, **more: Any) -> None:
        """Have a member change a message; return once the plugin has heard it."""
        await self.tell(MessageEdited(**self._written(message_id, content, by, more)))

    async def delete(self, message_id: int) -> None:
        """Have a message be deleted; return once the plugin has heard it."""
        await self.tell(MessageDeleted(guild_id=GUILD, channel_id=CHANNEL, message_id=message_id))

    async def tell(self, event: Event) -> None:
        """Have something happen; return when the plugin has heard it."""
        self.service.publish(event)
        await self.service.idle()

    async def claims(self, content: str, *, by: int = MEMBER, **more: Any) -> int | None:
        """Have a member write what asks something; return its id where the plugin wants to answer it."""
        message_id = self.desk.new_id()
        event = MessageObserved(**self._written(message_id, content, by, {"intent": "problem_report"} | more))
        return message_id if await PluginClaims(self.service.registry).of([event]) else None

    async def command(
        self, name: str, *, by: int = MEMBER, level: Level | None = None, **options: Option
    ) -> Answers:
        """Use a slash command.

        Raises:
            UserFacingError: it refuses, or fails.
        """
        answers = Answers()
        call = self._call(answers, by, level, options=self._whole(name, options))
        await self.service.command(self.plugin, Target.SLASH, name, call)
        return answers

    async def menu(
        self, name: str, *, by: int = MEMBER, message: SeenMessage | None = None, member: int | None = None
    ) -> Answers:
        """Use the menu of a message or of a member; raises as `command`."""
        answers = Answers()
        target = Target.MESSAGE if message is not None else Target.MEMBER
        call = self._call(answers, by, None, message=message, member_id=member)
        await self.service.command(self.plugin, target, name, call)
        return answers

    async def press(self, said: Said, label: str, *, by: int = MEMBER, level: Level | None = None) -> Answers:
        """Press a button under something the plugin said; raises as `command`."""
        answers = Answers()
        button = next(each for each in said.content.buttons if each.label == label)
        seen = SeenMessage(GUILD, said.channel_id, said.message_id, 0, "Lookout", said.text, is_bot=True)
        call = self._call(answers, by, level, value=button.value, message=seen)
        await self.service.button(self.plugin, button.kind, call)
        return answers

    async def send(self, form: Form | None, *, by: int = MEMBER, **written: str) -> Answers:
        """Send a form that the plugin has shown; raises as `command`."""
        assert form is not None, "the plugin has shown no form"
        answers = Answers()
        texts = {each.name: written.get(each.name, each.text) for each in form.fields}
        call = self._call(answers, by, None, value=form.value, written=texts)
        await self.service.form(self.plugin, form.kind, call)
        return answers

    async def later(self, seconds: float) -> None:
        """Let time pass, and what is due then happen."""
        self.clock.forward(seconds)
        await self.service.tick()
        await self.service.idle()

    async def set(self, key: str, value: str) -> None:
        """Change a setting as /plugins config does."""
        model = self.service.config_model(self.plugin)
        await self.service.servers.configure(self.plugin, GUILD, model, key, value)

    async def erase(self, user_id: int = MEMBER) -> None:
        """Have a member's data deleted."""
        await self.service.erase(GUILD, user_id)

    async def kept(self, user_id: int | None = None) -> list[tuple[int, str, Any]]:
        """Return what the plugin keeps, of everybody or of one."""
        return await self.service.registry.keeping.entries(self.plugin, GUILD, user_id, "", 1_000)

    def clean(self, content: Content) -> Content:
        """Return what the plugin says as it may leave the bot."""
        return self.service.cleaning(self.plugin)(content)

    @staticmethod
    def _written(message_id: int, content: str, by: int, more: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"guild_id": GUILD, "channel_id": CHANNEL, "parent_id": CHANNEL}
        return values | {
            "message_id": message_id,
            "author_id": by,
            "author_name": "Ada",
            "content": content,
            **more,
        }

    def _whole(self, name: str, options: Mapping[str, Option]) -> dict[str, Option]:
        """Return a command's options, None for those left out."""
        specs = self.service.info(self.plugin, GUILD).commands
        spec = next((each for each in specs if each.name == name), None)
        assert spec is not None, f"there is no command {name!r}"
        return {each.name: options.get(each.name.replace("-", "_")) for each in spec.options}

    def _call(self, answers: Answers, by: int, level: Level | None, **more: Any) -> Call:
        seen: SeenMessage | None = more.get("message")
        return Call(
            guild_id=GUILD,
            channel_id=CHANNEL,
            user_id=by,
            user_name="Ada",
            level=self.desk.levels.get(by, Level.EVERYONE) if level is None else level,
            is_age_restricted=self.is_age_restricted,
            answering=TrialAnswering(self, answers, seen.message_id if seen else None),
            **more,
        )


async def _empty_database() -> bytes:
    """Return a database with its tables as a file holds it; they are made once, which takes a while."""
    if not _empty:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "empty.db"
            engine = create_engine(_ADDRESS.format(path))
            await prepare_database(engine, TrialClock().now())
            await engine.dispose()
            _empty.append(await asyncio.to_thread(path.read_bytes))
    return _empty[0]


@asynccontextmanager
async def on_trial(
    folder: Path,
    *,
    secrets: Mapping[str, str] | None = None,
    hosts: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Trial]:
    """Load the plugin in `folder` and switch it on; fails when it can't be loaded.

    Args:
        folder: that with manifest.toml and plugin.py.
        secrets: by their names as `ctx.secret` takes them.
        hosts: further ones it may ask, such as "127.0.0.1:8000" of a stand-in for a service.
        options: what whoever runs the bot has set for it.
        settings: others of the section `plugins`.
    """
    plugin, clock, desk, language = folder.name, TrialClock(), TrialDesk(), TrialLanguage()
    known = {f"{plugin}_{name}".upper(): SecretStr(value) for name, value in (secrets or {}).items()}
    values = {"folder": folder.parent, "hosts": {plugin: tuple(hosts)}, "secrets": known}
    with tempfile.TemporaryDirectory() as place:
        values |= {"options": {plugin: options or {}}, "files_folder": Path(place) / "files"}
        values |= settings or {}
        path = Path(place) / "trial.db"
        await asyncio.to_thread(path.write_bytes, await _empty_database())
        database = Database(create_engine(_ADDRESS.format(path)))
        guilds = GuildService(database, clock, OrchestratorSettings())
        hidden = [each.get_secret_value() for each in known.values()]
        registry = PluginRegistry(database, clock, PluginSettings(**values), desk, language, hidden)
        service = PluginService(registry, guilds, PluginTiming(database, clock))
        registry.only = {plugin}
        try:
            await service.load()
            info = service.info(plugin, GUILD)
            assert info.state == "runs", f"{plugin} is {info.state}: {info.why}"
            await service.switch(plugin, GUILD, on=True)
            trial = Trial(plugin, service, desk, clock)
            trial.language = language
            yield trial
        finally:
            await service.close()
            await database.close()
