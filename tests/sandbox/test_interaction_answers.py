"""Every type of answer to an interaction, and what comes after it, by a raw client."""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from tests.sandbox.clocks import Clock
from tests.sandbox.raw import Http, Socket, code, ids, posted

KINDS = "docs interactions/receiving-and-responding#interaction-response-object-interaction-callback-type"
BUTTON = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}
FIELD = {"type": 18, "label": "Why", "component": {"type": 4, "custom_id": "why", "style": 1}}
FORM = {"title": "Form", "custom_id": "form", "components": [FIELD]}
TUNE = {"name": "tune", "description": "Tune.", "options": [
    {"type": 3, "name": "how", "description": "how", "autocomplete": True},
]}  # fmt: skip
Json = dict[str, Any]


class Played:
    """Starts interactions of alice's and returns them as the gateway shows them."""

    def __init__(self, room: Sandbox, socket: Socket, channel: int, alice: int) -> None:
        self.room, self.socket, self.channel, self.alice = room, socket, channel, alice

    async def start(self, op: str, **args: Any) -> Json:
        await self.room.call(op, user=self.alice, **args)
        body: Json = await self.socket.until("INTERACTION_CREATE")
        return body

    async def slash(self) -> Json:
        return await self.start("slash", command="tune", channel=self.channel)


@pytest.fixture
async def played(room: Sandbox, http: Http, clock: Clock) -> AsyncIterator[Played]:
    _, channel = await ids(room)
    await http("PUT", f"/applications/{room.application_id}/commands", [TUNE])
    alice = await room.member("alice")
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        yield Played(room, socket, channel, alice.id)


def callback(item: Json) -> str:
    return f"/interactions/{item['id']}/{item['token']}/callback"


def hook(item: Json, message: str = "@original") -> str:
    return f"/webhooks/{item['application_id']}/{item['token']}/messages/{message}"


@pytest.mark.cites("protocol interactions.2", "openapi create_interaction_response")
async def test_a_button_can_be_answered_in_place(played: Played, http: Http, conforms: Any) -> None:
    message = await posted(http, played.channel, "old", components=[BUTTON])
    updated = await played.start("click", message=int(message["id"]), label="Go")
    answer = {"type": 7, "data": {"content": "new", "components": []}}
    reply = await http("POST", callback(updated) + "?with_response=true", answer)
    assert reply.json["resource"]["message"]["id"] == message["id"]
    shown = (await http("GET", f"/channels/{played.channel}/messages/{message['id']}")).json
    assert (shown["content"], shown["components"]) == ("new", [])
    conforms(played.room.record)


@pytest.mark.cites("protocol interactions.2", KINDS)
async def test_a_deferred_update_leaves_the_message_for_later(played: Played, http: Http) -> None:
    message = await posted(http, played.channel, "old", components=[BUTTON])
    item = await played.start("click", message=int(message["id"]), label="Go")
    assert (await http("POST", callback(item), {"type": 6})).status == 204
    assert (await http("GET", hook(item))).json["content"] == "old"
    assert (await http("PATCH", hook(item), {"content": "later"})).json["id"] == message["id"]
    assert len(played.room.record.messages(bot=True)) == 1


@pytest.mark.cites("openapi create_interaction_response", KINDS)
async def test_a_form_is_opened_submitted_and_never_answers_a_form(played: Played, http: Http) -> None:
    item = await played.slash()
    assert (await http("POST", callback(item), {"type": 9, "data": FORM})).status == 204
    sent = await played.start("submit", interaction=int(item["id"]), values={"Why": "because"})
    assert sent["type"] == 5
    assert sent["data"]["components"][0]["component"]["value"] == "because"
    for kind in (7, 8, 9, 1, 12):
        assert code(await http("POST", callback(sent), {"type": kind, "data": FORM})) == (400, 50035)
    assert (await http("POST", callback(sent), {"type": 4, "data": {"content": "thanks"}})).status == 204


@pytest.mark.cites("openapi create_interaction_response", "protocol interactions.2")
async def test_at_most_25_choices_are_offered(played: Played, http: Http) -> None:
    item = await played.start(
        "autocomplete", command="tune", channel=played.channel, focused="how", value="a"
    )
    choices = [{"name": f"n{n}", "value": f"v{n}"} for n in range(26)]
    assert code(await http("POST", callback(item), {"type": 8, "data": {"choices": choices}})) == (400, 50035)
    assert code(await http("POST", callback(item), {"type": 4, "data": {"content": "x"}})) == (400, 50035)
    assert (await http("POST", callback(item), {"type": 8, "data": {"choices": choices[:25]}})).status == 204
    assert code(await http("GET", hook(item))) == (404, 10008)


