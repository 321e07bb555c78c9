"""`run.py backup` beside a real bot at work, and `run.py restore` of what it made."""

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

from sandbox import Sandbox
from tests.e2e.child import ROOT, Child
from tests.e2e.harness import Home, a_home
from tests.only_loopback.plugin import child_environment

EAGER = {
    "LOOKOUT_ORCHESTRATOR__CHANNEL_THROTTLE_SECONDS": "0",
    "LOOKOUT_ORCHESTRATOR__USER_COOLDOWN_SECONDS": "0",
}
ChildFactory = Callable[..., AbstractAsyncContextManager[Child]]


async def command(child: Child, *words: str, **env: str) -> tuple[int, str]:
    """Run a command of the bot as its owner does; return exit code and all it said."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **child_environment(),
        "DB_PATH": str(child.database),
        "DISCORD_BOT_TOKEN": "a-very-secret-token",
        "NO_COLOR": "1",
        **env,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", *words, cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_a_backup_beside_a_bot_at_work_and_its_way_back(
    discord: Sandbox, home: Home, child_bot: ChildFactory, tmp_path: Path
) -> None:
    target = tmp_path / "mine.tar.gz"
    async with child_bot(discord, **EAGER) as child:
        await child.ready()
        first = await home.alice.say("how do I install the driver on my machine?", home.help)
        await child.story(first)
        saying = asyncio.create_task(chatter(home))
        try:
            code, told = await command(child, "backup", str(target))
        finally:
            said = await stop(saying)
        assert code == 0, told
        assert str(target) in told
        assert "Not in it: .env" in told
        last = await home.bob.say("where can I change the password of my account?", home.help)
        assert (await child.story(last))["orchestrator"]["status"] == "responded"
        code, told = await command(child, "restore", str(target))
        assert code == 1
        assert "The bot is running" in told
        assert "Traceback" not in told
        child.signal()
        assert await child.ended() == 0
        assert not [line for line in child.err if "ERROR" in line or "WARNING" in line]
        assert said > 0
        assert b"a-very-secret-token" not in target.read_bytes()

        code, told = await command(child, "restore", str(target))
        assert code == 0, told
        ids = {row[0] for row in child.rows("select message_id from signals")}
        assert first.id in ids
        assert last.id not in ids, "it was said after the backup"
        [kept] = (child.database.parent / "backups").glob("lookout-before-restore-*.tar.gz")
        assert str(kept) in told

    async with child_bot(
        discord, **EAGER
    ) as child:  # what was said since is read again, and nothing answered twice
        await child.ready()
        await child.until(
            "the last message",
            lambda: child.rows("select 1 from signals where message_id = ?", last.id),
        )
        await child.story(last)
        await child.gaps_closed()
    assert len(home.replies(first)) == len(home.replies(last)) == 1


async def chatter(home: Home) -> int:
    """Have somebody speak for as long as it isn't stopped."""
    count = 0
    try:
        while True:
            await home.bob.say(f"message {count} of many", home.chat)
            count += 1
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        return count


async def stop(task: "asyncio.Task[int]") -> int:
    task.cancel()
    return await task


async def test_one_server_goes_to_another(
    discord: Sandbox, home: Home, child_bot: ChildFactory, tmp_path: Path
) -> None:
    """Roles and channels are found by the names that Discord tells, with the bot's token."""
    other = await a_home(discord, "Second")
    twin = await discord.channel("help-here", guild=other.guild)
    role = await discord.role("Support", guild=other.guild)
    original = await discord.role("Support", guild=home.guild)
    here = await discord.channel("help-here", guild=home.guild)
    file = tmp_path / "server.json"
    async with child_bot(discord) as child:
        await child.ready()
        with closing(sqlite3.connect(child.database, timeout=5)) as connection:
            connection.execute(
                "update guilds set staff_channel_id = ?, ignored_role_ids = ? where id = ?",
                (here.id, json.dumps([original.id]), home.guild.id),
            )
            connection.commit()
        reach = {"DISCORD_BOT_TOKEN": discord.token, "DISCORD_API_URL": discord.api_url}
        code, told = await command(child, "export", str(file), **reach)
        assert code == 1
        assert f"--guild ID: {home.guild.id} (Home), {other.guild.id} (Second)" in told
        code, told = await command(child, "export", str(file), "--guild", str(home.guild.id), **reach)
        assert code == 0, told
        code, told = await command(child, "import", str(file), "--guild", str(other.guild.id), **reach)
        assert code == 1
        assert "The bot is running" in told
        child.signal()
        assert await child.ended() == 0
    code, told = await command(child, "import", str(file), "--guild", str(other.guild.id), **reach)
    assert code == 0, told
    assert "Left out" not in told
    [row] = child.rows("select staff_channel_id, ignored_role_ids from guilds where id = ?", other.guild.id)
    assert row == (twin.id, json.dumps([role.id]))


async def test_what_was_erased_since_a_backup_does_not_come_back_with_it(
    discord: Sandbox, home: Home, child_bot: ChildFactory, tmp_path: Path
) -> None:
    target, marker = tmp_path / "before.tar.gz", "marker-xylophone-4711"
    async with child_bot(discord) as child:
        await child.ready()
        kept = await home.bob.say("bob's words stay", home.chat)
        said = await home.alice.say(f"my own words: {marker}", home.chat)
        await child.story(said)
        await child.story(kept)
        code, told = await command(child, "backup", str(target))
        assert code == 0, told
        later = await home.alice.say(f"what I said since: {marker}", home.chat)
        await child.story(later)
        asked = (await home.alice.slash("privacy delete", channel=home.chat)).message
        assert asked is not None
        buttons = [part for row in asked.components for part in row["components"]]
        confirm = next(each for each in buttons if each.get("style") == 4)  # the red one
        await home.alice.click(asked, confirm["label"])
        mine = "select 1 from signals where author_id = ?"
        await child.until("the erasure", lambda: not child.rows(mine, home.alice.id))
        child.signal()
        assert await child.ended() == 0
    code, told = await command(child, "restore", str(target))
    assert code == 0, told
    assert child.rows(mine, home.alice.id), "the backup is of before"
    async with child_bot(discord) as child:
        await child.ready()
        assert not child.rows(mine, home.alice.id)
        assert child.rows(mine, home.bob.id)
        await child.story(await home.bob.say("what was said meanwhile is read by now", home.chat))
        await child.gaps_closed()
        assert not child.rows(mine, home.alice.id), "nor is it read again from Discord"
        anew = await home.alice.say("I go on", home.chat)
        await child.story(anew)
        assert child.rows(mine, home.alice.id)
        child.signal()
        assert await child.ended() == 0
    assert marker.encode() not in child.database.read_bytes()
