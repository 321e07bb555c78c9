"""What each member's page is told: everything they may see, nothing else."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.page import watcher
from tests.page.visitor import Live, Visitor, channel_names, id_of, register

ADMIN = 1 << 3


async def said(visitor: Visitor, author: str, content: str, channel: str | int) -> Any:
    return await visitor.done("say", author=author, content=content, channel=str(channel))


async def nothing(visitor: Visitor, *lines: Live) -> None:
    """Check that the lines are told of nothing but a message that everybody sees."""
    await said(visitor, "owner", "a mark", "help")
    for line in lines:
        assert await line.before("a mark") == []


async def watch(visitor: Visitor, room: Sandbox, *names: str) -> list[Live]:
    return [(await visitor.watch(id_of(room, name)))[0] for name in names]


async def test_a_message_reaches_everyone_who_sees_its_channel(visitor: Visitor, room: Sandbox) -> None:
    sam, bob = await watch(visitor, room, "sam", "bob")
    made = await said(visitor, "alice", "hello", "help")
    for line in (sam, bob):
        message = await line.until("MESSAGE")
        assert (message["id"], message["content"], message["ephemeral"]) == (made["id"], "hello", False)
        assert message["guild_id"] == str(id_of(room, "Home"))


async def test_a_hidden_channel_stays_hidden(visitor: Visitor, room: Sandbox) -> None:
    (sam, sees), (bob, sees_not) = [await visitor.watch(id_of(room, name)) for name in ("sam", "bob")]
    assert "staff-only" in channel_names(sees["guilds"][0])
    assert "staff-only" not in channel_names(sees_not["guilds"][0])
    made = await said(visitor, "sam", "secret", "staff-only")
    assert (await sam.until("MESSAGE"))["content"] == "secret"
    await visitor.done("edit", message=made["id"], content="still secret")
    await visitor.done("react", user="sam", message=made["id"], emoji="👍")
    await visitor.done("typing", user="sam", channel="staff-only")
    await visitor.done("annotate", message=made["id"], note={"title": "t"})
    await visitor.done("delete", message=made["id"])
    await nothing(visitor, bob)


async def test_a_private_thread_is_for_its_members_and_moderators(visitor: Visitor, room: Sandbox) -> None:
    owner, alice, bob = await watch(visitor, room, "owner", "alice", "bob")
    thread = await visitor.done("start_thread", user="alice", name="whisper", channel="help", private=True)
    for line in (owner, alice):
        guild = await line.until("GUILD")
        assert "whisper" in channel_names(guild)
    await said(visitor, "alice", "psst", thread["id"])
    assert (await alice.until("MESSAGE"))["content"] == "psst"
    assert "whisper" not in channel_names(await bob.until("GUILD"))
    await nothing(visitor, bob)
    await visitor.done("join_thread", user="bob", thread=thread["id"])
    guild = await bob.until("GUILD")
    shown = next(item for item in guild["channels"] if item["name"] == "whisper")
    assert (shown["joined"], shown["private"]) == (True, True)
    await visitor.done("join_thread", user="bob", thread=thread["id"], join=False)
    assert "whisper" not in channel_names(await bob.until("GUILD"))


async def test_an_ephemeral_message_is_for_one_alone(visitor: Visitor, room: Sandbox) -> None:
    alice, bob = await watch(visitor, room, "alice", "bob")
    message = await ephemeral(visitor, room, "alice", "for alice")
    shown = await alice.until("MESSAGE")
    assert (shown["content"], shown["ephemeral"]) == ("for alice", True)
    await visitor.done("annotate", message=str(message), note={"title": "noted"})
    assert (await alice.until("MESSAGE"))["note"]["title"] == "noted"
    await visitor.done("react", user="alice", message=str(message), emoji="👍")
    assert (await alice.until("MESSAGE"))["reactions"][0]["me"] is True
    await nothing(visitor, bob)
    for name, seen in (("alice", ["for alice", "a mark"]), ("bob", ["a mark"])):
        screen = await visitor.done("screen", user=name, channel="help")
        assert [item["content"] for item in screen] == seen
    await visitor.done("delete", message=str(message))
    assert (await alice.until("MESSAGE_GONE"))["ids"] == [str(message)]
    await nothing(visitor, bob)


async def ephemeral(visitor: Visitor, room: Sandbox, user: str, content: str) -> int:
    """Let the application answer a member's command so that only they see it; return the message's id."""
    await register(room, {"name": "ping", "description": "d"})
    await visitor.done("slash", user=user, command="ping", channel="help")
    item = list(room.core.world.interactions.values())[-1]
    answer = {"type": 4, "data": {"content": content, "flags": 64}}
    url = f"{room.api_url}/interactions/{item.id}/{item.token}/callback"
    async with visitor.session.post(url, json=answer) as reply:
        assert reply.status == 204
    assert item.original_id is not None
    return item.original_id


async def test_an_answered_command_is_told_to_who_gave_it(visitor: Visitor, room: Sandbox) -> None:
    alice, bob = await watch(visitor, room, "alice", "bob")
    await ephemeral(visitor, room, "alice", "pong")
    answer = await alice.until("INTERACTION")
    assert (answer["state"], answer["callback"], answer["application"]["name"]) == ("answered", 4, "bot")
    await nothing(visitor, bob)


async def test_a_role_makes_a_channel_appear_and_its_loss_disappear(visitor: Visitor, room: Sandbox) -> None:
    (bob,) = await watch(visitor, room, "bob")
    await visitor.done("set_member", member="bob", roles=["staff"])
    guild = await bob.until("GUILD")
    assert "staff-only" in channel_names(guild)
    people = await bob.until("PEOPLE")
    assert {"bob": "staff", "alice": "member"}.items() <= {
        p["username"]: p["standing"] for p in people
    }.items()
    await said(visitor, "sam", "welcome", "staff-only")
    assert (await bob.until("MESSAGE"))["content"] == "welcome"
    await visitor.done("set_member", member="bob", roles=[])
    assert "staff-only" not in channel_names(await bob.until("GUILD"))
    await bob.until("PEOPLE")
    await said(visitor, "sam", "he is gone", "staff-only")
    await nothing(visitor, bob)


async def test_overwrites_hide_and_show_a_channel(visitor: Visitor, room: Sandbox) -> None:
    (bob,) = await watch(visitor, room, "bob")
    deny = [{"target": "everyone", "deny": ["view_channel"]}]
    await visitor.done("set_overwrites", channel="help", overwrites=deny)
    assert "help" not in channel_names(await bob.until("GUILD"))
    await visitor.done("set_overwrites", channel="help", overwrites=[])
    assert "help" in channel_names(await bob.until("GUILD"))


async def test_channels_come_change_and_go(visitor: Visitor, room: Sandbox) -> None:
    (bob,) = await watch(visitor, room, "bob")
    await visitor.done("channel", name="new")
    assert "new" in channel_names(await bob.until("GUILD"))
    await visitor.done("edit_channel", channel="new", changes={"name": "newer"})
    assert "newer" in channel_names(await bob.until("GUILD"))
    await visitor.done("delete_channel", channel="newer")
    assert "newer" not in channel_names(await bob.until("GUILD"))


async def test_edits_and_deletions_are_told(visitor: Visitor, room: Sandbox) -> None:
    (bob,) = await watch(visitor, room, "bob")
    made = [await said(visitor, "alice", f"number {number}", "help") for number in range(4)]
    await visitor.done("edit", message=made[0]["id"], content="changed")
    assert (await bob.until("MESSAGE", lambda data: data["edited_timestamp"]))["content"] == "changed"
    await visitor.done("delete", message=made[0]["id"])
    gone = await bob.until("MESSAGE_GONE")
    assert gone == {"channel_id": str(id_of(room, "help")), "ids": [made[0]["id"]]}
    await visitor.done("delete_many", channel="help", messages=[item["id"] for item in made[1:]])
    assert (await bob.until("MESSAGE_GONE"))["ids"] == [item["id"] for item in made[1:]]


async def test_a_message_that_came_and_went_at_once_is_told_as_gone(visitor: Visitor, room: Sandbox) -> None:
    (bob,) = await watch(visitor, room, "bob")
    made = await room.call("say", author="alice", content="oops", channel="help")
    await room.call("delete", message=made["id"])
    assert await bob.next() == ("MESSAGE_GONE", {"channel_id": made["channel_id"], "ids": [made["id"]]})


async def test_each_sees_their_own_reactions_as_theirs(visitor: Visitor, room: Sandbox) -> None:
    alice, bob = await watch(visitor, room, "alice", "bob")
    made = await said(visitor, "alice", "react to this", "help")
    await visitor.done("react", user="bob", message=made["id"], emoji="👍")
    for line, mine in ((alice, False), (bob, True)):
        message = await line.until("MESSAGE", lambda data: data.get("reactions"))
        assert [(item["emoji"]["name"], item["count"], item["me"]) for item in message["reactions"]] == [
            ("👍", 1, mine)
        ]
    await visitor.done("react", user="bob", message=made["id"], emoji="👍", add=False)
    assert "reactions" not in await bob.until("MESSAGE")


async def test_typing_is_told_to_the_others(visitor: Visitor, room: Sandbox) -> None:
    alice, bob = await watch(visitor, room, "alice", "bob")
    await visitor.done("typing", user="alice", channel="help")
    shown = {"channel_id": str(id_of(room, "help")), "user_id": str(id_of(room, "alice"))}
    assert await bob.next() == ("TYPING", shown)
    await nothing(visitor, alice)


async def test_a_note_is_told_and_taken_away(visitor: Visitor, room: Sandbox) -> None:
    (bob,) = await watch(visitor, room, "bob")
    made = await said(visitor, "alice", "help!", "help")
    note = {"title": "asks", "tone": "good", "rows": [["intent", 0.9]]}
    await visitor.done("annotate", message=made["id"], note=note)
    shown = await bob.until("MESSAGE", lambda data: "note" in data)
    assert shown["note"] == {"title": "asks", "tone": "good", "rows": [["intent", "0.9"]]}
    await visitor.done("annotate", message=made["id"], note=None)
    assert "note" not in await bob.until("MESSAGE")


async def test_direct_messages_are_told_to_the_two(visitor: Visitor, room: Sandbox) -> None:
    alice, bob = await watch(visitor, room, "alice", "bob")
    place = await visitor.done("dm", user="alice")
    (channel,) = await alice.until("DIRECT")
    assert [person["username"] for person in channel["recipients"]] == ["bot"]
    await said(visitor, "bot", "hi alice", place["id"])
    assert (await alice.until("MESSAGE"))["content"] == "hi alice"
    assert (await bob.next()) == ("DIRECT", [])
    await nothing(visitor, bob)


async def test_a_burst_gives_everything_anew(
    visitor: Visitor, room: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bob,) = await watch(visitor, room, "bob")
    monkeypatch.setattr(watcher, "MAX_PENDING", 10)
    lines = [{"author": "alice", "content": f"number {i}", "channel": "help"} for i in range(50)]
    ids = (await visitor.done("say_many", messages=lines))["ids"]
    kind, ready = await bob.next()
    assert kind == "READY"
    channel = next(item for item in ready["guilds"][0]["channels"] if item["name"] == "help")
    assert channel["last_message_id"] == ids[-1]
    await nothing(visitor, bob)


async def test_a_kicked_viewer_is_left_with_nothing(visitor: Visitor, room: Sandbox) -> None:
    (bob,) = await watch(visitor, room, "bob")
    await visitor.done("remove_member", member="bob")
    assert await bob.until("GUILD_GONE") == {"id": str(id_of(room, "Home"))}
    assert "bob" not in [person["username"] for person in await bob.until("PEOPLE")]
    await said(visitor, "alice", "not for bob", "help")
    await visitor.done("channel", name="not-for-bob")
    await visitor.done("member", name="bob")
    assert (await bob.next())[0] == "GUILD"  # nothing between the end and the return


@pytest.mark.parametrize("who", ["1", "nobody", "", "bot"])
async def test_an_unknown_viewer_becomes_the_first_member(visitor: Visitor, room: Sandbox, who: str) -> None:
    _, ready = await visitor.watch(id_of(room, "bot") if who == "bot" else who)
    assert ready["viewer"]["username"] == "owner"


async def test_switching_shows_what_the_other_may_see_and_nothing_more(
    visitor: Visitor, room: Sandbox
) -> None:
    live, ready = await visitor.watch(id_of(room, "sam"))
    assert "staff-only" in channel_names(ready["guilds"][0])
    await live.say({"as": str(id_of(room, "bob"))})
    ready = await live.until("READY")
    assert ready["viewer"]["username"] == "bob"
    assert "staff-only" not in channel_names(ready["guilds"][0])
    await said(visitor, "sam", "secret", "staff-only")
    await nothing(visitor, live)


async def test_what_was_meant_for_one_member_is_not_sent_to_the_next(visitor: Visitor, room: Sandbox) -> None:
    live, _ = await visitor.watch(id_of(room, "sam"))
    line = room.core.hub.watchers[0]
    assert isinstance(line, watcher.Watcher)
    await room.call("say", author="sam", content="secret", channel="staff-only")
    line.stop()  # before its turn to send, as when the page becomes somebody else
    await live.say({"as": str(id_of(room, "bob"))})
    assert (await live.next())[0] == "READY"
    await nothing(visitor, live)


async def test_a_page_of_an_empty_sandbox_waits_for_the_first_member() -> None:
    async with Sandbox() as room:
        from sandbox.page.server import Page

        page = Page(room.core, "t")
        await page.start("127.0.0.1")
        async with Visitor(page.address) as visitor:
            live = await visitor.line()
            await live.say({"token": "t", "as": None})
            assert await live.next() == ("NOBODY", {})
            status, _ = await visitor.op("member", "t", name="eve")
            assert status == 200
            ready = await live.until("READY")
            assert {"eve", "owner"} >= {ready["viewer"]["username"]}
        await page.stop()


async def test_servers_are_told_to_their_members_alone(visitor: Visitor, room: Sandbox) -> None:
    alice, bob = await watch(visitor, room, "alice", "bob")
    await visitor.done("guild", name="Other", owner="alice")
    guild = await alice.until("GUILD")
    assert (guild["name"], int(guild["permissions"]) & ADMIN) == ("Other", ADMIN)
    await visitor.done("channel", name="den", guild="Other")
    assert channel_names(await alice.until("GUILD", lambda data: data["channels"])) == ["den"]
    for kind, _ in await _until_mark(visitor, bob):
        assert kind == "PEOPLE"


async def _until_mark(visitor: Visitor, line: Live) -> list[tuple[str, Any]]:
    await said(visitor, "owner", "a mark", "help")
    return await line.before("a mark")


async def test_expensive_state_is_not_sent_at_every_turn(
    visitor: Visitor, room: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After work that took long the page waits, so that the loop is free for the bot."""
    await watch(visitor, room, "bob")
    line = next(item for item in room.core.hub.watchers if isinstance(item, watcher.Watcher))
    sent: list[str] = []
    monkeypatch.setattr(line, "_send_changes", lambda *_: sent.append("changes"))
    line._ready_at = 1e12  # as after endless work
    for number in range(3):
        await room.call("say", author="alice", content=f"number {number}", channel="help")
        await visitor.done("state")
    assert sent == []
    assert line._timer is not None
    line._timer.cancel()
    line._flush()
    assert sent == ["changes"]