@pytest.mark.cites("protocol rest.8", "openapi create_interaction_response")
async def test_files_come_with_an_answer(played: Played, http: Http) -> None:
    item = await played.slash()
    form = aiohttp.FormData(quote_fields=False)
    data = {"content": "see", "attachments": [{"id": 0, "description": "log"}]}
    form.add_field("payload_json", json.dumps({"type": 4, "data": data}))
    form.add_field("files[0]", BytesIO(b"lines"), filename="log.txt")
    assert (await http("POST", callback(item), data=form)).status == 204
    shown = (await http("GET", hook(item))).json["attachments"][0]
    assert (shown["filename"], shown["description"], shown["size"]) == ("log.txt", "log", 5)


RIGHTS = "docs change-log#changes-to-bot-permissions-for-interactions-and-webhooks"


@pytest.mark.cites("docs change-log#calculated-permissions-in-interaction-payloads", RIGHTS)
async def test_answers_may_embed_and_attach_but_not_ping_everyone(room: Sandbox, clock: Clock) -> None:
    app = await room.application("plain")
    await room.invite("plain", permissions=[])
    deny = ["embed_links", "attach_files", "mention_everyone"]
    bare = await room.channel("bare", overwrites={"everyone": {"deny": deny}})
    alice = await room.member("alice")
    async with (
        Http(room.api_url, app["token"]) as http,
        await Socket.open(room.gateway_url) as socket,
    ):
        await socket.identify(app["token"])
        await http("PUT", f"/applications/{app['id']}/commands", [TUNE])
        played = Played(room, socket, bare.id, alice.id)
        item = await played.slash()
        held = int(item["app_permissions"])
        assert (held >> 14 & 1, held >> 15 & 1, held >> 17 & 1, held >> 11 & 1) == (0, 0, 0, 1)
        form = aiohttp.FormData(quote_fields=False)
        data = {"content": "@everyone", "embeds": [{"title": "t"}]}
        form.add_field("payload_json", json.dumps({"type": 4, "data": data}))
        form.add_field("files[0]", BytesIO(b"lines"), filename="log.txt")
        assert (await http("POST", callback(item), data=form)).status == 204
        shown = (await http("GET", hook(item))).json
        assert (len(shown["embeds"]), len(shown["attachments"]), shown["mention_everyone"]) == (1, 1, False)
        await bare.set_overwrites({app["bot_id"]: {"allow": ["mention_everyone"]}})
        more = {"content": "@everyone"}
        base = hook(item).removesuffix("/messages/@original")
        assert (await http("POST", base, more)).json["mention_everyone"] is True


@pytest.mark.cites(RIGHTS, "openapi execute_webhook")
@pytest.mark.parametrize("permissions", [["manage_webhooks"], ["manage_webhooks", "mention_everyone"]])
async def test_a_webhook_pings_everyone_if_its_maker_may(room: Sandbox, permissions: list[str]) -> None:
    app = await room.application("plain")
    await room.invite("plain", permissions=permissions)
    _, channel = await ids(room)
    async with Http(room.api_url, app["token"]) as http:
        made = (await http("POST", f"/channels/{channel}/webhooks", {"name": "CI"})).json
        path = f"/webhooks/{made['id']}/{made['token']}?wait=true"
        sent = (await http("POST", path, {"content": "@everyone"})).json
    assert sent["mention_everyone"] is ("mention_everyone" in permissions)


@pytest.mark.cites(
    "protocol interactions.3",
    "openapi update_original_webhook_message",
    "openapi get_webhook_message",
    "openapi update_webhook_message",
    "openapi delete_webhook_message",
)
async def test_followups_are_read_changed_and_deleted(played: Played, http: Http, conforms: Any) -> None:
    item = await played.slash()
    await http("POST", callback(item), {"type": 5, "data": {"flags": 64}})
    filled = await http("PATCH", hook(item), {"content": "done"})
    assert (filled.json["content"], filled.json["flags"]) == ("done", 64)
    base = hook(item).removesuffix("/messages/@original")
    more = (await http("POST", base, {"content": "more", "flags": 64})).json
    assert more["id"] != filled.json["id"]
    assert (await http("GET", hook(item, more["id"]))).json["content"] == "more"
    assert (await http("PATCH", hook(item, more["id"]), {"content": "less"})).json["content"] == "less"
    assert (await http("DELETE", hook(item, more["id"]))).status == 204
    assert code(await http("GET", hook(item, more["id"]))) == (404, 10008)
    other = await posted(http, played.channel, "not by the token")
    assert code(await http("PATCH", hook(item, other["id"]), {"content": "x"})) == (404, 10008)
    conforms(played.room.record)


