"""discord.py's own, unmodified client through messages: what it sends, reads, changes and hears."""

import asyncio
from typing import Any

import discord
import pytest

from sandbox import Sandbox
from tests.sandbox.clients import Recorder


async def test_log_in_message_and_reply(room: Sandbox, client: Recorder, conforms: Any) -> None:
    alice = await room.member("alice")
    message = await alice.say("ping", "help")
    reply = await room.wait_for_reply(to=message)
    assert (reply.content, reply.author_id) == ("pong", room.bot_user.id)
    assert client.guilds[0].get_member(alice.id) is not None
    conforms(room.record)


async def test_429_is_waited_for_and_retried(room: Sandbox, client: Recorder) -> None:
    room.faults.rate_limit("POST /channels/{id}/messages", times=2, retry_after=0.05)
    alice = await room.member("alice")
    await room.wait_for_reply(to=await alice.say("ping", "help"))
    statuses = [e["status"] for e in room.record.requests() if e["method"] == "POST"]
    assert statuses == [429, 429, 200]


async def test_error_after_the_write_is_retried_without_a_second_message(
    room: Sandbox, client: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = asyncio.sleep
    monkeypatch.setattr("discord.http.asyncio.sleep", lambda _: real(0))
    room.faults.fail("POST /channels/{id}/messages", status=502, when="after")
    alice = await room.member("alice")
    await room.wait_for_reply(to=await alice.say("ping", "help"))
    entry = await room.wait_for(lambda e: e["kind"] == "nonce_hit")
    assert entry["message_id"] == room.record.messages(bot=True)[0]["message_id"]
    assert len(room.record.messages(bot=True)) == 1


@pytest.mark.parametrize("order", ["before", "after"])
async def test_own_event_comes_before_or_after_the_answer(
    room: Sandbox, client: Recorder, order: str
) -> None:
    happened: list[str] = []

    async def on_message(message: discord.Message) -> None:
        happened.append("event")

    client.on_message = on_message  # type: ignore[method-assign]
    room.faults.own_events = order
    room.faults.order_gap = 0.05
    channel = client.guilds[0].text_channels[0]
    event = asyncio.create_task(client.wait_for("message", timeout=15))
    await channel.send("mine")
    happened.append("answer")
    await event
    await asyncio.sleep(0)
    assert happened == (["event", "answer"] if order == "before" else ["answer", "event"])
