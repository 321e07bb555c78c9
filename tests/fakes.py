"""Stand-ins for what a test must choose itself: the time, and what Discord answers."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.signal import Signal
from bot.models import Action
from bot.services.retries import current_retries
from bot.services.tools import NotPermittedError, RefusedError, Sent, TargetGoneError, UnreachableError


class FakeClock:
    """A clock that only moves when told to, or when something sleeps on it."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1_000.0
        self.slept: list[float] = []  # what was waited for, in seconds

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Posted:
    """A message in the fake Discord."""

    id: int
    kind: str
    channel_id: int
    reference_id: int | None
    content: str
    nonce: str


class FakeDiscord:
    """Takes what tools post, by Discord's rules; shared by the tools of several bots."""

    def __init__(self) -> None:
        self.posts: list[Posted] = []
        self.forbidden: dict[int, str] = {}  # by channel: the missing permission
        self.gone: set[int] = set()  # channels and messages that no longer exist
        self.script: deque[str] = deque()  # for each coming call: "down", "lost", "ok" or "bug"
        self.retried = 0  # answers of 429 and 5xx within each call
        self.calls: list[str] = []  # "send reply", "find reply", ...
        self.held: dict[int, asyncio.Event] = {}  # by channel: posts there wait for it
        self.before_send: Callable[[Action], None] = lambda _action: None

    def texts(self, kind: str) -> list[str]:
        return [post.content for post in self.posts if post.kind == kind]

    def refuse(self, action: Action) -> None:
        if action.channel_id in self.gone:
            raise TargetGoneError("gone: Unknown Channel")
        if action.channel_id in self.forbidden and action.kind != "tell_owner":
            raise NotPermittedError(self.forbidden[action.channel_id])

    def post(self, action: Action) -> int:
        for post in self.posts:
            if (post.channel_id, post.nonce) == (action.channel_id, action.nonce):
                return post.id  # Discord answers a known nonce with the message it made of it
        self.posts.append(
            Posted(
                9_000 + len(self.posts), action.kind, action.channel_id,
                action.reference_id, action.content, action.nonce,
            )
        )  # fmt: skip
        return self.posts[-1].id


class FakeTool:
    """A tool of one kind on a `FakeDiscord`."""

    def __init__(self, discord: FakeDiscord, kind: str) -> None:
        self._discord = discord
        self.kind = kind

    async def send(self, action: Action, signal: Signal) -> Sent:
        discord = self._discord
        await self._called("send")
        if action.channel_id in discord.held:
            await discord.held[action.channel_id].wait()
        discord.before_send(action)
        turn = discord.script.popleft() if discord.script else "ok"
        if turn == "bug":
            raise RuntimeError("a bug in the tool")
        if turn == "down":
            raise UnreachableError("Discord is down")
        discord.refuse(action)
        if action.reference_id in discord.gone:
            raise TargetGoneError("the message to answer is gone")
        if not 0 < len(action.content) <= 2_000:
            raise RefusedError("Must be between 1 and 2000 in length.")
        message_id = discord.post(action)
        if turn == "lost":
            raise UnreachableError("the answer was lost")
        return Sent(message_id)

    async def find(self, action: Action, signal: Signal) -> int | None:
        await self._called("find")
        if self._discord.script and self._discord.script[0] == "down":
            self._discord.script.popleft()
            raise UnreachableError("Discord is down")
        self._discord.refuse(action)
        for post in self._discord.posts:
            if post.channel_id == action.channel_id and (
                post.reference_id == action.reference_id
                if action.reference_id is not None
                else post.content == action.content
            ):
                return post.id
        return None

    async def _called(self, what: str) -> None:
        self._discord.calls.append(f"{what} {self.kind}")
        retries = current_retries.get()
        if retries is not None:
            retries.count += self._discord.retried
        await asyncio.sleep(0)  # a real call gives others their turn
