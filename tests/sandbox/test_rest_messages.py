"""Messages over HTTP, by a raw client. Facts: "REST" in the protocol page."""

import json
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Http, code, ids, posted


@pytest.mark.cites("openapi list_messages")
async def test_history_pages_by_limit_before_after_and_around(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    made = await room.say_many([{"author": alice, "content": str(i), "channel": channel} for i in range(10)])

    async def page(query: str) -> list[int]:
        reply = await http("GET", f"/channels/{channel}/messages?{query}")
        return [int(item["content"]) for item in reply.json]

    assert await page("limit=3") == [9, 8, 7]
    assert await page(f"limit=3&before={made[7]}") == [6, 5, 4]
    assert await page(f"limit=3&after={made[2]}") == [5, 4, 3]
    assert await page(f"limit=5&around={made[5]}") == [7, 6, 5, 4, 3]
    assert await page("after=0&limit=2") == [1, 0]
    assert code(await http("GET", f"/channels/{channel}/messages?limit=101")) == (400, 50035)


async def test_message_of_the_past_sorts_by_its_time(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    await alice.say("now", channel)
    old = await alice.say("then", channel, ts="2024-02-03T10:00:00")
    reply = await http("GET", f"/channels/{channel}/messages")
    assert [item["content"] for item in reply.json] == ["now", "then"]
    assert old.json["timestamp"] == "2024-02-03T10:00:00.000000+00:00"


@pytest.mark.cites("openapi create_message", "protocol rest.5", "protocol interactions.6")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, 50006),
        ({"content": " "}, 50006),
        ({"content": None, "embeds": None}, 50006),
        ({"content": "x" * 2001}, 50035),
        ({"content": {"no": "text"}}, 50035),
        ({"content": "x", "nonce": "n" * 26}, 50035),
        ({"content": "x", "embeds": [{"title": "t" * 257}]}, 50035),
        ({"content": "x", "embeds": "nope"}, 50035),
        ({"content": "x", "poll": {"question": {"text": "?"}, "answers": []}}, 50035),
        ({"content": "x", "embeds": [{"fields": 3}]}, 50035),
        ({"content": "x", "message_reference": {"message_id": "1"}}, 50035),
        ({"content": "x", "message_reference": 5}, 50035),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, 50035),
        ({"content": "x", "components": [{"type": 2}]}, 50035),
        ([1, 2], 50035),
    ],
)
async def test_wrong_messages_are_refused(room: Sandbox, http: Http, body: Any, expected: int) -> None:
    _, channel = await ids(room)
    assert code(await http("POST", f"/channels/{channel}/messages", body)) == (400, expected)
    assert room.record.messages() == []


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json")
async def test_broken_json_and_a_body_too_large_get_discord_errors(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    path, kind = f"/channels/{channel}/messages", {"Content-Type": "application/json"}
    assert code(await http("POST", path, data=b"{nope", headers=kind)) == (400, 50109)
    allowed = {"Authorization": f"Bot {room.token}", **kind}
    async with (
        aiohttp.ClientSession(headers=allowed) as session,
        session.post(room.api_url + path, data=BytesIO(b"x" * (50 << 20))) as reply,
    ):
        assert (reply.status, (await reply.json())["code"]) == (413, 40005)


@pytest.mark.cites("openapi create_message")
async def test_odd_text_survives(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    for text in ("🙂" * 2000, "a\u0000b", "\u202eright to left"):
        assert (await posted(http, channel, text))["content"] == text
    raw = b'{"content": "\\ud800 alone"}'
    reply = await http(
        "POST", f"/channels/{channel}/messages", data=raw, headers={"Content-Type": "application/json"}
    )
    assert reply.json["content"] == "? alone"


@pytest.mark.cites("protocol rest.6")
async def test_reply_references_and_pings_unless_told_not_to(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    message = await alice.say("help?", channel)
    reference = {"message_id": str(message.id)}
    reply = await posted(http, channel, "here", message_reference=reference)
    assert (reply["type"], reply["referenced_message"]["id"]) == (19, str(message.id))
    assert [user["id"] for user in reply["mentions"]] == [str(alice.id)]
    quiet = await posted(
        http,
        channel,
        "shh @everyone",
        message_reference=reference,
        allowed_mentions={"parse": [], "replied_user": False},
    )
    assert (quiet["mentions"], quiet["mention_everyone"]) == ([], False)
    assert room.record.messages(reference=message.id)[-1]["allowed_mentions"] == {
        "parse": [],
        "replied_user": False,
    }
    assert (await room.wait_for_reply(to=message)).content == "here"


@pytest.mark.cites("protocol rest.6")
async def test_reply_to_a_deleted_message(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    message = await alice.say("help?", channel)
    reply = await posted(http, channel, "here", message_reference={"message_id": str(message.id)})
    await alice.delete(message)
    again = await http("GET", f"/channels/{channel}/messages/{reply['id']}")
    assert again.json["referenced_message"] is None
    gone = {"message_id": str(message.id), "fail_if_not_exists": False}
    loose = await posted(http, channel, "anyway", message_reference=gone)
    assert "message_reference" not in loose


@pytest.mark.cites("protocol rest.4")
async def test_same_nonce_returns_the_first_message(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    first = await posted(http, channel, "once", nonce="abc", enforce_nonce=True)
    second = await posted(http, channel, "once", nonce="abc", enforce_nonce=True)
    assert first["id"] == second["id"]
    assert len(room.record.messages()) == 1
    third = await posted(http, channel, "not enforced", nonce="abc")
    assert third["id"] != first["id"]
    history = await http("GET", f"/channels/{channel}/messages")
    assert all("nonce" not in item for item in history.json)


async def test_nonce_can_be_ignored(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    room.faults.enforce_nonce = False
    first = await posted(http, channel, "once", nonce="abc", enforce_nonce=True)
    second = await posted(http, channel, "once", nonce="abc", enforce_nonce=True)
    assert first["id"] != second["id"]


@pytest.mark.cites("protocol rest.8", "openapi create_message")
async def test_uploads_are_stored_described_and_served(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    form = aiohttp.FormData(quote_fields=False)
    note = {"id": "0", "filename": "log.txt", "description": "the log"}
    form.add_field("payload_json", json.dumps({"content": "see", "attachments": [note]}))
    form.add_field("files[0]", b"lines", filename="x.bin", content_type="text/plain")
    reply = await http("POST", f"/channels/{channel}/messages", data=form)
    attachment = reply.json["attachments"][0]
    assert (attachment["filename"], attachment["size"], attachment["description"]) == (
        "log.txt",
        5,
        "the log",
    )
    async with aiohttp.ClientSession() as session, session.get(attachment["url"]) as file:
        assert await file.read() == b"lines"
    conforms(room.record)
