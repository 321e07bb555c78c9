"""discord.js' own, unmodified client through what a bot does: `discord_js.mjs` as a process of its own.

The test plays the members and judges from the sandbox's record and from what members see.
"""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from sandbox.handles import Member
from tests.only_loopback.plugin import child_environment
from tests.sandbox.openapi import assert_conforms_if_described

FOLDER = Path(__file__).parent
OLDEST_NODE = 18
START = 20.0

pytestmark = pytest.mark.asyncio(loop_scope="module")


def node() -> str:
    """Return the path of Node; a test without it or without discord.js is skipped, in CI it fails."""
    found = shutil.which("node")
    version = subprocess.check_output([found, "--version"], text=True) if found else "v0"
    number = re.match(r"v(\d+)", version)
    problem = None
    if found is None or number is None or int(number[1]) < OLDEST_NODE:
        problem = f"Node {OLDEST_NODE} or newer is not there"
    elif not (FOLDER.parent / "node_modules" / "discord.js").exists():
        problem = "discord.js is not installed: run `npm ci` in tests"
    if problem is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(problem)
    assert found is not None
    return found


@asynccontextmanager
async def running(room: Sandbox, compress: str) -> AsyncIterator[None]:
    """Run the bot until the block ends; its stderr is pytest's, which shows it when a test fails."""
    env = {
        **child_environment(),
        "PATH": os.environ["PATH"],
        "API_URL": room.api_url,
        "CDN_URL": room.cdn_url,
        "TOKEN": room.token,
        "COMPRESS": compress,
    }
    process = await asyncio.create_subprocess_exec(
        node(), "discord_js.mjs", cwd=FOLDER, env=env, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    try:
        ready = asyncio.create_task(room.wait_for(lambda entry: entry["kind"] == "commands", START))
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            ready.cancel()
            pytest.fail(f"the bot ended at once with code {ended.result()}")
        await ready
        yield
        assert process.returncode is None, "the bot has ended before its time"
    finally:
        process.stdin.close()  # it ends with its standard input
        try:
            async with asyncio.timeout(5):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
    assert code == 0


@asynccontextmanager
async def a_home() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=1) as sandbox:
        sandbox.core.interaction_deadline = START
        await sandbox.guild("Home", bot_permissions=["administrator"])
        await sandbox.role("staff")
        await sandbox.channel("help")
        await sandbox.member("alice")
        yield sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town() -> AsyncIterator[Sandbox]:
    """A sandbox with a bot on discord.js, shared by the tests: Node takes a while to start."""
    async with a_home() as room, running(room, "zlib-stream"):
        yield room


@pytest.fixture
def room(town: Sandbox) -> Any:
    """The shared sandbox; at the end every request and answer so far is checked."""
    yield town
    assert assert_conforms_if_described(town.record) != 0


@pytest_asyncio.fixture(loop_scope="module")
async def alice(room: Sandbox) -> Member:
    return await room.member("alice")


@pytest.mark.parametrize("compress", ["", "zlib-stream"], ids=["plain", "zlib-stream"])
async def test_log_in_fills_the_cache(compress: str) -> None:
    async with a_home() as room, running(room, compress):
        alice = await room.member("alice")
        (opened,) = room.record.of("connection", event="open")
        assert opened["compress"] == compress
        assert [entry["path"] for entry in room.record.requests("GET /gateway/bot")] == ["/gateway/bot"]
        reply = await room.wait_for_reply(to=await alice.say("what do you see?", "help"))
        # Of the members it knows itself, and alice by her message.
        assert reply.content == "Home | help | @everyone,bot,staff | alice,bot"
        assert_conforms_if_described(room.record)


async def test_message_is_heard_and_answered_by_a_reply(room: Sandbox, alice: Member) -> None:
    message = await alice.say("ping", "help")
    reply = await room.wait_for_reply(to=message)
    assert (reply.content, reply.author_id) == ("pong", room.bot_user.id)


async def test_application_and_members_are_fetched(room: Sandbox, alice: Member) -> None:
    reply = await room.wait_for_reply(to=await alice.say("who are you?", "help"))
    assert reply.content.startswith("bot of bot, owned by ")
    reply = await room.wait_for_reply(to=await alice.say("who is here?", "help"))
    assert reply.content == "alice,bot,owner"


