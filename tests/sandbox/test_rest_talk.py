"""Pins, system messages, forwards, published messages, reactions and files, by a raw client."""

import json
import struct
import zlib
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from sandbox.images import size_of
from tests.sandbox.raw import Http, Socket, code, ids, posted


@pytest.mark.cites(
    "openapi create_pin",
    "openapi list_pins",
    "openapi deprecated_list_pins",
    "docs events/gateway-events#channel-pins-update",
    "openapi delete_pin",
    "openapi deprecated_create_pin",
    "openapi deprecated_delete_pin",
)
@pytest.mark.parametrize("base", ["messages/pins", "pins"])
async def test_pins_at_both_addresses_are_told(room: Sandbox, http: Http, base: str, conforms: Any) -> None:
    _, channel = await ids(room)
    first, second = await posted(http, channel, "1"), await posted(http, channel, "2")
    here = f"/channels/{channel}"
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        assert (await http("PUT", f"{here}/{base}/{first['id']}")).status == 204
        assert (await socket.until("CHANNEL_PINS_UPDATE"))["last_pin_timestamp"]
        note = await socket.until("MESSAGE_CREATE")
        assert (note["type"], note["message_reference"]["message_id"]) == (6, first["id"])
    await http("PUT", f"{here}/{base}/{first['id']}")
    await http("PUT", f"{here}/{base}/{second['id']}")
    assert [m["id"] for m in (await http("GET", f"{here}/pins")).json] == [second["id"], first["id"]]
    page = (await http("GET", f"{here}/messages/pins?limit=1")).json
    assert ([item["message"]["id"] for item in page["items"]], page["has_more"]) == ([second["id"]], True)
    assert code(await http("PUT", f"{here}/{base}/{note['id']}")) == (403, 50021)
    assert (await http("DELETE", f"{here}/{base}/{first['id']}")).status == 204
    assert (await http("GET", f"{here}/messages/{first['id']}")).json["pinned"] is False
    assert len([m for m in room.record.messages() if m["type"] == 6]) == 2
    conforms(room.record)


