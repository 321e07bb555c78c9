"""What is kept of a text: edits replace it, deletions erase it, secrets never get in."""

import re
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Message
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running, a_discord, a_home, fence

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Put together here, so that no scanner takes them for real ones.
TOKEN = "MTE5ODc2NTQzMjEwOTg3NjU0Mw" + ".GaBcDe." + "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789ab"
WEBHOOK = "https://discord.com/api/webhooks/119876543210987654/" + "x7Yk2" * 13
API_KEY = "sk-" + "proj-" + "A1b2C3d4" * 6
SECRETS = {"token": TOKEN, "webhook": WEBHOOK, "api key": API_KEY}


async def content(bot: Running, message: Any) -> str:
    return str((await bot.story(message))["message"]["content"])


async def until_content(bot: Running, message: Any, expected: str) -> None:
    async def look() -> bool:
        return await content(bot, message) == expected

    await bot.until(f"the text to become {expected!r}", look)


async def until_erased(bot: Running, *messages: Any) -> None:
    """Wait until the stories say deleted, and check that nothing is left of what was said."""
    for message in messages:

        async def look(message: Any = message) -> bool:
            return bool((await bot.story(message))["deleted"])

        await bot.until("the deletion", look)
        story = await bot.story(message)
        assert story["message"]["content"] == ""
        assert not story["message"]["attachments"]
        assert not story["message"]["embeds"]


def payload(city: Sandbox, message: Message, **changes: Any) -> dict[str, Any]:
    """Return the MESSAGE_CREATE the sandbox sent for a message, changed."""
    sent = [
        entry["data"]
        for entry in city.record.of("gateway_out", event="MESSAGE_CREATE")
        if entry["data"]["id"] == str(message.id)
    ]
    return {**sent[0], **changes}


