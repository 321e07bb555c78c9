"""Signals and rows for the service tests; each call names only what its test is about."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.arrival import Arrival, Change
from bot.domain.signal import DiscordMessage, Intent, Observation, Signal, Stage
from bot.domain.snowflake import snowflake_at

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)  # FakeClock's start
GUILD = 1_400_000_000_000_000_001  # snowflakes of today, above 2**53
OTHER_GUILD = 1_400_000_000_000_000_002
CHANNEL = 1_400_000_000_000_000_101
OTHER_CHANNEL = 1_400_000_000_000_000_102
STAFF_CHANNEL = 1_400_000_000_000_000_103
MEMBER = 1_400_000_000_000_000_201
OTHER_MEMBER = 1_400_000_000_000_000_202
FIRST = snowflake_at(NOW)  # messages are written at NOW, one after the other


def message_id(number: int) -> int:
    return FIRST + number


def key(number: int) -> str:
    return f"discord:{message_id(number)}"


def signal(number: int = 0, **values: Any) -> Signal:
    """The `number`th message as a signal that asks for help, ready to be planned."""
    message_values = {name: values.pop(name) for name in tuple(values) if name in DiscordMessage.__slots__}
    message = DiscordMessage(
        guild_id=GUILD,
        channel_id=CHANNEL,
        thread_id=None,
        message_id=message_id(number),
        reply_to_id=None,
        author_id=MEMBER,
        author_name="Ada",
        content="how do I start it?",
    )
    whole = Signal(
        id=key(number),
        source="discord",
        message=replace(message, **message_values),
        created_at=NOW,
        ingested_at=NOW,
        stage=Stage.PLAN,
        language="en",
        observer=Observation(Intent.HELP_REQUEST, 0.9, "asks how"),
    )
    return replace(whole, **values)


def arrival(number: int = 0, content: str = "good morning", **values: Any) -> Arrival:
    """The `number`th message as it comes in: created, in the guild's channel, by the member."""
    plain = Arrival(
        Change.CREATE,
        GUILD,
        CHANNEL,
        None,
        message_id(number),
        author_id=MEMBER,
        author_name="Ada",
        content=content,
    )
    return plain._replace(**values)


def deletion(number: int = 0, **values: Any) -> Arrival:
    return Arrival(Change.DELETE, GUILD, CHANNEL, None, message_id(number))._replace(**values)


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Return once `holds` does; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - the database can't set an event
            await asyncio.sleep(0.005)


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Put the event loop's clock forward, so that what waits for a moment by then need not be waited for."""
    loop = asyncio.get_running_loop()
    told = loop.time
    monkeypatch.setattr(loop, "time", lambda: told() + seconds)


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run workers beside the test; one that fails makes the test fail."""
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(outcome, asyncio.CancelledError), outcome
