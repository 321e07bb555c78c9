"""Sets the stage: the sandbox with its guild, and the real bot connected to it; takes both down again."""

import asyncio
import json
import os
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.demo.children import Child
from bot.demo.environment import admin_token, bot_environment
from bot.demo.errors import DemoError
from bot.demo.language import MODEL, Words, environment_of, script, settings_of_owner
from bot.demo.links import AdminLink, ControlLink, Json
from bot.demo.names import Names
from bot.demo.script import Conversation, Place
from bot.demo.wording import BOT
from bot.domain.invite import PERMISSION_BITS

START_SECONDS = 60.0  # for each child to be ready; a cold start on a slow disk takes its time
STOP_SECONDS = 15.0
COMMAND_SECONDS = 10.0
LOOK_SECONDS = 0.02
DECISION_SECONDS, SLOW_DECISION_SECONDS = 10.0, 90.0
_ADMIN = re.compile(r"Admin API at (http://[\w.:\[\]]+)")
T = TypeVar("T")


class Stage:
    """The running demo: `async with Stage(conversation, folder) as stage:`.

    Attributes:
        control: steers the sandbox.
        admin: asks the bot.
        places: ids of channels and threads by name.
        people: ids of members by name; the bot is `bot_id`.
        before: messages that were there before the bot.
        names: how places and people are called.
        page_url: the chat page's address, looked at as the conversation's guest.
        exit_codes: of the children, by name, and how many seconds they took to end; filled when it is left.
    """

    control: ControlLink
    admin: AdminLink
    names: Names

    def __init__(
        self,
        conversation: Conversation,
        folder: Path,
        page_port: int = 0,
        tell_page: Callable[[str], None] = lambda address: None,
        words: Words = Words.NONE,
    ) -> None:
        """Take the port the chat page gets when it is free, who is told its address, and who writes texts."""
        self.conversation = conversation
        self.folder = folder
        self.places: dict[str, int] = {}
        self.people: dict[str, int] = {}
        self.before: list[int] = []
        self.bot_id = 0
        self.ready: Json = {}
        self.page_url = ""
        self._page_port = page_port
        self._tell_page = tell_page
        self.words = words
        self._acting = asyncio.Lock()
        self._scripted: set[tuple[str, int]] = set()
        self.started = time.monotonic()
        self.exit_codes: dict[str, tuple[int, float]] = {}
        self._children: list[Child] = []
        self._stack = AsyncExitStack()

    def seconds(self) -> float:
        """Return how long ago the start was."""
        return time.monotonic() - self.started

    @property
    def decision_seconds(self) -> float:
        """For how long the bot may think about a message; a model on a small machine takes its time."""
        return SLOW_DECISION_SECONDS if self.words is Words.OLLAMA else DECISION_SECONDS

    @property
    def error_log(self) -> Path:
        """The file of the bot's errors."""
        return self.folder / "logs" / "errors.log"

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the bot, then the sandbox; safe to call again."""
        for child in reversed(self._children):
            began = time.monotonic()
            code = await self._end(child)
            self.exit_codes.setdefault(child.name, (code, time.monotonic() - began))
        await self._stack.aclose()

    def kill(self) -> None:
        """End both at once."""
        for child in self._children:
            child.kill()

    async def while_alive(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns, unless a child ends before.

        Raises:
            DemoError: a child ended by itself.
        """
        working = asyncio.ensure_future(work)
        ends = [child.ended for child in self._children]
        try:
            await asyncio.wait({working, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if working.done() and (working.cancelled() or working.exception() is None):
                return await working
            # A child that is gone is the cause, an answer that did not come only what follows from it.
            await asyncio.wait(ends, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            self._raise_if_dead()
            return await working
        finally:
            if not working.done():
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)

    async def _start(self) -> None:
        await self._start_sandbox()
        await self.while_alive(self._furnish())
        language = await self._start_language()
        environment = bot_environment(self.ready, self.folder, language=language)
        bot = await Child.start("the bot", ["run.py", "run"], self.folder / "bot.log", env=environment)
        self._children.append(bot)
        await self.while_alive(self._bot_ready(bot))

    async def _start_sandbox(self) -> None:
        seed = self.folder / "guild.json"
        seed.write_text(json.dumps(seed_of(self.conversation)), "utf-8")
        page = ["--page-port", str(self._page_port)]
        arguments = ["-m", "sandbox", "--exit-with-parent", "--services", "--seed", str(seed), *page]
        log = self.folder / "sandbox.log"
        child = await Child.start("the sandbox", arguments, log, env=os.environ, speaks=True)
        self.ready = await self._ready_line(child)
        self.control = await self._stack.enter_async_context(ControlLink(self.ready))
        guild = self.ready["ids"]["guilds"][self.conversation.guild]
        self.places, self.people = dict(guild["channels"]), dict(guild["members"])
        self.names = Names(self.control, self.conversation.owner.name)
        self.names.people = {number: self.conversation.display(name) for name, number in self.people.items()}
        guest = self.people.get(self.conversation.guest)
        self.page_url = self.ready["page_url"] + (f"&as={guest}" if guest else "")
        self._tell_page(self.page_url)

    async def _start_language(self) -> dict[str, str]:
        """Start the loopback Ollama where it is to write, and return what the bot is told of its model."""
        if self.words is Words.OLLAMA:
            llm = settings_of_owner()
            return environment_of(self.words, str(llm.ollama_host), llm.ollama_model)
        if self.words is Words.NONE:
            return environment_of(self.words)
        rules = self.folder / "words.json"
        rules.write_text(script(), "utf-8")
        arguments = ["-m", "sandbox.ollama", "--exit-with-parent", "--model", MODEL, "--script", str(rules)]
        log = self.folder / "ollama.log"
        child = await Child.start("the loopback Ollama", arguments, log, env=os.environ, speaks=True)
        return environment_of(self.words, (await self._ready_line(child))["url"])

    async def _ready_line(self, child: Child) -> Json:
        """Return what a child says once it is ready, and count it among the children."""
        self._children.append(child)
        try:
            line = await child.read_line(START_SECONDS)
        except TimeoutError:
            raise DemoError(f"{child.name} did not start within {START_SECONDS:.0f} s", child.log) from None
        if not line:
            code = await child.wait(STOP_SECONDS)
            raise DemoError(f"{child.name} ended at once with exit code {code}", child.log)
        ready: Json = json.loads(line)
        return ready

    async def _furnish(self) -> None:
        self.bot_id = (await self.control.call("application_of"))["bot_id"]
        for member, channel, name in self.conversation.threads:
            made = await self.control.call("start_thread", user=member, channel=channel, name=name)
            self.places[name] = int(made["id"])
        for member, forum, title, text in self.conversation.posts:
            await self.open_post(member, forum, title, text)

    async def act(self, operation: str, /, **arguments: Any) -> Any:
        """Do something as one of the people, and remember that the script did it, not somebody at the page.

        Raises:
            DemoError: it was refused.
        """
        async with self._acting:
            made = await self.control.call(operation, **arguments)
            kind = {"edit": "message_edit", "delete": "message_delete"}.get(operation, "message")
            self._scripted.add((kind, int(arguments.get("message") or (made.get("message") or made)["id"])))
        return made

    async def was_scripted(self, kind: str, message_id: int) -> bool:
        """Whether what the record tells (once) of a message was done by `act`."""
        async with self._acting:
            found = (kind, message_id) in self._scripted
            self._scripted.discard((kind, message_id))
        return found

    async def open_post(self, member: str, forum: str, title: str, text: str) -> int:
        """Open a forum post and return its first message's id; the thread is a place of that title."""
        made = await self.act("open_post", user=member, forum=forum, title=title, content=text)
        self.places[title] = int(made["thread"]["id"])
        message_id = int(made["message"]["id"])
        if not hasattr(self, "admin"):
            self.before.append(message_id)
        return message_id

    async def _bot_ready(self, bot: Child) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                url = await _until(lambda: _admin_url(bot))
                self.admin = await self._stack.enter_async_context(AdminLink(url, admin_token()))
                await _until(self.admin.is_ready)
                await _until(lambda: self.control.call("commands"))  # they reach Discord last
        except TimeoutError:
            raise DemoError(f"the bot was not ready within {START_SECONDS:.0f} s", bot.log) from None

    async def slash(self, member: str, command: str, channel: str, options: Json) -> Json:
        """Run a slash command in a channel as a member and return the message of the answer.

        Raises:
            DemoError: the bot did not answer.
        """
        started = await self.control.call(
            "slash", user=member, command=command, channel=self.places[channel], options=options
        )

        return await self.answer(int(started["interaction_id"]), f"an answer to /{command}")

    async def answer(self, interaction_id: int, what: str) -> Json:
        """Return the message with which the bot answers an interaction, once it is more than "thinking".

        Raises:
            DemoError: the bot did not answer.
        """

        async def look() -> Json | None:
            told = await self.control.call("interaction", interaction=interaction_id)
            message: Json | None = None if told["loading"] else told["message"]
            return message

        return await self.until(what, look)

    async def until(self, what: str, look: Callable[[], Awaitable[T | None]]) -> T:
        """Look again and again until the bot has done something, and return it.

        Raises:
            DemoError: it has not, in the time a command may take.
        """
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                return await _until(look)
        except TimeoutError:
            raise DemoError(f"there is not: {what}", self.folder / "bot.log") from None

    async def _end(self, child: Child) -> int:
        if child.name == "the sandbox" and not child.ended.done() and hasattr(self, "control"):
            with suppress(DemoError):
                await self.control.shutdown()
                return await child.wait(STOP_SECONDS)
        return await child.stop(STOP_SECONDS)

    def _raise_if_dead(self) -> None:
        for child in reversed(self._children):
            if child.ended.done():
                raise DemoError(
                    f"{child.name} ended by itself with exit code {child.ended.result()}", child.log
                )


async def _until(look: Callable[[], Awaitable[T | None]]) -> T:
    """Look again and again until there is something; the caller sets the deadline."""
    while True:
        found = await look()
        if found:
            return found
        await asyncio.sleep(LOOK_SECONDS)


async def _admin_url(bot: Child) -> str:
    found = _ADMIN.search("\n".join(bot.tail(200)))
    return found[1] if found else ""


def seed_of(conversation: Conversation) -> Json:
    """Return the guild as the sandbox's seed file describes it; the bot has what its invite link asks for."""
    roles = {role for person in conversation.people for role in person.roles}
    return {
        "application": BOT,
        "guilds": [
            {
                "name": conversation.guild,
                "owner": conversation.owner.name,
                "bot_permissions": list(PERMISSION_BITS),
                "roles": [{"name": role} for role in sorted(roles)],
                "members": [
                    {
                        "name": person.name,
                        "display": person.display,
                        "roles": list(person.roles),
                        "bot": person.bot,
                    }
                    for person in (conversation.owner, *conversation.people)
                ],
                "channels": [
                    {
                        "name": place.name,
                        "type": place.kind,
                        "topic": place.topic or None,
                        "overwrites": _overwrites(place),
                    }
                    for place in conversation.places
                ],
            }
        ],
    }


def _overwrites(place: Place) -> list[Json]:
    more = list(place.bot_may)
    if place.closed:
        write = ["send_messages"]
        return [{"target": "everyone", "deny": write}, {"target": "bot", "allow": [*write, *more]}]
    if not place.only:
        return [{"target": "bot", "allow": more}] if more else []
    seen = ["view_channel"]
    return [
        {"target": "everyone", "deny": seen},
        {"target": place.only, "allow": seen},
        {"target": "bot", "allow": seen + more},
    ]
