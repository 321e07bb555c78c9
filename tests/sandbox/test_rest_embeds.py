"""Embeds, and files in components: their limits and how they come back, by a raw client."""

import json
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Http, code, ids

LIMITS = "docs resources/message#embed-object-embed-limits"
MEDIA = "docs components/reference#unfurled-media-item-structure"
V2 = 1 << 15
FILE = {"type": 13, "file": {"url": "attachment://notes.txt"}}
Json = dict[str, Any]


def _field(name: int = 1, value: int = 1) -> Json:
    return {"name": "n" * name, "value": "v" * value}


def _of(size: int) -> Json:
    """An embed of so many characters, none of its parts too long."""
    described = min(size - 1, 4096)
    return {"description": "d" * described, "footer": {"text": "f" * (size - described)}}


@pytest.mark.cites(LIMITS, "openapi create_message")
@pytest.mark.parametrize(
    ("fits", "too_much", "path"),
    [
        ([{"title": "t" * 256}], [{"title": "t" * 257}], "0.title"),
        ([{"description": "d" * 4096}], [{"description": "d" * 4097}], "0.description"),
        ([{"footer": {"text": "f" * 2048}}], [{"footer": {"text": "f" * 2049}}], "0.footer.text"),
        ([{"author": {"name": "a" * 256}}], [{"author": {"name": "a" * 257}}], "0.author.name"),
        ([{"fields": [_field()] * 25}], [{"fields": [_field()] * 26}], "0.fields"),
        ([{"fields": [_field(name=256)]}], [{"fields": [_field(name=257)]}], "0.fields.0.name"),
        ([{"fields": [_field(value=1024)]}], [{"fields": [_field(value=1025)]}], "0.fields.0.value"),
        ([{"title": "t"}] * 10, [{"title": "t"}] * 11, ""),
        ([_of(6000)], [_of(6001)], ""),
        ([_of(3000), _of(3000)], [_of(3000), _of(3001)], ""),
    ],
    ids=lambda value: value or "all" if isinstance(value, str) else "",
)
async def test_each_limit_of_embeds_and_all_of_them_together(
    room: Sandbox, http: Http, fits: Json, too_much: Json, path: str
) -> None:
    _, channel = await ids(room)
    where = f"/channels/{channel}/messages"
    assert (await http("POST", where, {"embeds": fits})).status == 200
    refused = await http("POST", where, {"embeds": too_much})
    assert code(refused) == (400, 50035)
    node = refused.json["errors"]["embeds"]
    for part in filter(None, path.split(".")):
        node = node[part]
    assert node["_errors"]
    assert len(room.record.messages()) == 1


def _with_file(body: Json) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(body))
    form.add_field("files[0]", b"lines", filename="notes.txt", content_type="text/plain")
    return form


@pytest.mark.cites(MEDIA, "openapi create_message", "openapi update_message")
async def test_files_and_pictures_in_components_come_back_unfurled(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    _, channel = await ids(room)
    own, far = {"url": "attachment://notes.txt"}, {"url": "https://example.test/a.png"}
    section = {
        "type": 9,
        "components": [{"type": 10, "content": "x"}],
        "accessory": {"type": 11, "media": own},
    }
    gallery = {"type": 12, "items": [{"media": far, "description": "far"}, {"media": own}]}
    body = {"flags": V2, "components": [FILE, section, {"type": 17, "components": [gallery]}]}
    made = (await http("POST", f"/channels/{channel}/messages", data=_with_file(body))).json
    (attachment,) = made["attachments"]
    file, shown, box = made["components"]
    assert (file["name"], file["size"], file["spoiler"]) == ("notes.txt", 5, False)
    for media in (file["file"], shown["accessory"]["media"], box["components"][0]["items"][1]["media"]):
        assert (media["url"], media["attachment_id"]) == (attachment["url"], attachment["id"])
        assert media["content_type"] == "text/plain"
    first = box["components"][0]["items"][0]
    assert (first["media"]["proxy_url"], first["description"], first["spoiler"]) == (far["url"], "far", False)
    path = f"/channels/{channel}/messages/{made['id']}"
    again = (
        await http("PATCH", path, {"components": [{"type": 13, "file": {"url": attachment["url"]}}]})
    ).json
    assert again["components"][0]["name"] == "notes.txt"
    conforms(room.record)


@pytest.mark.cites(MEDIA, "openapi create_message")
@pytest.mark.parametrize(
    ("component", "where"),
    [
        (FILE, ["file"]),
        ({"type": 13, "file": {"url": "https://example.test/notes.txt"}}, ["file"]),
        ({"type": 12, "items": [{"media": {"url": "attachment://no.png"}}]}, ["items", "0", "media"]),
        ({"type": 17, "components": [FILE]}, ["components", "0", "file"]),
    ],
    ids=["file", "elsewhere", "picture", "inside"],
)
async def test_a_component_names_only_files_of_its_message(
    room: Sandbox, http: Http, component: Json, where: list[str]
) -> None:
    _, channel = await ids(room)
    body = {"flags": V2, "components": [component]}
    refused = await http("POST", f"/channels/{channel}/messages", body)
    assert code(refused) == (400, 50035)
    node = refused.json["errors"]["components"]["0"]
    for part in where:
        node = node[part]
    (error,) = node["url"]["_errors"]
    assert error["code"] == "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"


@pytest.mark.cites("openapi update_message")
async def test_embeds_can_be_hidden_by_a_moderator(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    message = await alice.say("x", channel)
    path = f"/channels/{channel}/messages/{message.id}"
    assert (await http("PATCH", path, {"flags": 4})).json["flags"] == 4
    assert code(await http("PATCH", path, {"flags": 4, "content": "y"})) == (403, 50005)
