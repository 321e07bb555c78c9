"""discord.py's own, unmodified client through messages, files, reactions and private talk."""

import asyncio
import io
from typing import Any

import discord
import pytest

from sandbox import Sandbox
from tests.sandbox.clients import Recorder


@pytest.fixture
def channel(client: Recorder) -> discord.TextChannel:
    """The channel "help" as the client knows it."""
    found = discord.utils.get(client.guilds[0].text_channels, name="help")
    assert found is not None
    return found


async def test_send_edit_and_delete(room: Sandbox, channel: discord.TextChannel, conforms: Any) -> None:
    alice = await room.member("alice")
    sent = await channel.send("first", embed=discord.Embed(title="Title", description="Text"), silent=True)
    assert (sent.flags.silent, sent.embeds[0].title) == (True, "Title")
    edited = await sent.edit(content="second", embed=None)
    assert (edited.content, edited.embeds) == ("second", [])
    assert [message.content for message in await alice.sees("help")] == ["second"]
    await sent.delete()
    assert await alice.sees("help") == []
    with pytest.raises(discord.NotFound) as missing:
        await channel.fetch_message(sent.id)
    assert missing.value.code == 10008
    conforms(room.record)


async def test_edits_and_deletions_of_others_are_heard(room: Sandbox, client: Recorder) -> None:
    alice = await room.member("alice")
    message = await alice.say("before", "help")
    waiting = [
        asyncio.create_task(client.wait_for(name, timeout=15)) for name in ("message_edit", "message_delete")
    ]
    await asyncio.sleep(0)
    await alice.edit(message, "after")
    await alice.delete(message)
    (old, new), gone = await asyncio.gather(*waiting)
    assert (old.content, new.content, gone.id) == ("before", "after", message.id)


async def test_reply_and_the_message_it_points_at(room: Sandbox, channel: discord.TextChannel) -> None:
    alice = await room.member("alice")
    question = await channel.fetch_message((await alice.say("why?", "help")).id)
    answer = await question.reply("because", mention_author=False)
    assert answer.reference is not None
    assert answer.reference.message_id == question.id
    assert answer.mentions == []
    fetched = await channel.fetch_message(answer.id)
    assert fetched.reference is not None
    assert isinstance(fetched.reference.resolved, discord.Message)
    assert fetched.reference.resolved.content == "why?"
    await question.delete()
    with pytest.raises(discord.HTTPException) as unknown:
        await question.reply("too late")
    assert unknown.value.code == 50035


async def test_allowed_mentions_decide_who_is_pinged(room: Sandbox, channel: discord.TextChannel) -> None:
    alice, bob = await room.member("alice"), await room.member("bob")
    only = discord.AllowedMentions(users=[discord.Object(bob.id)], everyone=False, roles=False)
    sent = await channel.send(f"{alice.mention} {bob.mention} @everyone", allowed_mentions=only)
    assert [user.id for user in sent.mentions] == [bob.id]
    assert sent.mention_everyone is False


async def test_history_before_after_and_around(room: Sandbox, channel: discord.TextChannel) -> None:
    alice = await room.member("alice")
    ids = await room.say_many([{"author": alice, "content": f"n{i}", "channel": "help"} for i in range(120)])
    middle = discord.Object(ids[60])

    async def read(**how: Any) -> list[str]:
        return [message.content async for message in channel.history(**how)]

    assert await read(limit=None, oldest_first=True) == [f"n{i}" for i in range(120)]
    assert await read(limit=3) == ["n119", "n118", "n117"]
    assert await read(limit=2, before=middle) == ["n59", "n58"]
    assert await read(limit=2, after=middle) == ["n61", "n62"]
    assert sorted(await read(limit=5, around=middle)) == ["n58", "n59", "n60", "n61", "n62"]


async def test_bulk_deletion_and_purge(room: Sandbox, client: Recorder, channel: discord.TextChannel) -> None:
    alice = await room.member("alice")
    ids = await room.say_many([{"author": alice, "content": f"n{i}", "channel": "help"} for i in range(6)])
    heard = asyncio.create_task(client.wait_for("raw_bulk_message_delete", timeout=15))
    await asyncio.sleep(0)
    await channel.delete_messages([discord.Object(item) for item in ids[:3]])
    assert (await heard).message_ids == set(ids[:3])
    purged = await channel.purge(limit=10, check=lambda message: message.id != ids[5])
    assert [message.id for message in purged] == [ids[4], ids[3]]
    assert [message.id for message in await alice.sees("help")] == [ids[5]]


