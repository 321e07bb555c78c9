"""Intents and message content, by raw websockets."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Http, connected


@pytest.mark.cites("protocol gateway.7", "docs events/gateway#list-of-intents")
async def test_events_need_their_intent(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room, intents=1) as socket:
        await alice.say("hello", "help")
        await room.member("bob")
        await room.channel("more")
        events = [payload["t"] for payload in await socket.drained()]
        assert events == ["CHANNEL_CREATE"]


@pytest.mark.cites("protocol gateway.7", "docs events/gateway#message-content-intent")
async def test_content_is_stripped_without_its_intent_except_where_the_bot_is_meant(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room, intents=(1 << 0) | (1 << 9) | (1 << 12)) as socket:
        await alice.say("secret", "help", attachments=[("a.txt", b"x")])
        hidden = await socket.until("MESSAGE_CREATE")
        assert (hidden["content"], hidden["attachments"]) == ("", [])
        await alice.say(f"{room.bot_user.mention} hi", "help")
        assert (await socket.until("MESSAGE_CREATE"))["content"].endswith("hi")
        await alice.say("in private", await alice.dm())
        private = await socket.until("MESSAGE_CREATE")
        assert private["content"] == "in private"
        assert "guild_id" not in private


# Discord's list, event by event: the bit in guilds, and in DMs where there is one.
DOCUMENTED: list[tuple[int, int | None, str]] = [
    (0, None, "GUILD_CREATE GUILD_UPDATE GUILD_DELETE GUILD_ROLE_CREATE GUILD_ROLE_UPDATE GUILD_ROLE_DELETE"),
    (0, None, "CHANNEL_CREATE CHANNEL_UPDATE CHANNEL_DELETE THREAD_CREATE THREAD_UPDATE THREAD_DELETE"),
    (0, None, "THREAD_LIST_SYNC THREAD_MEMBER_UPDATE"),
    (0, None, "STAGE_INSTANCE_CREATE STAGE_INSTANCE_UPDATE STAGE_INSTANCE_DELETE"),
    (0, 12, "CHANNEL_PINS_UPDATE"),
    (1, None, "GUILD_MEMBER_ADD GUILD_MEMBER_UPDATE GUILD_MEMBER_REMOVE THREAD_MEMBERS_UPDATE"),
    (2, None, "GUILD_AUDIT_LOG_ENTRY_CREATE GUILD_BAN_ADD GUILD_BAN_REMOVE"),
    (3, None, "GUILD_EMOJIS_UPDATE GUILD_STICKERS_UPDATE GUILD_SOUNDBOARD_SOUND_CREATE"),
    (3, None, "GUILD_SOUNDBOARD_SOUND_UPDATE GUILD_SOUNDBOARD_SOUND_DELETE GUILD_SOUNDBOARD_SOUNDS_UPDATE"),
    (4, None, "GUILD_INTEGRATIONS_UPDATE INTEGRATION_CREATE INTEGRATION_UPDATE INTEGRATION_DELETE"),
    (5, None, "WEBHOOKS_UPDATE"),
    (6, None, "INVITE_CREATE INVITE_DELETE"),
    (7, None, "VOICE_CHANNEL_EFFECT_SEND VOICE_STATE_UPDATE"),
    (8, None, "PRESENCE_UPDATE"),
    (9, 12, "MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE"),
    (9, None, "MESSAGE_DELETE_BULK"),
    (10, 13, "MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE"),
    (10, 13, "MESSAGE_REACTION_REMOVE_ALL MESSAGE_REACTION_REMOVE_EMOJI"),
    (11, 14, "TYPING_START"),
    (16, None, "GUILD_SCHEDULED_EVENT_CREATE GUILD_SCHEDULED_EVENT_UPDATE GUILD_SCHEDULED_EVENT_DELETE"),
    (16, None, "GUILD_SCHEDULED_EVENT_USER_ADD GUILD_SCHEDULED_EVENT_USER_REMOVE"),
    (20, None, "AUTO_MODERATION_RULE_CREATE AUTO_MODERATION_RULE_UPDATE AUTO_MODERATION_RULE_DELETE"),
    (21, None, "AUTO_MODERATION_ACTION_EXECUTION"),
    (24, 25, "MESSAGE_POLL_VOTE_ADD MESSAGE_POLL_VOTE_REMOVE"),
]
ALWAYS = ["INTERACTION_CREATE", "USER_UPDATE", "APPLICATION_COMMAND_PERMISSIONS_UPDATE", "ENTITLEMENT_CREATE"]
BITS = sorted({bit for *bits, _ in DOCUMENTED for bit in bits if bit is not None} | {15})


@pytest.mark.cites("protocol gateway.7", "docs events/gateway#list-of-intents")
@pytest.mark.parametrize("bit", BITS)
async def test_intent_brings_its_events_and_no_others(room: Sandbox, bit: int) -> None:
    alice = await room.member("alice")
    guild_id = (await room.state())["guilds"]["Home"]["id"]
    direct = room.core.world.channel((await alice.dm()).id)
    events = [event for *_, names in DOCUMENTED for event in names.split()] + ALWAYS
    in_guild = [e for place, _, names in DOCUMENTED for e in names.split() if place == bit] + ALWAYS
    in_dm = [e for _, place, names in DOCUMENTED for e in names.split() if place == bit] + ALWAYS
    dm_events = [e for _, place, names in DOCUMENTED for e in names.split() if place is not None] + ALWAYS
    async with await connected(room, 1 << bit) as socket:
        for event in events:
            room.core.hub.emit(event, {"guild_id": str(guild_id)}, guild_id=guild_id)
        assert [payload["t"] for payload in await socket.drained()] == in_guild
        for event in dm_events:
            room.core.hub.emit(event, {"channel_id": str(direct.id)}, channel=direct)
        assert [payload["t"] for payload in await socket.drained()] == in_dm


@pytest.mark.cites("docs events/gateway#caveats", "docs events/gateway-events#thread-members-update")
@pytest.mark.parametrize(
    ("intents", "expected"),
    [
        (0, ["GUILD_MEMBER_UPDATE"]),
        (1, ["GUILD_MEMBER_UPDATE", "THREAD_CREATE", "THREAD_MEMBERS_UPDATE", "THREAD_MEMBERS_UPDATE"]),
        (1 << 1, ["GUILD_MEMBER_UPDATE", "GUILD_MEMBER_UPDATE", "THREAD_MEMBERS_UPDATE"]),
    ],
    ids=["none", "guilds", "members"],
)
async def test_bot_learns_of_itself_without_the_members_intent(
    room: Sandbox, http: Http, intents: int, expected: list[str]
) -> None:
    alice, bob = await room.member("alice"), await room.member("bob")
    await room.role("helper")
    thread = await alice.start_thread(await alice.say("start", "help"), "talk")
    async with await connected(room, intents) as socket:
        await room.call("set_member", member="bot", roles=["bot", "helper"])
        await room.call("set_member", member="alice", roles=["helper"])
        await bob.join_thread(thread)
        await http("PUT", f"/channels/{thread.id}/thread-members/@me")
        await http("DELETE", f"/channels/{thread.id}/thread-members/@me")
        events = [payload["t"] for payload in await socket.drained()]
        assert sorted(events) == sorted(expected + (["THREAD_MEMBERS_UPDATE"] * 2 if intents == 2 else []))


@pytest.mark.cites("docs events/gateway#message-content-intent")
async def test_edit_without_the_intent_is_empty_too(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room, (1 << 0) | (1 << 9)) as socket:
        message = await alice.say("secret", "help")
        await alice.edit(message, "more secret")
        edited = await socket.until("MESSAGE_UPDATE")
        assert (edited["content"], edited["embeds"], edited["attachments"]) == ("", [], [])
        assert edited["id"] == str(message.id)


@pytest.mark.cites("docs events/gateway#message-content-intent")
async def test_a_message_and_the_one_it_replies_to_are_judged_by_themselves(
    room: Sandbox, http: Http
) -> None:
    alice, bob = await room.member("alice"), await room.member("bob")
    channel = (await room.state())["guilds"]["Home"]["channels"]["help"]
    async with await connected(room, (1 << 0) | (1 << 9)) as socket:
        own = (await http("POST", f"/channels/{channel}/messages", {"content": "my own words"})).json
        assert (await socket.until("MESSAGE_CREATE"))["content"] == "my own words"
        secret = await alice.say("secret", "help")
        assert (await socket.until("MESSAGE_CREATE"))["content"] == ""
        await bob.say(f"{room.bot_user.mention} look", "help", reply_to=secret)
        asked = await socket.until("MESSAGE_CREATE")
        assert asked["content"].endswith("look")
        assert asked["referenced_message"]["content"] == ""
        answered = await bob.say("quiet answer", "help", reply_to=int(own["id"]))
        told = await socket.until("MESSAGE_CREATE")
        assert told["referenced_message"]["content"] == "my own words"
        assert told["content"] == "quiet answer"
        assert answered.id == int(told["id"])


@pytest.mark.cites("docs events/gateway#message-content-intent")
@pytest.mark.parametrize(
    ("field", "value", "empty"),
    [
        ("content", "words", ""),
        ("embeds", [{"title": "t"}], []),
        ("attachments", [{"id": "1"}], []),
        ("components", [{"type": 1}], []),
        ("poll", {"question": {"text": "?"}}, None),
    ],
)
async def test_every_field_with_content_is_emptied(room: Sandbox, field: str, value: Any, empty: Any) -> None:
    guild_id = (await room.state())["guilds"]["Home"]["id"]
    alice = await room.member("alice")
    message = room.core.world.channels[(await alice.say("x", "help")).channel_id].history(1)[0]
    body = {"author": {"id": str(alice.id)}, "mentions": [], field: value}
    async with await connected(room, 1 << 9) as bare, await connected(room, 1 << 9 | 1 << 15) as full:
        room.core.hub.emit("MESSAGE_CREATE", body, guild_id=guild_id, message=message)
        assert (await bare.until("MESSAGE_CREATE")).get(field) == empty
        assert (await full.until("MESSAGE_CREATE"))[field] == value


@pytest.mark.cites("docs events/gateway#message-content-intent", "docs events/gateway#http-restrictions")
async def test_over_http_the_applications_flag_decides(room: Sandbox) -> None:
    plain = await room.application("plain", privileged=0)
    await room.invite("plain", permissions=["administrator"])
    alice = await room.member("alice")
    message = await alice.say("secret", "help")
    path = f"/channels/{message.channel_id}/messages"
    async with Http(room.api_url, plain["token"]) as theirs, Http(room.api_url, room.token) as ours:
        assert (await theirs("GET", f"{path}/{message.id}")).json["content"] == ""
        assert (await theirs("GET", path)).json[0]["content"] == ""
        assert (await ours("GET", f"{path}/{message.id}")).json["content"] == "secret"


@pytest.mark.cites("protocol gateway.7", "docs events/gateway#message-content-intent")
async def test_what_a_forward_carries_is_empty_without_the_intent(room: Sandbox, http: Http) -> None:
    channel = (await room.state())["guilds"]["Home"]["channels"]["help"]
    plain = await room.application("plain", privileged=0)
    await room.invite("plain", permissions=["administrator"])
    secret = await (await room.member("alice")).say("secret", "help", attachments=[("a.txt", b"x")])
    reference = {"type": 1, "channel_id": str(channel), "message_id": str(secret.id)}
    async with (
        await connected(room, 1 << 9, plain["token"]) as bare,
        await connected(room, 1 << 9 | 1 << 15) as full,
        Http(room.api_url, plain["token"]) as theirs,
    ):
        made = await http("POST", f"/channels/{channel}/messages", {"message_reference": reference})
        path = f"/channels/{channel}/messages/{made.json['id']}"
        seen = [await bare.until("MESSAGE_CREATE"), (await theirs("GET", path)).json]
        for body in seen:
            (inner,) = body["message_snapshots"]
            assert (inner["message"]["content"], inner["message"]["attachments"]) == ("", [])
        (inner,) = (await full.until("MESSAGE_CREATE"))["message_snapshots"]
        assert (inner["message"]["content"], len(inner["message"]["attachments"])) == ("secret", 1)