@pytest.mark.cites("protocol interactions.2", "openapi create_interaction_response")
async def test_a_deleted_message_is_not_answered_in_place(played: Played, http: Http) -> None:
    message = await posted(http, played.channel, "old", components=[BUTTON])
    item = await played.start("click", message=int(message["id"]), label="Go")
    await http("DELETE", f"/channels/{played.channel}/messages/{message['id']}")
    mark = played.room.record.last
    answer = {"type": 7, "data": {"content": "new", "components": []}}
    assert code(await http("POST", callback(item), answer)) == (404, 10008)
    kinds = {entry["kind"] for entry in played.room.record.after(mark)}
    assert not kinds & {"message_edit", "gateway_out", "interaction_reply"}
    assert (await http("POST", callback(item), {"type": 4, "data": {"content": "instead"}})).status == 204


@pytest.mark.cites(
    "protocol interactions.3", "openapi execute_webhook", "openapi delete_original_webhook_message"
)
@pytest.mark.parametrize("by", ["@original", "its id"])
async def test_a_followup_is_a_new_message_when_the_deferred_one_is_gone(
    played: Played, http: Http, by: str
) -> None:
    item = await played.slash()
    await http("POST", callback(item), {"type": 5})
    original = (await http("GET", hook(item))).json
    elsewhere = f"/channels/{played.channel}/messages/{original['id']}"
    assert (await http("DELETE", hook(item) if by == "@original" else elsewhere)).status == 204
    base = hook(item).removesuffix("/messages/@original")
    more = await http("POST", base, {"content": "late"})
    assert (more.status, more.json["content"]) == (200, "late")
    assert more.json["id"] != original["id"]
    shown = (await http("GET", f"/channels/{played.channel}/messages")).json
    assert [(each["id"], each["content"]) for each in shown] == [(more.json["id"], "late")]
    assert code(await http("GET", hook(item))) == (404, 10008)


@pytest.mark.cites("protocol interactions.3", "openapi execute_webhook")
async def test_an_ephemeral_followup_is_shown_to_one_member_alone(played: Played, http: Http) -> None:
    item = await played.slash()
    await http("POST", callback(item), {"type": 4, "data": {"content": "open"}})
    shown = await played.socket.until("MESSAGE_CREATE")
    base = hook(item).removesuffix("/messages/@original")
    secret = (await http("POST", base, {"content": "secret", "flags": 64})).json
    assert (secret["content"], secret["flags"] & 64) == ("secret", 64)
    assert [event["t"] for event in await played.socket.drained()] == []
    history = (await http("GET", f"/channels/{played.channel}/messages")).json
    assert [each["id"] for each in history] == [shown["id"]]
    path = f"/channels/{played.channel}/messages/{secret['id']}"
    assert code(await http("GET", path)) == (404, 10008)
    assert (await http("GET", hook(item, secret["id"]))).json["content"] == "secret"
    alice, bob = await played.room.member("alice"), await played.room.member("bob")
    assert [each.content for each in await alice.sees(played.channel)] == ["open", "secret"]
    assert [each.content for each in await bob.sees(played.channel)] == ["open"]


async def test_interactions_are_forgotten_long_after_their_lifetime(
    played: Played, http: Http, clock: Clock
) -> None:
    first = await played.slash()
    await http("POST", callback(first), {"type": 5})
    clock.time += played.room.core.interaction_lifetime + 1
    await played.slash()
    assert code(await http("GET", hook(first))) == (401, 50027)
    for _ in range(20):
        clock.time += played.room.core.interaction_lifetime
        await played.slash()
    assert len(played.room.core.world.interactions) <= 3
    assert code(await http("GET", hook(first))) == (404, 10015)


@pytest.mark.cites(
    "docs interactions/receiving-and-responding#interaction-object-modal-submit-data-structure",
    "protocol interactions.2",
)
async def test_a_form_tells_beside_its_fields_whom_they_name(played: Played, http: Http) -> None:
    item = await played.slash()
    who = {"type": 18, "label": "Who", "component": {"type": 5, "custom_id": "who"}}
    form = {"type": 9, "data": {"title": "Pick", "custom_id": "pick", "components": [who]}}
    assert (await http("POST", callback(item), form)).status == 204
    sent = await played.start("submit", interaction=int(item["id"]), values={"Who": ["alice"]})
    field = sent["data"]["components"][0]["component"]
    assert field["values"] == [str(played.alice)]
    assert "resolved" not in field
    assert sent["data"]["resolved"]["users"][str(played.alice)]["username"] == "alice"
    assert str(played.alice) in sent["data"]["resolved"]["members"]