async def test_pins(room: Sandbox, channel: discord.TextChannel) -> None:
    first, second = await channel.send("one"), await channel.send("two")
    await first.pin()
    await second.pin()
    assert {message.id async for message in channel.pins()} == {first.id, second.id}
    await first.unpin()
    assert [message.id async for message in channel.pins()] == [second.id]


async def test_uploads_are_read_back_from_the_cdn(
    room: Sandbox, channel: discord.TextChannel, conforms: Any
) -> None:
    picture, text = bytes(range(256)) * 40, "grüße".encode()
    files = [
        discord.File(io.BytesIO(picture), "a.bin"),
        discord.File(io.BytesIO(text), "b.txt", description="hi"),
    ]
    sent = await channel.send("two files", files=files)
    assert [(item.filename, item.size, item.description) for item in sent.attachments] == [
        ("a.bin", len(picture), None),
        ("b.txt", len(text), "hi"),
    ]
    assert await sent.attachments[0].read() == picture
    again = (await channel.fetch_message(sent.id)).attachments[1]
    assert await again.read() == text
    kept = await sent.edit(attachments=[sent.attachments[0], discord.File(io.BytesIO(b"new"), "c.txt")])
    assert [item.filename for item in kept.attachments] == ["a.bin", "c.txt"]
    assert await kept.attachments[1].read() == b"new"
    conforms(room.record)


async def test_upload_of_a_member_is_read(room: Sandbox, client: Recorder) -> None:
    alice = await room.member("alice")
    heard = asyncio.create_task(client.wait_for("message", timeout=15))
    await asyncio.sleep(0)
    await alice.say("look", "help", attachments=[("log.txt", b"error 403")])
    message = await heard
    assert await message.attachments[0].read() == b"error 403"


async def test_reactions_given_awaited_listed_and_taken(
    room: Sandbox, client: Recorder, channel: discord.TextChannel, conforms: Any
) -> None:
    alice = await room.member("alice")
    sent = await channel.send("vote")
    await sent.add_reaction("👍")

    def by_alice(reaction: discord.Reaction, user: discord.abc.User) -> bool:
        return user.id == alice.id and reaction.message.id == sent.id

    waiting = asyncio.create_task(client.wait_for("reaction_add", check=by_alice, timeout=15))
    await asyncio.sleep(0)
    await alice.react(sent.id, "👍")
    reaction, _ = await waiting
    assert (str(reaction.emoji), reaction.count) == ("👍", 2)
    assert {user.id async for user in reaction.users()} == {alice.id, room.bot_user.id}
    gone = asyncio.create_task(client.wait_for("reaction_remove", check=by_alice, timeout=15))
    await asyncio.sleep(0)
    await sent.remove_reaction("👍", discord.Object(alice.id))
    await gone
    await sent.clear_reactions()
    assert (await channel.fetch_message(sent.id)).reactions == []
    conforms(room.record)


async def test_private_talk_both_ways(room: Sandbox, client: Recorder, conforms: Any) -> None:
    alice = await room.member("alice")
    user = await client.fetch_user(alice.id)
    sent = await user.send("psst")
    assert isinstance(sent.channel, discord.DMChannel)
    direct = await alice.dm()
    assert [message.content for message in await alice.sees(direct)] == ["psst"]
    heard = asyncio.create_task(
        client.wait_for("message", check=lambda m: m.author.id == alice.id, timeout=15)
    )
    await asyncio.sleep(0)
    await alice.say("yes?", direct)
    answer = await heard
    assert answer.guild is None
    assert answer.channel.id == direct.id
    conforms(room.record)


async def test_typing_is_shown_and_heard(
    room: Sandbox, client: Recorder, channel: discord.TextChannel
) -> None:
    alice = await room.member("alice")
    async with channel.typing():
        pass
    shown = await room.wait_for(lambda e: e["kind"] == "typing")
    assert (shown["channel_id"], shown["user_id"]) == (channel.id, room.bot_user.id)
    heard = asyncio.create_task(
        client.wait_for("typing", check=lambda _, user, __: user.id == alice.id, timeout=15)
    )
    await asyncio.sleep(0)
    await alice.type("help")
    place, _, _ = await heard
    assert place == channel


async def test_nonce_sent_twice_is_one_message(room: Sandbox, channel: discord.TextChannel) -> None:
    first = await channel.send("once", nonce=7)
    second = await channel.send("once", nonce=7)
    assert first.id == second.id
    assert len(room.record.messages(bot=True)) == 1
