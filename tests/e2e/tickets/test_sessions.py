"""What a session that is begun anew costs where many tickets live, and what it must not miss."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.services.tickets import missed
from sandbox import Sandbox
from sandbox.handles import Channel, Message
from tests.e2e.conftest import BotFactory
from tests.e2e.facts import Json
from tests.e2e.harness import Home

TICKETS = 50
LONG_AGO = "2026-01-01 00:00:00"
TEXT = "select content from ticket_messages where message_id = ?"


async def living(home: Home, folder: Path, template: Path) -> list[tuple[Channel, Message, Message]]:
    """Make a server of many living tickets with two messages in each, all of them known.

    The forum is ignored, so that nothing but tickets makes the bot read there.
    """
    shutil.copy(template, folder / "lookout.db")
    forum = await home.discord.channel("tickets", guild=home.guild, type="forum")
    made = []
    for number in range(TICKETS):
        thread, first = await home.alice.open_post(forum, f"{number}", "It fails.")
        made.append((thread, first, await home.bob.say("It fails.", thread)))
    alice, guild = home.alice.id, home.guild.id
    with closing(sqlite3.connect(folder / "lookout.db")) as connection, connection:
        connection.execute(
            "insert into guilds (id, name, first_seen_at, auto_reply, timezone, watch_default)"
            " values (?, '', ?, 'off', 'UTC', 'public')",
            (guild, LONG_AGO),
        )
        connection.execute(
            "insert into channels (id, guild_id, name, watch) values (?, ?, '', 'ignore')", (forum.id, guild)
        )
        connection.executemany(
            "insert into tickets (id, guild_id, number, key, thread_id, parent_id, is_private, opener_id,"
            " opener_name, state, priority, title, question, environment, bot_muted, member_left, opened_at,"
            " close_reason, reopened, version, shown_version)"
            " values (?, ?, ?, ?, ?, ?, 0, ?, 'alice', 'open', 'normal', 'It fails', '', '', 1, 0, ?, '',"
            " 0, 1, 1)",
            [
                (number, guild, number, f"form:{number}", thread.id, forum.id, alice, LONG_AGO)
                for number, (thread, *_) in enumerate(made, start=1)
            ],
        )
        connection.executemany(
            "insert into ticket_messages (message_id, ticket_id, author_id, author_name, role, content,"
            " created_at) values (?, ?, ?, '', ?, 'It fails.', ?)",
            [
                (message.id, number, message.author_id, role, LONG_AGO)
                for number, (_, *said) in enumerate(made, start=1)
                for message, role in zip(said, ("member", "other"), strict=True)
            ],
        )
    return made


def reads(discord: Sandbox, after: int) -> list[Json]:
    """Return the requests for a whole page of messages, as tickets are read."""
    asked = [each for each in discord.record.after(after) if each["kind"] == "request"]
    return [
        each for each in asked if each["path"].endswith("/messages") and each["query"] == {"limit": "100"}
    ]


def lookups(discord: Sandbox, after: int) -> list[str]:
    """Return the members that were looked up."""
    asked = [each for each in discord.record.after(after) if each["kind"] == "request"]
    return [each["path"] for each in asked if each["route"] == "GET /guilds/{guild_id}/members/{user_id}"]


@pytest.mark.usefixtures("hasty")
async def test_a_new_session_reads_only_the_tickets_in_which_something_was_said(
    discord: Sandbox,
    home: Home,
    running_bot: BotFactory,
    tmp_path: Path,
    sqlite_template: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(missed, "PAUSE", 0.0)
    made = await living(home, tmp_path, sqlite_template)
    (_, first, _), (_, _, gone), (spoken, *_), (other, *_) = made[3], made[4], made[7], made[9]
    await first.edit("It fails at noon.")
    await gone.delete()
    async with running_bot(discord, folder=tmp_path) as bot:
        # A start reads every ticket, for edits and deletions tell of themselves nowhere else.
        await bot.until("all tickets to be read", lambda: len(reads(discord, 0)) == TICKETS)
        await bot.until("the edit", lambda: bot.rows(TEXT, first.id) == [("It fails at noon.",)])
        await bot.until("the deletion", lambda: bot.rows(TEXT, gone.id) == [("",)])
        assert lookups(discord, 0) == []

        def ready(entry: Any) -> bool:
            return bool(entry["kind"] == "connection" and entry["event"] == "ready")

        mark = begin = discord.record.last
        await discord.invalidate(resumable=False)
        meanwhile = await home.bob.say("Meanwhile.", other)
        await discord.wait_for(ready, 15, begin)
        # Read with that session, which has looked at all tickets by then: the next one finds it at rest.
        await bot.until("what was said", lambda: bot.rows(TEXT, meanwhile.id) == [("Meanwhile.",)])
        begin = discord.record.last
        await discord.kick(resumable=False)
        await home.alice.say("Anybody?", spoken)  # it is her ticket, whatever roles she has
        said = await home.bob.say("Here too.", spoken)
        await discord.wait_for(ready, 15, begin)
        await bot.until("what was said", lambda: bot.rows(TEXT, said.id) == [("Here too.",)])
        read = [each["path"] for each in reads(discord, mark)]
        assert read == [f"/channels/{each.id}/messages" for each in (other, spoken)]
        assert len(lookups(discord, mark)) == len(
            read
        )  # of Bob, of whom nobody knows whether he is of the staff
