"""What stands around a plugin on trial: a clock that waits, a Discord and models that are written down."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel

from bot.plugin_api.calls import Content
from bot.plugin_api.errors import DiscordError
from bot.plugin_api.parts import Form, Level, Material, MemberSeen, SeenMessage
from bot.services.plugins.asking import PluginLanguage, Tools

ModelT = TypeVar("ModelT", bound=BaseModel)
GUILD, CHANNEL, MEMBER, STAFF = 1_000, 2_000, 3_000, 4_000
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class TrialClock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self._now = START
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the trial's time."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds since the trial began."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Go on by so many seconds."""
        self.forward(seconds)
        await asyncio.sleep(0)

    def forward(self, seconds: float) -> None:
        """Put the clock forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


@dataclass(slots=True)
class Said:
    """Something the plugin said.

    Attributes:
        channel_id: where; 0 for a direct message, which has `to`.
        content: as it is now: what is edited changes.
        private: only who called sees it.
    """

    message_id: int
    channel_id: int
    content: Content
    reply_to: int | None = None
    to: int | None = None
    private: bool = False
    deleted: bool = False

    @property
    def text(self) -> str:
        """Its text."""
        return self.content.text


@dataclass(slots=True)
class Answers:
    """What a handler answered."""

    said: list[Said] = field(default_factory=list)
    form: Form | None = None
    deferred: bool = False

    @property
    def text(self) -> str:
        """The text of the first answer, "" for none."""
        return self.said[0].text if self.said else ""


class TrialDesk:
    """Writes down what a plugin has Discord do.

    Attributes:
        posts: everything said, oldest first.
        messages: what `read` finds, by id.
        levels: of members; everyone else is `Level.EVERYONE`.
        roles: ids of members' roles.
        files: what `attachment` finds, by the message's id and the file's name.
        time_outs: (member, seconds) in order.
        deleted: ids of messages that were deleted.
        threads: (id, channel, name).
        failing: what the next calls raise, one each.
    """

    def __init__(self) -> None:
        self.posts: list[Said] = []
        self.messages: dict[int, SeenMessage] = {}
        self.levels: dict[int, Level] = {STAFF: Level.SUPPORT}
        self.roles: dict[int, frozenset[int]] = {}
        self.files: dict[tuple[int, str], bytes] = {}
        self.time_outs: list[tuple[int, float]] = []
        self.deleted: list[int] = []
        self.threads: list[tuple[int, int, str]] = []
        self.failing: list[DiscordError] = []
        self._next = 9_000

    def new_id(self) -> int:
        """Return an id nothing has yet."""
        self._next += 1
        return self._next

    async def post(self, guild_id: int, channel_id: int, content: Content, reply_to: int | None) -> int:
        """Write a post down."""
        self._fail()
        self.posts.append(Said(self.new_id(), channel_id, content, reply_to))
        return self.posts[-1].message_id

    async def edit(self, guild_id: int, channel_id: int, message_id: int, content: Content) -> None:
        """Change a post."""
        self._fail()
        self.said(message_id).content = content

    async def delete(self, guild_id: int, channel_id: int, message_id: int, reason: str) -> None:
        """Note that a message is gone."""
        self._fail()
        self.deleted.append(message_id)
        self.messages.pop(message_id, None)

    async def direct(self, guild_id: int, user_id: int, content: Content) -> int:
        """Write a direct message down."""
        self._fail()
        self.posts.append(Said(self.new_id(), 0, content, to=user_id))
        return self.posts[-1].message_id

    async def thread(
        self, guild_id: int, channel_id: int, name: str, message_id: int | None, *, private: bool
    ) -> int:
        """Note a thread."""
        self._fail()
        self.threads.append((self.new_id(), channel_id, name))
        return self.threads[-1][0]

    async def read(self, guild_id: int, channel_id: int, message_id: int) -> SeenMessage | None:
        """Return a message the test has put there."""
        self._fail()
        return self.messages.get(message_id)

    async def level(self, guild_id: int, user_id: int) -> Level:
        """Return what a member may do."""
        return self.levels.get(user_id, Level.EVERYONE)

    async def member(self, guild_id: int, user_id: int) -> MemberSeen:
        """Return what a member may do, and their roles."""
        return MemberSeen(self.levels.get(user_id, Level.EVERYONE), self.roles.get(user_id, frozenset()))

    async def take_back(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Note that something the plugin said is gone."""
        self._fail()
        self.said(message_id).deleted = True

    async def attachment(
        self, guild_id: int, channel_id: int, message_id: int, name: str, max_bytes: int
    ) -> bytes | None:
        """Return a file the test has put there."""
        self._fail()
        found = self.files.get((message_id, name))
        return found if found is not None and len(found) <= max_bytes else None

    async def time_out(self, guild_id: int, user_id: int, seconds: float, reason: str) -> None:
        """Note a time-out."""
        self._fail()
        if self.levels.get(user_id, Level.EVERYONE) is not Level.EVERYONE:
            raise DiscordError("staff and bots are not timed out")
        self.time_outs.append((user_id, seconds))

    def said(self, message_id: int) -> Said:
        """Return a post."""
        return next(each for each in self.posts if each.message_id == message_id)

    def _fail(self) -> None:
        if self.failing:
            raise self.failing.pop(0)


class TrialLanguage(PluginLanguage):
    """Answers what the test has put there, one after the other; no model answers when nothing is left.

    Attributes:
        asked: (instructions, material) in order.
    """

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.asked: list[tuple[str, tuple[Material, ...]]] = []

    async def complete(
        self,
        guild_id: int,
        instructions: str,
        material: Sequence[Material],
        max_tokens: int,
        tools: Tools | None = None,
    ) -> str | None:
        """Return the next answer."""
        self.asked.append((instructions, tuple(material)))
        return self.answers.pop(0) if self.answers else None

    async def fill(
        self, guild_id: int, model: type[ModelT], instructions: str, material: Sequence[Material]
    ) -> ModelT | None:
        """Return the next answer, which is JSON."""
        self.asked.append((instructions, tuple(material)))
        return model.model_validate_json(self.answers.pop(0)) if self.answers else None
