"""discord.py's own, unmodified client through channels, threads, forums, webhooks, roles and permissions."""

import asyncio
from typing import Any

import discord
import pytest

from sandbox import Sandbox
from tests.sandbox.clients import Recorder
from tests.sandbox.conftest import Login


@pytest.fixture
def guild(client: Recorder) -> discord.Guild:
    """The guild "Home" as the client knows it."""
    return client.guilds[0]


@pytest.fixture
def channel(guild: discord.Guild) -> discord.TextChannel:
    """The channel "help" as the client knows it."""
    return guild.text_channels[0]


@pytest.fixture
async def modest(room: Sandbox, login: Login) -> Recorder:
    """A client whose bot may do no more than everyone."""
    app = await room.application("modest")
    await room.invite("modest", permissions=[])
    client = Recorder()
    await login(client, app["token"])
    return client


async def test_channels_are_made_changed_and_deleted(
    room: Sandbox, guild: discord.Guild, conforms: Any
) -> None:
    category = await guild.create_category("Team")
    made = await guild.create_text_channel("talk", category=category, topic="Anything", slowmode_delay=5)
    assert (made.category_id, made.topic, made.slowmode_delay) == (category.id, "Anything", 5)
    edited = await made.edit(name="chat", topic="Everything")
    assert edited is not None
    assert (edited.name, edited.topic) == ("chat", "Everything")
    await made.delete()
    assert "chat" not in (await room.state())["guilds"]["Home"]["channels"]
    conforms(room.record)


async def test_channels_of_others_are_heard_of(room: Sandbox, client: Recorder) -> None:
    names = ("guild_channel_create", "guild_channel_update", "guild_channel_delete")
    waiting = [asyncio.create_task(client.wait_for(name, timeout=15)) for name in names]
    await asyncio.sleep(0)
    made = await room.channel("new")
    await made.edit(topic="changed")
    await made.delete()
    created, (_, updated), deleted = await asyncio.gather(*waiting)
    assert (created.id, updated.topic, deleted.id) == (made.id, "changed", made.id)


async def test_thread_from_a_message(room: Sandbox, channel: discord.TextChannel, conforms: Any) -> None:
    alice = await room.member("alice")
    start = await channel.fetch_message((await alice.say("start", "help")).id)
    thread = await start.create_thread(name="talk", auto_archive_duration=60)
    assert (thread.id, thread.parent_id, thread.auto_archive_duration) == (start.id, channel.id, 60)
    await thread.send("inside")
    first, second = [message async for message in thread.history(oldest_first=True)]
    assert (first.type, first.reference and first.reference.message_id) == (
        discord.MessageType.thread_starter_message,
        start.id,
    )
    assert second.content == "inside"
    with pytest.raises(discord.HTTPException) as twice:
        await start.create_thread(name="again")
    assert twice.value.code == 160004
    conforms(room.record)


async def test_private_thread_and_its_members(
    room: Sandbox, client: Recorder, channel: discord.TextChannel, conforms: Any
) -> None:
    alice = await room.member("alice")
    thread = await channel.create_thread(name="quiet", type=discord.ChannelType.private_thread)
    assert thread.is_private()
    joined = asyncio.create_task(client.wait_for("thread_member_join", timeout=15))
    await asyncio.sleep(0)
    await thread.add_user(discord.Object(alice.id))
    assert (await joined).id == alice.id
    assert {member.id for member in await thread.fetch_members()} == {alice.id, room.bot_user.id}
    left = asyncio.create_task(client.wait_for("thread_member_remove", timeout=15))
    await asyncio.sleep(0)
    await thread.remove_user(discord.Object(alice.id))
    assert (await left).id == alice.id
    await thread.leave()
    await thread.join()
    conforms(room.record)


async def test_archived_threads_are_listed_and_wake_up(room: Sandbox, channel: discord.TextChannel) -> None:
    public = await channel.create_thread(name="public", type=discord.ChannelType.public_thread)
    private = await channel.create_thread(name="private")
    await public.edit(archived=True)
    await private.edit(archived=True)
    assert [thread.name async for thread in channel.archived_threads()] == ["public"]
    assert [thread.name async for thread in channel.archived_threads(private=True)] == ["private"]
    assert [t.name async for t in channel.archived_threads(private=True, joined=True)] == ["private"]
    assert await channel.guild.active_threads() == []
    await public.send("wake up")
    assert [thread.name for thread in await channel.guild.active_threads()] == ["public"]


async def test_thread_of_a_member_is_heard_of(room: Sandbox, client: Recorder) -> None:
    alice = await room.member("alice")
    names = ("thread_create", "thread_update", "thread_delete")
    waiting = [asyncio.create_task(client.wait_for(name, timeout=15)) for name in names]
    await asyncio.sleep(0)
    made = await alice.start_thread(await alice.say("start", "help"), "talk")
    await made.edit(name="chat")
    await made.delete()
    created, (_, updated), deleted = await asyncio.gather(*waiting)
    assert (created.id, updated.name, deleted.id) == (made.id, "chat", made.id)


