"""The driver: what members do and see, waiting, and judging from the record."""

import asyncio

import pytest

from sandbox import Sandbox
from sandbox.errors import ApiError
from sandbox.ops import OperationError
from tests.sandbox.raw import Http


async def test_member_says_edits_deletes_and_sees(room: Sandbox) -> None:
    alice, bob = await room.member("alice"), await room.member("bob")
    first = await alice.say("one", "help")
    second = await bob.say("two", "help", reply_to=first)
    assert second.reference_id == first.id
    await alice.edit(first, "one, really")
    assert [message.content for message in await bob.sees("help")] == ["one, really", "two"]
    with pytest.raises(ApiError, match="50013"):
        await alice.delete(second)
    await bob.delete(second)
    assert [message.id for message in await alice.sees("help")] == [first.id]


async def test_members_cannot_do_what_permissions_forbid(room: Sandbox) -> None:
    alice = await room.member("alice")
    hidden = await room.channel("staff", overwrites={"everyone": {"deny": ["view_channel"]}})
    read_only = await room.channel("rules", overwrites={"everyone": {"deny": ["send_messages"]}})
    with pytest.raises(ApiError, match="50001"):
        await alice.say("hi", hidden)
    with pytest.raises(ApiError, match="50013"):
        await alice.say("hi", read_only)
    owner = await room.member("owner")
    await owner.say("for staff", hidden)
    assert await alice.sees(hidden) == []
    await hidden.set_overwrites({"everyone": {"deny": ["view_channel"]}, alice: {"allow": ["view_channel"]}})
    assert [message.content for message in await alice.sees(hidden)] == ["for staff"]


async def test_roles_open_channels(room: Sandbox) -> None:
    staff = await room.role("staff")
    rules = {"everyone": {"deny": ["view_channel"]}, staff: {"allow": ["view_channel"]}}
    channel = await room.channel("staff-only", overwrites=rules)
    carol = await room.member("carol", roles=[staff])
    await carol.say("hello staff", channel)
    assert len(await carol.sees(channel)) == 1


async def test_one_role_that_allows_wins_over_another_that_denies(room: Sandbox) -> None:
    muted, helper = await room.role("muted"), await room.role("helper")
    rules = {muted: {"deny": ["send_messages"]}, helper: {"allow": ["send_messages"]}}
    channel = await room.channel("talk", overwrites=rules)
    both = await room.member("both", roles=[muted, helper])
    one = await room.member("one", roles=[muted])
    await both.say("I may", channel)
    with pytest.raises(ApiError, match="50013"):
        await one.say("I may not", channel)


async def test_same_name_in_two_guilds_is_one_account(room: Sandbox) -> None:
    other = await room.guild("Other")
    here, there = await room.member("alice"), await room.member("alice", guild=other)
    assert here.id == there.id
    assert (await room.member("alice", guild=other)).guild_id == other.id


async def test_ids_rise_with_the_time(room: Sandbox) -> None:
    alice = await room.member("alice")
    made = [(await alice.say(str(i), "help")).id for i in range(50)]
    assert made == sorted(set(made))
    old = await alice.say("long ago", "help", ts=1_600_000_000)
    assert old.id < made[0]


async def test_wait_for_reply_finds_past_and_coming_replies(room: Sandbox, http: Http) -> None:
    alice = await room.member("alice")
    message = await alice.say("help?", "help")
    waiting = asyncio.create_task(room.wait_for_reply(to=message))
    await asyncio.sleep(0)
    body = {"content": "here", "message_reference": {"message_id": str(message.id)}}
    await http("POST", f"/channels/{message.channel_id}/messages", body)
    assert (await waiting).content == "here"
    assert (await room.wait_for_reply(to=message)).content == "here"


async def test_waiting_has_a_deadline_and_tells_what_happened_last(room: Sandbox) -> None:
    alice = await room.member("alice")
    message = await alice.say("anyone?", "help")
    with pytest.raises(TimeoutError, match="message anyone"):
        await room.wait_for_reply(to=message, timeout=0.01)


async def test_a_predicate_that_fails_fails_its_waiter_only(room: Sandbox) -> None:
    waiting = asyncio.create_task(room.wait_for(lambda e: e["no such field"], after=room.record.last))
    await asyncio.sleep(0)
    await (await room.member("alice")).say("x", "help")
    with pytest.raises(KeyError):
        await waiting


async def test_record_links_messages_to_the_requests_that_made_them(room: Sandbox, http: Http) -> None:
    channel = (await room.state())["guilds"]["Home"]["channels"]["help"]
    await http("POST", f"/channels/{channel}/messages", {"content": "x"})
    message = room.record.messages(bot=True)[0]
    request = room.record.requests("POST /channels/{channel_id}/messages")[0]
    assert message["request"] == request["request"]
    assert (request["status"], request["body"]) == (200, {"content": "x"})
    assert request["response"]["id"] == str(message["message_id"])


async def test_record_can_be_bounded() -> None:
    async with Sandbox(record_limit=10) as small:
        alice = await small.member("alice")
        channel = await small.channel("help")
        await small.say_many([{"author": alice, "content": str(i), "channel": channel} for i in range(50)])
        assert len(small.record) == 10
        assert [entry["content"] for entry in small.record.after(small.record.last - 2)] == ["48", "49"]


async def test_same_seed_makes_the_same_faults() -> None:
    def faults(seed: int) -> list[object]:
        room = Sandbox(seed=seed)
        room.faults.chaos = 0.5
        taken = [room.faults.take("POST", "/x") for _ in range(30)]
        return [(rule.action, rule.status) if rule else None for rule in taken]

    assert faults(7) == faults(7)
    assert faults(7) != faults(8)


@pytest.mark.parametrize(
    ("op", "args", "words"),
    [
        ("nonsense", {}, "no operation"),
        ("say", {"author": "nobody", "content": "x", "channel": "help"}, "no user 'nobody'"),
        ("say", {"author": "owner", "content": "x", "channel": "nowhere"}, "no channel 'nowhere'"),
        ("channel", {"name": "x", "type": "odd"}, "no channel type"),
        ("message", {"message": 1}, "no message 1"),
    ],
)
async def test_mistakes_in_a_test_are_told(
    room: Sandbox, op: str, args: dict[str, object], words: str
) -> None:
    with pytest.raises(OperationError, match=words):
        await room.call(op, **args)


async def test_unknown_fault_switch_is_told(room: Sandbox) -> None:
    with pytest.raises(ValueError, match="no fault switch named 'latencyy'"):
        await room.set_faults(latencyy=1)


async def test_forum_posts_reactions_and_threads_by_members(room: Sandbox) -> None:
    alice, bob = await room.member("alice"), await room.member("bob")
    forum = await room.channel("ideas", type="forum")
    thread, opening = await alice.open_post(forum, "An idea", "what if", files=[("a.txt", b"abc")])
    assert opening.id == thread.id
    await bob.say("nice", thread)
    assert [message.content for message in await bob.sees(thread)] == ["what if", "nice"]
    await bob.react(opening, "🎉")
    await bob.react(opening, "🎉")
    assert (await opening.fetch()).json["reactions"][0]["count"] == 1
    await bob.react(opening, "🎉", add=False)
    assert "reactions" not in (await opening.fetch()).json


async def test_bots_and_webhooks_can_be_authors(room: Sandbox) -> None:
    robot = await room.member("robot", bot=True)
    assert (await robot.say("beep", "help")).json["author"]["bot"] is True
    hooked = await robot.say("deployed", "help", webhook="CI")
    assert hooked.json["author"]["username"] == "CI"
    assert hooked.json["webhook_id"] == hooked.json["author"]["id"]