async def test_upload_edit_reaction_history_and_thread(room: Sandbox, alice: Member) -> None:
    channel = await room.channel("files")
    await alice.say("show me", channel)
    inside = await room.wait_for(
        lambda entry: entry["kind"] == "message" and entry["content"] == "there are 2 before"
    )
    sent = (await alice.sees(channel))[1]
    assert sent.content == 'a file with "inside" in it'
    assert sent.embeds[0]["fields"][0]["value"] == "v"
    assert sent.json["reactions"][0]["emoji"]["name"] == "👍"
    starter, said = await alice.sees(inside["channel_id"])
    assert (starter.json["type"], said.content) == (21, "there are 2 before")


async def test_slash_command_with_options(room: Sandbox, alice: Member) -> None:
    answer = await alice.slash("greet", channel="help", who=alice, times=2)
    assert (answer.content, answer.ephemeral) == ("hello alice hello alice", False)


async def test_ephemeral_answer_is_for_one_member(room: Sandbox, alice: Member) -> None:
    bob = await room.member("bob", bot=False)
    channel = await room.channel("quiet")
    answer = await alice.slash("greet", channel=channel, who=alice, quietly=True)
    assert (answer.content, answer.ephemeral) == ("hello alice", True)
    assert [message.content for message in await alice.sees(channel)] == ["hello alice"]
    assert await bob.sees(channel) == []


async def test_deferred_answer_then_a_followup(room: Sandbox, alice: Member) -> None:
    answer = await alice.slash("slow", channel="help")
    assert (answer.callback, answer.content) == (5, "thought")
    more = await answer.followup()
    assert (more.content, more.ephemeral) == ("and more", True)


async def test_autocomplete(room: Sandbox, alice: Member) -> None:
    choices = await alice.autocomplete("pick", "fruit", "p", channel="help")
    assert [choice["value"] for choice in choices] == ["pear", "plum"]
    assert (await alice.slash("pick", channel="help", fruit="plum")).content == "plum"


async def test_button_select_and_form(room: Sandbox, alice: Member) -> None:
    panel = (await alice.slash("panel", channel="help")).message
    assert panel is not None
    chosen = await alice.choose(panel, "Colour", ["Red"])
    assert (chosen.content, chosen.ephemeral) == ("chose r", True)
    form = await alice.click(panel, "Form")
    assert form.modal is not None
    assert form.modal.title == "Report"
    done = await alice.submit(form.modal, {"What happened?": "it broke"})
    assert (done.content, done.ephemeral) == ("noted: it broke", True)
    pressed = await alice.click(panel, "Press")
    assert (pressed.callback, pressed.content) == (7, "pressed")
    assert (await panel.fetch()).components == []


async def test_resume_after_a_cut_socket_loses_nothing(room: Sandbox, alice: Member) -> None:
    before = room.record.last
    assert await room.kick() == 1
    missed = [await alice.say("ping", "help") for _ in range(3)]
    resumed = await room.wait_for(
        lambda entry: entry["kind"] == "connection" and entry["event"] == "resumed", after=before
    )
    assert resumed["replayed"] == len(missed)
    for message in missed:
        await room.wait_for_reply(to=message)
    await room.wait_for(
        lambda entry: entry["kind"] == "message" and entry["content"].startswith("resumed, "), after=before
    )
    assert [len(room.record.messages(reference=message.id)) for message in missed] == [1, 1, 1]
    assert room.record.of("connection", event="ready")[1:] == []


async def test_request_to_reconnect_is_followed_by_a_resume(room: Sandbox, alice: Member) -> None:
    before = room.record.last
    await room.reconnect()
    await room.wait_for(
        lambda entry: entry["kind"] == "connection" and entry["event"] == "resumed", after=before
    )
    assert (await room.wait_for_reply(to=await alice.say("ping", "help"))).content == "pong"


async def test_limit_and_server_error_are_waited_for(room: Sandbox, alice: Member) -> None:
    room.faults.rate_limit("POST /channels/{id}/messages", times=1, retry_after=0.05)
    room.faults.fail("POST /channels/{id}/messages", status=502, when="before")
    message = await alice.say("ping", "help")
    assert (await room.wait_for_reply(to=message)).content == "pong"
    tried = room.record.requests("POST /channels/{channel_id}/messages")[-3:]
    assert [entry["status"] for entry in tried] == [429, 502, 200]
