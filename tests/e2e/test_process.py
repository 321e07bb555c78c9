"""The bot as a process of its own: how it stops, what the next start takes up, why it may not start."""

import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from tests.e2e.child import Child
from tests.e2e.harness import Home, fence

ChildFactory = Callable[..., AbstractAsyncContextManager[Child]]

HELP = "how do I install the driver on my machine?"
POST = "POST /channels/*/messages"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGTERM")


async def acting(child: Child, message: Any) -> None:
    """Wait until the bot is about to answer."""
    await child.until(
        "the plan", lambda: child.rows("select 1 from actions where reference_id = ?", message.id)
    )


class TestStopping:
    async def test_work_in_progress_is_finished_first(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        async with child_bot(discord) as child:
            await child.ready()
            discord.faults.latency = 0.4
            message = await home.alice.say(HELP, home.help)
            await acting(child, message)
            child.signal(signal.SIGTERM)
            assert await child.ended() == 0
            (reply,) = home.replies(message)
            sent = child.rows("select status, message_id from actions")
            assert sent == [("sent", reply["message_id"])]
            assert child.rows("select stage, status from signals") == [("done", "responded")]
            assert "Traceback" not in "\n".join(child.err)
            assert (
                not (child.folder / "logs" / "errors.log").exists()
                or not (child.folder / "logs" / "errors.log").read_text()
            )

    async def test_what_is_left_is_resumed_at_the_next_start_and_never_twice(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        async with child_bot(discord, LOOKOUT_SHUTDOWN__DRAIN_SECONDS="0") as child:
            await child.ready()
            discord.faults.latency = 0.6
            message = await home.alice.say(HELP, home.help)
            await acting(child, message)
            child.signal()
            assert await child.ended() == 0
        discord.faults.clear()
        async with child_bot(discord) as child:
            await child.ready()
            story = await child.story(message)
            assert story["orchestrator"]["status"] == "responded"
            (reply,) = home.replies(message)
            assert int(story["actions"][0]["message_id"]) == reply["message_id"]
            await fence(home, child)
        assert len(home.replies(message)) == 1

    async def test_the_second_signal_stops_at_once(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        async with child_bot(discord, LOOKOUT_SHUTDOWN__DRAIN_SECONDS="60") as child:
            await child.ready()
            discord.faults.latency = 20
            message = await home.alice.say(HELP, home.help)
            await acting(child, message)
            child.signal()
            await child.until("the draining", lambda: any("Stopping" in line for line in child.err))
            child.signal(signal.SIGINT)
            assert await child.ended(timeout=8) == 0
            assert "Traceback" not in "\n".join(child.err)
            assert child.rows("select status from actions") == [("pending",)]

    async def test_what_is_said_while_it_drains_is_left_to_the_next_start(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        async with child_bot(discord) as child:
            await child.ready()
            discord.faults.latency = 0.6
            first = await home.alice.say(HELP, home.help)
            await acting(child, first)
            child.signal()
            await child.until("the draining", lambda: any("Stopping" in line for line in child.err))
            second = await home.bob.say(HELP, home.chat)
            assert await child.ended() == 0
        discord.faults.clear()
        assert home.replies(second) == []
        async with child_bot(discord) as child:
            await child.ready()
            assert (await child.story(second))["orchestrator"]["status"] == "responded"
        assert len(home.replies(first)) == len(home.replies(second)) == 1


class TestNotStarting:
    @staticmethod
    async def refused(child: Child, *words: str) -> None:
        """Check that the child ends with one clear line, without a traceback."""
        assert await child.ended() not in (0, None)
        shown = [line for line in child.out + child.err if line.strip()]
        told = [line for line in shown if "can't start" in line]
        assert len(told) == 1, shown
        assert all(word in told[0] for word in words), told
        assert not [line for line in shown if "Traceback" in line or "ERROR" in line or "CRITICAL" in line], (
            shown
        )
        assert child.err[-1] == told[0], "the reason comes last"

    async def test_a_wrong_token(self, discord: Sandbox, home: Home, child_bot: ChildFactory) -> None:
        wrong = discord.token[:-4] + "AAAA"
        async with child_bot(discord, DISCORD_BOT_TOKEN=wrong) as child:
            await self.refused(child, "token", "DISCORD_BOT_TOKEN")
            assert wrong not in "\n".join(child.out + child.err)

    async def test_a_missing_privileged_intent(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        discord.app.privileged = 0
        async with child_bot(discord) as child:
            await self.refused(child, "4014", "Message Content Intent")

    async def test_a_busy_port(self, discord: Sandbox, home: Home, child_bot: ChildFactory) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            async with child_bot(discord, ADMIN_PORT=port) as child:
                await self.refused(child, port, "ADMIN_PORT")

    @pytest.mark.parametrize("kind", ["a file in the way", "a folder", "no database"])
    async def test_an_unusable_database(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory, tmp_path: Path, kind: str
    ) -> None:
        path = tmp_path / "place"
        if kind == "a file in the way":
            path.write_text("I am a file")
            path = path / "lookout.db"
        elif kind == "a folder":
            path.mkdir()
        else:
            path.write_text("this is no SQLite file, however long one makes it " * 100)
        async with child_bot(discord, DB_PATH=str(path)) as child:
            await self.refused(child, str(path))

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no folder closed even to root")
    async def test_a_database_that_may_not_be_written(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        async with child_bot(discord, DB_PATH="/proc/lookout/lookout.db") as child:
            await self.refused(child, "/proc/lookout")

    async def test_a_second_bot_on_the_same_database(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        async with child_bot(discord) as first:
            await first.ready()
            async with child_bot(discord) as second:
                await self.refused(second, "Another Lookout")
            message = await home.alice.say(HELP, home.help)
            await first.story(message)
            first.signal()
            assert await first.ended() == 0
        assert len(home.replies(message)) == 1

    async def test_a_discord_that_does_not_answer(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/v10"
            async with child_bot(discord, DISCORD_API_URL=url) as child:
                await self.refused(child, url)

    async def test_no_token_says_how_to_get_one(
        self, discord: Sandbox, home: Home, child_bot: ChildFactory
    ) -> None:
        async with child_bot(discord, DISCORD_BOT_TOKEN="") as child:
            assert await child.ended() == 2
            told = "\n".join(child.err)
            assert "DISCORD_BOT_TOKEN" in told
            assert "run.py demo" in told
            assert "https://discord.com/oauth2/authorize" in told
            assert "Traceback" not in told
