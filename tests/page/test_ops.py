"""The page's own operations: screens of history, lists, the command picker, notes."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.errors import ApiError
from sandbox.ops import OperationError
from sandbox.page import views
from tests.page.visitor import id_of, ids_are_text, register


def contents(messages: list[dict[str, Any]]) -> list[str]:
    return [message["content"] for message in messages]


async def test_screens_page_backwards_through_all_of_it(room: Sandbox) -> None:
    texts = [f"number {number}" for number in range(25)]
    await room.say_many([{"author": "alice", "content": text, "channel": "help"} for text in texts])
    seen: list[dict[str, Any]] = []
    while True:
        before = seen[0]["id"] if seen else None
        screen = await room.call("screen", user="bob", channel="help", before=before, limit=10)
        seen = screen + seen
        if len(screen) < 10:
            break
    assert contents(seen) == texts


async def test_a_screen_has_messages_dated_back_in_their_place(room: Sandbox) -> None:
    for text, ts in (("now", None), ("long ago", "2020-01-01T00:00:00")):
        await room.call("say", author="alice", content=text, channel="help", ts=ts)
    assert contents(await room.call("screen", user="bob", channel="help")) == ["long ago", "now"]


@pytest.mark.parametrize(("limit", "length"), [(-5, 1), (0, 1), (1, 1), (1000, 100)])
async def test_a_screen_has_its_limits(room: Sandbox, limit: int, length: int) -> None:
    await room.say_many([{"author": "alice", "content": "x", "channel": "help"} for _ in range(120)])
    assert len(await room.call("screen", user="bob", channel="help", limit=limit)) == length


async def test_a_screen_of_a_hidden_channel_or_history_is_empty(room: Sandbox) -> None:
    await room.call("say", author="sam", content="secret", channel="staff-only")
    await room.call("say", author="sam", content="hello", channel="help")
    assert await room.call("screen", user="bob", channel="staff-only") == []
    assert len(await room.call("screen", user="sam", channel="staff-only")) == 1
    deny = [{"target": "bob", "deny": ["read_message_history"]}]
    await room.call("set_overwrites", channel="help", overwrites=deny)
    assert await room.call("screen", user="bob", channel="help") == []
    assert len(await room.call("screen", user="alice", channel="help")) == 1


async def test_posts_come_last_active_first_with_their_opening_message(room: Sandbox) -> None:
    made = [
        await room.call("open_post", user="alice", forum="posts", title=title, content=f"about {title}")
        for title in ("one", "two", "three")
    ]
    await room.call("say", author="bob", content="me too", channel=made[0]["thread"]["id"])
    await room.call("edit_channel", channel=made[1]["thread"]["id"], changes={"archived": True})
    await room.call("delete", message=made[2]["message"]["id"])
    posts = await room.call("posts", user="bob", forum="posts")
    assert [post["thread"]["name"] for post in posts] == ["one", "three", "two"]
    assert [post["message"] and post["message"]["content"] for post in posts] == [
        "about one",
        None,
        "about two",
    ]
    assert [post["thread"]["thread_metadata"]["archived"] for post in posts] == [False, False, True]
    assert posts[0]["thread"]["message_count"] == 1
    assert ids_are_text(posts)
    assert len(await room.call("posts", user="bob", forum="posts", limit=2)) == 2


async def test_posts_are_of_a_forum_one_sees(room: Sandbox) -> None:
    with pytest.raises(OperationError, match="no forum"):
        await room.call("posts", user="bob", forum="help")
    deny = [{"target": "everyone", "deny": ["view_channel"]}]
    await room.call("set_overwrites", channel="posts", overwrites=deny)
    with pytest.raises(ApiError, match="50001"):
        await room.call("posts", user="bob", forum="posts")


async def test_threads_list_archived_ones_and_private_ones_of_the_viewer(room: Sandbox) -> None:
    for name, private in (("open", False), ("old", False), ("private", True)):
        await room.call("start_thread", user="alice", name=name, channel="help", private=private)
    await room.call("edit_channel", channel="old", changes={"archived": True})

    async def names(user: str) -> list[str]:
        return [thread["name"] for thread in await room.call("threads", user=user, channel="help")]

    assert await names("alice") == ["private", "old", "open"]
    assert await names("bob") == ["old", "open"]
    assert await names("owner") == ["private", "old", "open"]
    with pytest.raises(ApiError, match="50001"):
        await room.call("threads", user="bob", channel="staff-only")


async def test_pins_are_the_pinned_messages_last_pinned_first(room: Sandbox) -> None:
    made = [await room.call("say", author="alice", content=f"number {i}", channel="help") for i in range(3)]
    for message in (made[2], made[0]):
        await room.call("pin", message=message["id"], by="owner")
    assert contents(await room.call("pins", user="bob", channel="help")) == ["number 0", "number 2"]
    with pytest.raises(ApiError, match="50001"):
        await room.call("pins", user="bob", channel="staff-only")


async def test_a_server_has_the_newest_of_its_archived_threads(
    room: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_ARCHIVED", 2)
    for name in ("a", "b", "c", "d"):
        await room.call("start_thread", user="alice", name=name, channel="help")
    for name in ("c", "a", "b"):
        await room.call("edit_channel", channel=name, changes={"archived": True})
    core, home = room.core, room.core.world.guilds[id_of(room, "Home")]
    shown = views.guild(core, home, core.world.users[id_of(room, "bob")])
    assert {item["name"] for item in shown["channels"]} == {"help", "posts", "a", "b", "d"}


async def test_a_category_shows_when_something_in_it_does(room: Sandbox) -> None:
    for category, parts in (("open", ["chat"]), ("closed", ["den"]), ("empty", [])):
        await room.call("channel", name=category, type="category")
        for name in parts:
            await room.call("channel", name=name, parent=category)
    for name in ("closed", "den", "open"):
        deny = [{"target": "everyone", "deny": ["view_channel"]}]
        await room.call("set_overwrites", channel=name, overwrites=deny)
    core, home = room.core, room.core.world.guilds[id_of(room, "Home")]
    shown = views.guild(core, home, core.world.users[id_of(room, "bob")])
    assert {item["name"] for item in shown["channels"]} == {"help", "posts", "open", "chat", "empty"}


async def test_standing_is_owner_highest_role_member_or_newcomer(room: Sandbox) -> None:
    await room.role("boss")
    await room.call("set_role", role="boss", position=9)
    await room.member("zoe", roles=["staff", "boss"])
    home = room.core.world.guilds[id_of(room, "Home")]
    late = await room.member("late")
    home.members[late.id].joined_at = home.joined_at + timedelta(minutes=2)
    standing = {person["username"]: person["standing"] for person in views.people(room.core)}
    assert standing == {
        "owner": "owner",
        "alice": "member",
        "bob": "member",
        "sam": "staff",
        "zoe": "boss",
        "late": "newcomer",
    }


async def test_people_are_those_who_are_in_a_server_and_no_bots(room: Sandbox) -> None:
    await room.call("member", name="helper", bot=True)
    await room.call("guild", name="Other", owner="eve")
    await room.call("member", name="alice", guild="Other")
    await room.call("remove_member", member="bob")
    people = {person["username"]: person["guild_ids"] for person in views.people(room.core)}
    home, other = str(id_of(room, "Home")), str(id_of(room, "Other"))
    assert people == {"owner": [home], "alice": [home, other], "sam": [home], "eve": [other]}


COMMANDS = [
    {"name": "ping", "type": 1, "description": "d"},
    {"name": "ban", "type": 1, "description": "d", "default_member_permissions": "4"},
    {"name": "Report", "type": 3},
]


async def test_the_picker_offers_what_a_member_may_use(room: Sandbox) -> None:
    await register(room, *COMMANDS)

    async def names(user: str, channel: str) -> list[str]:
        found = await room.call("picker", user=user, channel=channel)
        assert all(command["application"]["name"] == "bot" for command in found)
        return [command["name"] for command in found]

    assert await names("owner", "help") == ["ping", "ban", "Report"]
    assert await names("bob", "help") == ["ping", "Report"]
    assert await names("bob", "staff-only") == []
    deny = [{"target": "bob", "deny": ["use_application_commands"]}]
    await room.call("set_overwrites", channel="help", overwrites=deny)
    assert await names("bob", "help") == []


@pytest.mark.parametrize(
    ("note", "problem"),
    [
        ("text", "an object"),
        ([], "an object"),
        ({"tone": "purple"}, "no tone 'purple'; there are quiet, info"),
        ({"rows": "text"}, "list of pairs"),
        ({"rows": 5}, "list of pairs"),
        ({"rows": [["one"]]}, "list of pairs"),
        ({"rows": ["ab"]}, "list of pairs"),
    ],
    ids=str,
)
async def test_a_note_has_its_shape(room: Sandbox, note: Any, problem: str) -> None:
    made = await room.call("say", author="alice", content="x", channel="help")
    with pytest.raises(OperationError, match=problem):
        await room.call("annotate", message=made["id"], note=note)
    (shown,) = await room.call("screen", user="bob", channel="help")
    assert "note" not in shown


async def test_a_note_is_filled_up_and_is_no_part_of_the_api(room: Sandbox) -> None:
    made = await room.call("say", author="alice", content="x", channel="help")
    await room.call("annotate", message=made["id"], note={"rows": [["n", 1], ("m", None)]})
    (shown,) = await room.call("screen", user="bob", channel="help")
    assert shown["note"] == {"title": "", "tone": "info", "rows": [["n", "1"], ["m", "None"]]}
    assert "note" not in await room.call("message", message=made["id"])
    with pytest.raises(OperationError, match="no message"):
        await room.call("annotate", message=1, note={})