class TestEdits:
    async def test_an_edit_replaces_the_text_and_is_not_answered(self, town: Home, watchman: Running) -> None:
        message = await town.alice.say("just a plain remark", town.help)
        await watchman.story(message)
        await message.edit("how do I install the driver on my machine?")
        await until_content(watchman, message, "how do I install the driver on my machine?")
        assert (await watchman.story(message))["times"]["edited"]
        assert town.replies(message) == []
        assert b"just a plain remark" not in _after_checkpoint(watchman)

    async def test_an_edit_that_comes_before_its_message_wins(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        told = await town.alice.say("sent first", town.chat)
        later = str(told.id + 1000)
        await city.inject(
            "MESSAGE_UPDATE",
            payload(
                city, told, id=later, content="the new text", edited_timestamp="2026-11-21T01:00:00+00:00"
            ),
        )
        await until_content(watchman, later, "the new text")
        await city.inject("MESSAGE_CREATE", payload(city, told, id=later, content="the old text"))
        await fence(town, watchman)
        assert await content(watchman, later) == "the new text"

    async def test_an_unfurled_link_changes_nothing(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        message = await town.alice.say("see https://example.org/page", town.chat)
        before = await watchman.story(message)
        await city.inject(
            "MESSAGE_UPDATE", payload(city, message, embeds=[{"type": "link", "title": "Example"}])
        )
        await fence(town, watchman)
        assert await watchman.story(message) == before

    @pytest.mark.parametrize("kind", SECRETS)
    async def test_a_secret_edited_in_is_redacted(self, town: Home, watchman: Running, kind: str) -> None:
        message = await town.alice.say("wait a second", town.chat)
        await watchman.story(message)
        await message.edit(f"this is it: {SECRETS[kind]} ok?")

        async def look() -> bool:
            return "this is it" in await content(watchman, message)

        await watchman.until("the edit", look)
        assert SECRETS[kind] not in await content(watchman, message)
        assert SECRETS[kind].encode() not in watchman.bytes_on_disk()


class TestDeletions:
    async def test_a_deletion_erases_the_text(self, town: Home, watchman: Running) -> None:
        marked = "zebra-quartz-4711 is what I wrote"
        message = await town.alice.say(marked, town.chat, attachments=[("holiday.png", b"x")])
        assert await content(watchman, message) == marked
        await message.delete()
        await until_erased(watchman, message)

    async def test_a_bulk_deletion_erases_every_text(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        said = [await town.alice.say(f"line {number}", town.chat) for number in range(5)]
        kept = await town.bob.say("not this one", town.chat)
        await watchman.story(kept)
        await city.call("delete_many", channel=town.chat.id, messages=[message.id for message in said])
        await until_erased(watchman, *said)
        assert await content(watchman, kept) == "not this one"

    async def test_a_deleted_channel_takes_its_texts_and_its_threads_along(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        doomed = await city.channel("doomed", guild=town.guild)
        inside = await town.alice.say("in the channel", doomed)
        thread = await town.alice.start_thread(inside, "thread")
        below = await town.alice.say("in its thread", thread)
        beside = await town.alice.say("elsewhere", town.chat)
        for message in (inside, below, beside):
            await watchman.story(message)
        await doomed.delete()
        await until_erased(watchman, inside, below)
        assert await content(watchman, beside) == "elsewhere"

    async def test_a_deleted_thread_takes_its_texts_along(self, town: Home, watchman: Running) -> None:
        opening = await town.alice.say("opening", town.chat)
        thread = await town.alice.start_thread(opening, "thread")
        below = await town.alice.say("in the thread", thread)
        await watchman.story(below)
        await thread.delete()
        await until_erased(watchman, below)
        assert await content(watchman, opening) == "opening"

    async def test_a_deletion_that_comes_before_its_message_keeps_it_out(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        told = await town.alice.say("something", town.chat)
        later = str(told.id + 1000)
        where = {"channel_id": str(town.chat.id), "guild_id": str(town.guild.id)}
        await city.inject("MESSAGE_DELETE", {"id": later, **where})
        await fence(town, watchman)
        await city.inject(
            "MESSAGE_CREATE", payload(city, told, id=later, content="how do I install the driver?")
        )
        await fence(town, watchman)
        await until_erased(watchman, later)
        assert town.replies(int(later)) == []

    async def test_an_edit_after_the_deletion_does_not_bring_the_text_back(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        message = await town.alice.say("something", town.chat)
        await watchman.story(message)
        await message.delete()
        await city.inject(
            "MESSAGE_UPDATE",
            payload(city, message, content="back again", edited_timestamp="2026-11-21T01:00:00+00:00"),
        )
        await fence(town, watchman)
        await until_erased(watchman, message)

    async def test_a_deletion_of_the_unknown_breaks_nothing(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        await city.inject("MESSAGE_DELETE", {"id": "5", "channel_id": "6", "guild_id": str(town.guild.id)})
        await city.inject("MESSAGE_DELETE_BULK", {"ids": ["7", "8"], "channel_id": "6"})
        await city.inject(
            "CHANNEL_DELETE", {"id": "9", "type": 0, "guild_id": str(town.guild.id), "name": "x"}
        )
        await fence(town, watchman)


async def test_no_secret_reaches_the_disk_or_the_log(
    city: Sandbox, town: Home, running_bot: BotFactory
) -> None:
    async with a_discord() as discord:
        home = await a_home(discord)
        async with running_bot(discord) as bot:
            for number, (kind, secret) in enumerate(SECRETS.items()):
                person = await home.person(f"member{number}")
                where = await discord.channel(f"help-{number}", guild=home.guild)
                message = await person.say(f"I get a 403 with {secret}, can anyone help?", where)
                await discord.wait_for_reply(to=message)
                embed = {"title": "t", "description": f"look {secret}", "url": "https://example.org/"}
                await person.say("see this", where, embeds=[embed])
                await person.say("and this", where, attachments=[(f"{kind}.txt", secret.encode())])
                named = await discord.member(f"n{number}", guild=home.guild, display=secret[-32:])
                await named.say("hello there", where)
            last = await fence(home, bot)
            assert await bot.stored(last)
        disk, log = bot.bytes_on_disk(), "\n".join(bot.log.lines)
        for secret in (*SECRETS.values(), discord.token):
            assert secret.encode() not in disk
            assert secret not in log
        assert len(re.findall(b"can anyone help", disk)) >= len(SECRETS), "the texts themselves are there"


def _after_checkpoint(bot: Running) -> bytes:
    """Return the database file's bytes once the journal is written back, as at a stop."""
    bot.rows("pragma wal_checkpoint(truncate)")
    return bot.database.read_bytes()