@pytest.mark.cites(
    "docs topics/threads#new-message-types", "docs resources/message#message-object-message-types"
)
async def test_threads_have_their_starter_and_tell_their_new_name(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    _, channel = await ids(room)
    message = await posted(http, channel, "start")
    await http("POST", f"/channels/{channel}/messages/{message['id']}/threads", {"name": "talk"})
    await http("PATCH", f"/channels/{message['id']}", {"name": "other"})
    shown = (await http("GET", f"/channels/{message['id']}/messages")).json
    assert [(item["type"], item["content"]) for item in shown] == [(4, "other"), (21, "")]
    assert shown[1]["referenced_message"]["id"] == message["id"]
    assert (await http("GET", f"/channels/{message['id']}")).json["message_count"] == 1
    conforms(room.record)


@pytest.mark.cites("docs resources/message#message-reference-types")
async def test_forwards_carry_a_snapshot(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    other = await room.channel("other")
    message = await posted(http, channel, "look", embeds=[{"title": "t"}])
    reference = {"type": 1, "message_id": message["id"], "channel_id": str(channel)}
    made = await posted(http, other.id, "", message_reference=reference)
    await http("DELETE", f"/channels/{channel}/messages/{message['id']}")
    shown = (await http("GET", f"/channels/{other.id}/messages/{made['id']}")).json
    assert shown["message_snapshots"][0]["message"]["content"] == "look"
    assert (shown["content"], shown["message_reference"]["type"]) == ("", 1)
    gone = await http("POST", f"/channels/{other.id}/messages", {"message_reference": reference})
    assert code(gone) == (400, 50035)


@pytest.mark.cites(
    "openapi crosspost_message", "openapi follow_channel", "docs topics/opcodes-and-status-codes#json"
)
async def test_published_messages_reach_the_channels_that_follow(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    _, channel = await ids(room)
    news = await room.channel("news", type="news")
    followed = await http("POST", f"/channels/{news.id}/followers", {"webhook_channel_id": str(channel)})
    message = await posted(http, news.id, "hear")
    path = f"/channels/{news.id}/messages/{message['id']}/crosspost"
    assert (await http("POST", path)).json["flags"] & 1
    assert code(await http("POST", path)) == (400, 40033)
    arrived = (await http("GET", f"/channels/{channel}/messages")).json[0]
    assert (arrived["content"], arrived["webhook_id"], arrived["flags"]) == (
        "hear",
        followed.json["webhook_id"],
        2,
    )
    hook = (await http("GET", f"/channels/{channel}/webhooks")).json[0]
    assert (hook["type"], hook["source_channel"]["name"], "token" in hook) == (2, "news", False)
    plain = await posted(http, channel)
    assert code(await http("POST", f"/channels/{channel}/messages/{plain['id']}/crosspost")) == (400, 50024)
    conforms(room.record)


@pytest.mark.cites(
    "openapi add_my_message_reaction",
    "openapi list_message_reactions_by_emoji",
    "openapi delete_user_message_reaction",
    "openapi delete_all_message_reactions",
    "openapi delete_all_message_reactions_by_emoji",
)
async def test_reactions_by_every_route(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    alice, bob = await room.member("alice"), await room.member("bob")
    message = await alice.say("x", channel)
    base = f"/channels/{channel}/messages/{message.id}/reactions"
    thumb, custom = f"{base}/%F0%9F%91%8D", f"{base}/blob:123456789012345678"
    for person in (alice, bob):
        await person.react(message, "👍")
    assert [u["id"] for u in (await http("GET", f"{thumb}?limit=1")).json] == [str(alice.id)]
    assert [u["id"] for u in (await http("GET", f"{thumb}?after={alice.id}")).json] == [str(bob.id)]
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        assert (await http("PUT", f"{custom}/@me")).status == 204
        assert (await socket.until("MESSAGE_REACTION_ADD"))["emoji"] == {
            "id": "123456789012345678",
            "name": "blob",
        }
        assert (await http("DELETE", f"{thumb}/{bob.id}")).status == 204
        assert (await socket.until("MESSAGE_REACTION_REMOVE"))["user_id"] == str(bob.id)
        assert (await http("DELETE", thumb)).status == 204
        assert (await socket.until("MESSAGE_REACTION_REMOVE_EMOJI"))["emoji"]["name"] == "👍"
        assert (await http("DELETE", base)).status == 204
        await socket.until("MESSAGE_REACTION_REMOVE_ALL")
    assert "reactions" not in (await message.fetch()).json
    conforms(room.record)


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json", "docs resources/message#create-reaction")
async def test_emoji_that_are_none_and_a_21st_kind_are_refused(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    message = await posted(http, channel)
    base = f"/channels/{channel}/messages/{message['id']}/reactions"
    for wrong in ("x", "blob", "blob:1", ":", "%C3%A9", "%00", "%F0%9F%91%8Dx", "a" * 80):
        assert code(await http("PUT", f"{base}/{wrong}/@me")) == (404, 10014), wrong
    for right in (
        "1%EF%B8%8F%E2%83%A3",
        "%E2%9D%A4%EF%B8%8F",
        "%F0%9F%87%A9%F0%9F%87%AA",
        "%E2%84%B9%EF%B8%8F",
    ):
        assert (await http("PUT", f"{base}/{right}/@me")).status == 204, right
    for number in range(16):
        assert (await http("PUT", f"{base}/kind:{10**17 + number}/@me")).status == 204
    assert code(await http("PUT", f"{base}/more:123456789012345678/@me")) == (400, 30010)
    assert (await http("PUT", f"{base}/kind:{10**17}/@me")).status == 204


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 30, 20) + b"\x08\x02\x00\x00\x00"


def _form(body: Any, **files: tuple[str, bytes, str]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(body))
    for number, (name, content, kind) in enumerate(files.values()):
        form.add_field(f"files[{number}]", BytesIO(content), filename=name, content_type=kind or None)
    return form


@pytest.mark.cites("protocol rest.8", "docs reference#uploading-files")
async def test_files_are_measured_described_hidden_kept_and_dropped(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    _, channel = await ids(room)
    notes = [{"id": 1, "description": "a page", "is_spoiler": True}, {"id": 0, "filename": "photo.png"}]
    embed = {"title": "see", "image": {"url": "attachment://photo.png"}}
    form = _form(
        {"attachments": notes, "embeds": [embed]},
        a=("x.png", PNG, "image/png"),
        b=("p.html", b"<p>", "text/html"),
    )
    made = (await http("POST", f"/channels/{channel}/messages", data=form)).json
    picture, page = made["attachments"]
    assert (picture["filename"], picture["width"], picture["height"]) == ("photo.png", 30, 20)
    assert (page["description"], page["flags"], "width" in page) == ("a page", 8, False)
    assert made["embeds"][0]["image"]["url"] == picture["url"]
    path = f"/channels/{channel}/messages/{made['id']}"
    edited = await http(
        "PATCH", path, data=_form({"attachments": [{"id": page["id"]}, {"id": 0}]}, a=("n.txt", b"n", ""))
    )
    assert [item["filename"] for item in edited.json["attachments"]] == ["p.html", "n.txt"]
    assert len((await http("PATCH", path, {"content": "x"})).json["attachments"]) == 2
    assert (await http("PATCH", path, {"attachments": []})).json["attachments"] == []
    lost = await http("POST", f"/channels/{channel}/messages", {"content": "x", "attachments": [{"id": 3}]})
    assert code(lost) == (400, 50146)
    conforms(room.record)


@pytest.mark.cites("docs reference#uploading-files", "docs topics/opcodes-and-status-codes#json")
async def test_files_are_at_most_10_mib_and_ten(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    path, body = f"/channels/{channel}/messages", {"content": "x"}
    fits = await http("POST", path, data=_form(body, a=("a", b"x" * (10 << 20), "")))
    assert fits.json["attachments"][0]["size"] == 10 << 20
    assert code(await http("POST", path, data=_form(body, a=("a", b"x" * ((10 << 20) + 1), "")))) == (
        413,
        40005,
    )
    eleven = {f"f{number}": ("a", b"x", "") for number in range(11)}
    assert code(await http("POST", path, data=_form(body, **eleven))) == (400, 30015)


@pytest.mark.cites("docs reference#signed-attachment-cdn-urls", "docs reference#image-formatting")
async def test_the_cdn_serves_browsers_safely(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    form = _form({}, a=("a.png", PNG, "image/png"), b=("b.html", b"<script>", "text/html"))
    made = (await http("POST", f"/channels/{channel}/messages", data=form)).json
    picture, page = (item["url"] for item in made["attachments"])
    face = b""
    async with aiohttp.ClientSession() as session:
        async with session.get(picture + "?ex=1&is=2&hm=3") as reply:
            assert (await reply.read(), reply.content_type) == (PNG, "image/png")
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["Content-Disposition"].startswith("inline")
        async with session.get(page) as reply:
            assert reply.headers["Content-Disposition"] == 'attachment; filename="b.html"'
        async with session.get(page, headers={"Range": "bytes=1-3"}) as reply:
            assert (reply.status, await reply.read(), reply.headers["Content-Range"]) == (
                206,
                b"scr",
                "bytes 1-3/8",
            )
        async with session.get(page, headers={"Range": "bytes=90-"}) as reply:
            assert reply.status == 416
        async with session.head(page) as reply:
            assert (reply.status, reply.headers["Content-Length"]) == (200, "8")
        for path in ("attachments/1/2/no.png", "embed/avatars/x.png", "../api", "%00"):
            async with session.get(f"{room.cdn_url}/{path}") as reply:
                assert reply.status == 404, path
        for path in (
            "embed/avatars/0.png",
            f"avatars/{channel}/abc.webp?size=64",
            f"icons/{channel}/abc.png",
        ):
            async with session.get(f"{room.cdn_url}/{path}") as reply:
                face = await reply.read()
                assert (size_of(face), reply.content_type) == ((64, 64), "image/png")
    rows = zlib.decompress(face[face.index(b"IDAT") + 4 : -16])
    assert len(rows) == 64 * (64 * 3 + 1)


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (b"GIF89a" + struct.pack("<HH", 7, 9), (7, 9)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc2\x00\x11\x08" + struct.pack(">HH", 5, 6), (6, 5)),
        (b"RIFF....WEBPVP8X" + b"." * 8 + (99).to_bytes(3, "little") + (49).to_bytes(3, "little"), (100, 50)),
        (b"RIFF....WEBPVP8L....\x2f" + struct.pack("<I", 9 | 19 << 14), (10, 20)),
        (b"RIFF....WEBPVP8 " + b"." * 10 + struct.pack("<HH", 8, 4), (8, 4)),
        (b"\x89PNG\r\n\x1a\n....IHDR", None),
        (b"\xff\xd8\xff", None),
        (b"RIFF....WEBPVP8X", None),
        (b"", None),
        (b"text", None),
    ],
)
def test_sizes_are_read_from_the_first_bytes(content: bytes, size: tuple[int, int] | None) -> None:
    assert size_of(content) == size