async def test_forum_posts_with_tags(room: Sandbox, client: Recorder, conforms: Any) -> None:
    alice = await room.member("alice")
    heard = asyncio.create_task(client.wait_for("guild_channel_create", timeout=15))
    await asyncio.sleep(0)
    await room.channel("ideas", type="forum", tags=["bug", "wish"])
    forum = await heard
    assert isinstance(forum, discord.ForumChannel)
    wish = discord.utils.get(forum.available_tags, name="wish")
    assert wish is not None
    post = await forum.create_thread(name="idea", content="text", applied_tags=[wish])
    assert post.message.id == post.thread.id
    assert post.thread.applied_tags == [wish]
    assert [message.content for message in await alice.sees(post.thread.id)] == ["text"]
    opened = asyncio.create_task(
        client.wait_for("thread_create", check=lambda made: made.owner_id == alice.id, timeout=15)
    )
    await asyncio.sleep(0)
    theirs, _ = await alice.open_post("ideas", "broken", "it breaks")
    thread = await opened
    assert (thread.id, thread.parent) == (theirs.id, forum)
    first = await thread.fetch_message(thread.id)
    assert first.content == "it breaks"
    conforms(room.record)


async def test_webhook_posts_edits_and_deletes(
    room: Sandbox, client: Recorder, channel: discord.TextChannel, conforms: Any
) -> None:
    hook = await channel.create_webhook(name="Relay")
    assert [each.id for each in await channel.webhooks()] == [hook.id]
    heard = asyncio.create_task(client.wait_for("message", timeout=15))
    await asyncio.sleep(0)
    sent = await hook.send("from outside", username="Someone", wait=True)
    message = await heard
    assert (message.webhook_id, message.author.name) == (hook.id, "Someone")
    assert (await sent.edit(content="changed")).content == "changed"
    await sent.delete()
    assert [message async for message in channel.history()] == []
    await hook.delete()
    with pytest.raises(discord.NotFound):
        await hook.send("gone")
    conforms(room.record)


async def test_roles_are_made_given_taken_and_deleted(
    room: Sandbox, client: Recorder, guild: discord.Guild, conforms: Any
) -> None:
    alice = await room.member("alice")
    role = await guild.create_role(name="helper", permissions=discord.Permissions(send_messages=True))
    room.core.world.guilds[guild.id].roles[role.id].position = 0
    member = await guild.fetch_member(alice.id)
    updated = asyncio.create_task(client.wait_for("member_update", timeout=15))
    await asyncio.sleep(0)
    await member.add_roles(role)
    _, now = await updated
    assert role in now.roles
    await member.remove_roles(role)
    assert role not in (await guild.fetch_member(alice.id)).roles
    await role.delete()
    assert "helper" not in {each.name for each in await guild.fetch_roles()}
    conforms(room.record)


async def test_members_are_listed_found_and_kicked(
    room: Sandbox, client: Recorder, guild: discord.Guild
) -> None:
    alice = await room.member("alice")
    assert {member.name async for member in guild.fetch_members()} == {"owner", "bot", "alice"}
    member = await guild.fetch_member(alice.id)
    edited = await member.edit(nick="Al")
    assert edited is not None
    assert edited.nick == "Al"
    gone = asyncio.create_task(client.wait_for("raw_member_remove", timeout=15))
    await asyncio.sleep(0)
    await member.kick(reason="test")
    assert (await gone).user.id == alice.id
    with pytest.raises(discord.NotFound):
        await guild.fetch_member(alice.id)


async def test_missing_permission_is_forbidden_with_50013(room: Sandbox, modest: Recorder) -> None:
    alice = await room.member("alice")
    message = await alice.say("mine", "help")
    place = modest.guilds[0].text_channels[0]
    for attempt in (
        place.get_partial_message(message.id).delete(),
        place.edit(topic="mine now"),
        modest.guilds[0].create_text_channel("more"),
        modest.guilds[0].create_role(name="boss"),
        place.create_webhook(name="Relay"),
    ):
        with pytest.raises(discord.Forbidden) as refused:
            await attempt
        assert refused.value.code == 50013
    await room.call(
        "set_overwrites", channel="help", overwrites=[{"target": "everyone", "deny": ["send_messages"]}]
    )
    with pytest.raises(discord.Forbidden) as refused:
        await place.send("may I?")
    assert refused.value.code == 50013


async def test_hidden_channel_is_forbidden_with_50001(room: Sandbox, modest: Recorder) -> None:
    hidden = await room.channel("secret", overwrites={"everyone": {"deny": ["view_channel"]}})
    place = modest.get_partial_messageable(hidden.id)
    for attempt in (place.send("hello?"), place.fetch_message(1), modest.fetch_channel(hidden.id)):
        with pytest.raises(discord.Forbidden) as refused:
            await attempt
        assert refused.value.code == 50001


async def test_permissions_are_what_discord_py_computes(room: Sandbox, modest: Recorder) -> None:
    await room.role("muted")
    await room.call("set_member", member="modest", roles=["modest", "muted"])
    rules = [
        {"target": "everyone", "deny": ["send_messages", "add_reactions"]},
        {"target": "muted", "allow": ["add_reactions"]},
        {"target": "modest", "allow": ["send_messages"]},
    ]
    changed = asyncio.create_task(modest.wait_for("guild_channel_update", timeout=15))
    await asyncio.sleep(0)
    await room.call("set_overwrites", channel="help", overwrites=rules)
    _, place = await changed
    assert isinstance(place, discord.TextChannel)
    mine = place.permissions_for(modest.guilds[0].me)
    assert (mine.send_messages, mine.add_reactions) == (True, True)
    sent = await place.send("allowed")
    await sent.add_reaction("👍")
