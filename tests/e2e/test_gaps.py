"""What is said while the bot doesn't hear: read again in order, stored once, answered if fresh."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Message
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running

HELP = "how do I install the driver on my machine?"
HISTORY = "GET /channels/*/messages"
QUIET: dict[str, Any] = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}


def history_requests(discord: Sandbox, after: int = 0) -> list[dict[str, Any]]:
    return [
        entry
        for entry in discord.record.after(after)
        if entry["kind"] == "request" and entry["method"] == "GET" and entry["path"].endswith("/messages")
    ]


def stored_ids(bot: Running, place: Any) -> list[int]:
    query = "select message_id from signals where place_id = ? and deleted_at is null order by message_id"
    return [each for (each,) in bot.rows(query, place.id)]


async def until_stored(bot: Running, place: Any, messages: Sequence[Message | int]) -> None:
    """Wait until exactly these messages of a place are stored, and every gap is closed."""
    wanted = sorted(each if isinstance(each, int) else each.id for each in messages)
    await bot.until(f"{len(wanted)} messages", lambda: stored_ids(bot, place) == wanted)
    await bot.gaps_closed()
    assert stored_ids(bot, place) == wanted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


async def visit(running_bot: BotFactory, discord: Sandbox, folder: Path, home: Home) -> Message:
    """Let the bot run once, hear one message, and stop."""
    async with running_bot(discord, folder=folder, **QUIET) as bot:
        message = await home.bob.say("hello there", home.help)
        await bot.story(message)
    return message


class TestStopped:
    async def test_everything_said_while_it_was_off_is_stored_in_order_and_a_fresh_request_answered(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        first = await visit(running_bot, discord, folder, home)
        missed = await discord.say_many(
            [{"author": home.bob.id, "content": f"line {n}", "channel": home.help.id} for n in range(250)]
        )
        request = await home.alice.say(HELP, home.help)
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            reply = await discord.wait_for_reply(to=request)
            await until_stored(bot, home.help, [first, *missed, request])
            live = await home.bob.say("good to see you", home.help)
            await until_stored(bot, home.help, [first, *missed, request, live])
            story = await bot.story(request)
            assert story["backfilled"] is True
            assert story["orchestrator"]["status"] == "responded"
            order = bot.rows(
                "select message_id from signals where backfilled order by ingested_at, message_id"
            )
            assert order == sorted(order)
        assert [entry["message_id"] for entry in discord.record.messages(bot=True)] == [reply.id]

    async def test_an_old_request_is_stored_and_not_answered(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        ago = datetime.now(UTC) - timedelta(hours=3)
        await home.bob.say("long ago", home.help, ts=ago)
        async with running_bot(discord, folder=folder, **QUIET):
            pass
        stale = await home.alice.say(HELP, home.help, ts=ago + timedelta(minutes=1))
        fresh = await home.bob.say(HELP, home.help)
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            await discord.wait_for_reply(to=fresh)
            story = await bot.story(stale)
            assert story["observer"]["intent"] == "help_request"
            assert "old" in story["orchestrator"]["reason"]
        assert home.replies(stale) == []

    async def test_what_was_said_before_the_bot_came_is_not_read(
        self, discord: Sandbox, home: Home, running_bot: BotFactory
    ) -> None:
        before = await home.alice.say(HELP, home.help)
        async with running_bot(discord) as bot:
            after = await home.bob.say("hello", home.help)
            await bot.story(after)
            assert not await bot.stored(before)
        assert home.replies(before) == []

    async def test_threads_and_channels_made_meanwhile_are_read_from_their_beginning(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        await visit(running_bot, discord, folder, home)
        thread = await home.bob.start_thread(await home.bob.say("topic", home.help), "topic")
        in_thread = [await home.bob.say("one", thread), await home.alice.say(HELP, thread)]
        channel = await discord.channel("new", guild=home.guild)
        in_channel = [await home.bob.say("two", channel), await home.bob.say("three", channel)]
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            await discord.wait_for_reply(to=in_thread[1])
            await until_stored(bot, thread, in_thread)
            await until_stored(bot, channel, in_channel)

    async def test_edits_and_deletions_meanwhile_are_caught_up_with(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        await visit(running_bot, discord, folder, home)
        edited = await home.alice.say("before the edit", home.help)
        deleted = await home.alice.say("to be deleted", home.help)
        await edited.edit("after the edit")
        await deleted.delete()
        kept = await home.bob.say("kept", home.help)
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            story = await bot.story(kept)
            story = await bot.story(edited)
            assert story["message"]["content"] == "after the edit"
            await bot.gaps_closed()
            assert not await bot.stored(deleted) or (await bot.story(deleted))["deleted"]
            assert b"to be deleted" not in bot.bytes_on_disk()

    async def test_a_channel_deleted_meanwhile_closes_its_gap(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        await visit(running_bot, discord, folder, home)
        for _ in range(3):
            await home.bob.say("soon gone", home.help)
        discord.faults.fail(HISTORY, times=1_000, status=500)
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            await bot.until("the first try", lambda: bool(history_requests(discord)))
            await home.help.delete()
            await bot.gaps_closed()
            discord.faults.clear()
            live = await home.bob.say("still here", home.chat)
            await bot.story(live)

    async def test_a_bot_that_stops_at_once_loses_nothing(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        first = await visit(running_bot, discord, folder, home)
        said = [first]
        for round_ in range(3):
            said += [await home.bob.say(f"round {round_}, {number}", home.help) for number in range(20)]
            async with running_bot(discord, folder=folder, **QUIET):
                said += [await home.bob.say(f"live {round_}, {number}", home.help) for number in range(20)]
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            await until_stored(bot, home.help, said)

    async def test_history_that_fails_at_first_is_read_in_the_end(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        first = await visit(running_bot, discord, folder, home)
        missed = [await home.bob.say(f"line {number}", home.help) for number in range(5)]
        discord.faults.fail(HISTORY, times=1, status=500)
        discord.faults.rate_limit(HISTORY, times=1, retry_after=0.05)
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            await until_stored(bot, home.help, [first, *missed])

    async def test_a_private_channel_is_not_read_again_either(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        hidden = {"everyone": {"deny": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]}}
        secret = await discord.channel(
            "secret", guild=home.guild, overwrites={**hidden, "bob": {"allow": ["VIEW_CHANNEL"]}}
        )
        await visit(running_bot, discord, folder, home)
        message = await home.bob.say(HELP, secret)
        marker = await home.bob.say("public", home.help)
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            await bot.story(marker)
            await bot.gaps_closed()
            assert not await bot.stored(message)
        assert not [e for e in history_requests(discord) if str(secret.id) in e["path"]]

    async def test_other_bots_are_left_out_of_what_is_read_again(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        first = await visit(running_bot, discord, folder, home)
        robot = await discord.member("robot", guild=home.guild, bot=True)
        await robot.say(HELP, home.help)
        await home.bob.say(HELP, home.help, webhook="CI")
        last = await home.bob.say("that was that", home.help)
        async with running_bot(discord, folder=folder, **QUIET) as bot:
            await until_stored(bot, home.help, [first, last])
        assert discord.record.messages(bot=True, author_id=discord.bot_user.id) == []

    async def test_no_more_is_read_than_the_settings_allow(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, folder: Path
    ) -> None:
        await visit(running_bot, discord, folder, home)
        await discord.say_many(
            [{"author": home.bob.id, "content": f"line {n}", "channel": home.help.id} for n in range(500)]
        )
        before = discord.record.last
        async with running_bot(discord, folder=folder, ingest={"max_backfill_messages": 150}) as bot:
            await bot.until("a gap", lambda: bot.rows("select 1 from gaps"))
            await bot.gaps_closed()
            assert len(stored_ids(bot, home.help)) <= 300
        assert len(history_requests(discord, before)) <= 4


@pytest.mark.usefixtures("hasty")
class TestDisconnected:
    async def test_a_resumed_session_needs_no_history(
        self, discord: Sandbox, home: Home, running_bot: BotFactory
    ) -> None:
        async with running_bot(discord, **QUIET) as bot:
            before = await home.bob.say("before", home.help)
            await bot.story(before)
            mark = discord.record.last
            await discord.kick(resumable=True)
            missed = [await home.bob.say(f"missed {number}", home.help) for number in range(5)]
            request = await home.alice.say(HELP, home.help)
            await discord.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "resumed", 15, mark)
            await discord.wait_for_reply(to=request)
            await until_stored(bot, home.help, [before, *missed, request])
        assert history_requests(discord, mark) == []
        assert len(home.replies(request)) == 1

    async def test_a_request_to_reconnect_loses_nothing(
        self, discord: Sandbox, home: Home, running_bot: BotFactory
    ) -> None:
        async with running_bot(discord, **QUIET) as bot:
            mark = discord.record.last
            await discord.reconnect()
            request = await home.alice.say(HELP, home.help)
            await discord.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "resumed", 15, mark)
            await discord.wait_for_reply(to=request)
            await until_stored(bot, home.help, [request])

    @pytest.mark.parametrize("how", ["invalidated", "lost"])
    async def test_a_lost_session_is_caught_up_with(
        self, discord: Sandbox, home: Home, running_bot: BotFactory, how: str
    ) -> None:
        async with running_bot(discord, **QUIET) as bot:
            before = await home.bob.say("before", home.help)
            await bot.story(before)
            mark = discord.record.last
            if how == "invalidated":
                await discord.invalidate(resumable=False)
            else:
                await discord.kick(resumable=False)
            missed = [await home.bob.say(f"missed {number}", home.help) for number in range(5)]
            request = await home.alice.say(HELP, home.help)
            thread = await home.alice.start_thread(request, "made meanwhile")
            inside = await home.alice.say("in the thread", thread)
            await discord.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "ready", 15, mark)
            await discord.wait_for_reply(to=request, timeout=10)
            await until_stored(bot, home.help, [before, *missed, request])
            await until_stored(bot, thread, [inside])
        assert len(home.replies(request)) == 1
        assert history_requests(discord, mark)

    async def test_it_is_not_ready_until_it_is_connected_again(
        self, discord: Sandbox, running_bot: BotFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with running_bot(discord) as bot:
            may_identify = asyncio.Event()

            async def hold_back(*_: Any, **__: Any) -> None:
                await may_identify.wait()

            async def answers(status: int) -> bool:
                return (await bot.get("/readyz"))[0] == status

            monkeypatch.setattr("discord.Client.before_identify_hook", hold_back)
            assert await answers(200)
            await discord.kick(resumable=False)
            await bot.until("/readyz to say no", lambda: answers(503))
            may_identify.set()
            await bot.until("/readyz to say yes", lambda: answers(200))

    async def test_a_flood_that_does_not_fit_is_read_again(
        self, discord: Sandbox, home: Home, running_bot: BotFactory
    ) -> None:
        async with running_bot(discord, ingest={"queue_size": 100, "batch_size": 20}) as bot:
            said = await discord.say_many(
                [
                    {
                        "author": home.bob.id,
                        "content": f"line {n}",
                        "channel": (home.help, home.chat)[n % 2].id,
                    }
                    for n in range(600)
                ]
            )
            await until_stored(bot, home.help, said[0::2])
            await until_stored(bot, home.chat, said[1::2])
            assert bot.rows("select count(*) from gaps where reason = 'queue full'")[0][0] > 0, (
                "it did overflow"
            )
            cursors = bot.rows(
                "select id, cursor from channels where id in (?, ?)", home.help.id, home.chat.id
            )
            assert dict(cursors) == {home.help.id: said[-2], home.chat.id: said[-1]}
