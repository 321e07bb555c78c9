"""Tickets go on where they were: a bot that stops in any state, and what happened meanwhile."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Channel
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, TestClock
from tests.e2e.test_tickets import set_up


def write(folder: Path, statement: str, *values: Any) -> None:
    """Change the database of a bot, behind its back."""
    with closing(sqlite3.connect(folder / "lookout.db", timeout=30)) as connection, connection:
        connection.execute("begin immediate")  # else what reads before it writes is refused beside a writer
        connection.execute(statement, values)


async def test_conversation_and_buttons_go_on_after_a_restart_in_every_state(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        thread = await desk.opened(home.alice)
        opening = (await thread.history())[0]
    said = await home.alice.say("Is anybody here?", thread)  # nobody listens
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        await desk.in_state("waiting_staff")
        kept = "select content from ticket_messages where message_id = ?"
        await bot.until("what was said", lambda: bot.rows(kept, said.id) == [("Is anybody here?",)])
        assert "is yours" in (await desk.sam.click(opening, "Claim")).content
    await desk.sam.say("Yes. Which version?", thread)
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        await desk.in_state("waiting_member")
        assert "resolved" in (await home.alice.click(opening, "Solved")).content
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        form = await desk.sam.click(opening, "Close")
        await desk.sam.submit(form, {"Reason": "updated"})
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        form = await home.bob.click(desk.panel, "Open a ticket")
        await home.bob.submit(form, {"Title": "My invoice", "Description": "Where is it?"})
        assert "open again" in (await home.alice.click(opening, "Reopen")).content
        await desk.in_state("waiting_staff", 2)  # nothing is trained
        assert [row[1] for row in desk.rows()] == ["open", "waiting_staff"]
        assert not desk.thread(thread).locked


async def test_timers_go_on_after_a_restart_and_say_nothing_twice(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = TestClock()
    async with running_bot(discord, folder=tmp_path, clock=clock) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        thread = await desk.opened(home.alice)
        await desk.sam.say("Which version?", thread)
        await desk.in_state("waiting_member")
    clock.ahead += timedelta(hours=25)
    timers = "select remind_at is null, close_at is null from tickets"
    for interrupted in (False, True):
        if interrupted:  # as if it had stopped between saying so and recording that
            write(tmp_path, "update tickets set remind_at = last_staff_at")
            clock.ahead += timedelta(minutes=2)
        async with running_bot(discord, folder=tmp_path, clock=clock) as bot:
            await bot.until("the record", lambda: bot.rows(timers) == [(1, 0)])
    clock.ahead += timedelta(hours=73)
    async with running_bot(discord, folder=tmp_path, clock=clock) as bot:
        desk.bot = bot
        await desk.in_state("closed")
        await bot.until("the lock", lambda: desk.thread(thread).locked)
    [reminder] = [each for each in await thread.history() if "still need help" in each.content]
    assert home.alice.mention in reminder.content


@pytest.mark.parametrize("private", [False, True], ids=["forum", "private"])
async def test_a_post_that_was_made_before_a_crash_is_found_and_finished(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path, private: bool
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot, private=private)
        thread = await desk.opened(home.alice)
    # As if it had stopped between Discord's answer and its record, and before the member was added.
    write(tmp_path, "update tickets set thread_id = null, card_message_id = null, shown_version = 0")
    del desk.thread(thread).thread_members[home.alice.id]
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        await bot.until("its thread", lambda: [row[3] for row in desk.rows()] == [thread.id])
        found = bot.rows("select card_message_id from tickets")
    first = (await thread.history())[0]
    assert found == [(first.id,)]
    assert home.alice.id in desk.thread(thread).thread_members
    assert len([e for e in discord.record if e["kind"] == "thread"]) == 1


async def test_a_ticket_that_got_no_thread_gets_one_at_the_next_start(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        first = await desk.opened(home.alice)
    await first.delete()
    write(tmp_path, "update tickets set thread_id = null, card_message_id = null, shown_version = 0")
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        await bot.until("a thread", lambda: desk.rows()[0][3] not in (None, first.id))
        thread = Channel(desk.rows()[0][3], "", discord)
        assert (await desk.card(thread))["Opened by"] == home.alice.mention


async def test_what_happened_while_the_bot_was_off_is_noticed(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        write_open = "update ticket_settings set cooldown_seconds = 0"
        thread = await desk.opened(home.alice)
        gone = await desk.opened(home.bob)
        kept = await home.alice.say("first", thread)
        deleted = await home.alice.say("second", thread)
        count = "select count(*) from ticket_messages where role = 'member'"
        await bot.until("both", lambda: bot.rows(count) == [(2,)])
    write(tmp_path, write_open)
    await kept.edit("better")
    await deleted.delete()
    await gone.delete()
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        await desk.in_state("closed", 2)
        texts = "select content from ticket_messages where message_id in (?, ?) order by message_id"
        want = [("better",), ("",)]
        await bot.until("edit and deletion", lambda: bot.rows(texts, kept.id, deleted.id) == want)
        await desk.logged("#0002 was deleted")
    await desk.forum.delete()
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        await desk.in_state("closed", 1)
        assert "set up" in (await home.bob.click(desk.panel, "Open a ticket")).content


async def test_a_history_that_may_not_be_read_erases_nothing(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        thread = await desk.opened(home.alice)
        said = await home.alice.say("It is version two.", thread)
        await desk.in_state("waiting_staff")
        count = "select count(*) from ticket_messages where message_id = ?"
        await bot.until("it is kept", lambda: bot.rows(count, said.id) == [(1,)])
    await desk.forum.set_overwrites({"everyone": {"deny": ["READ_MESSAGE_HISTORY"]}})
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("the warning", lambda: bot.log.said("can't be read", "Read Message History"))
        kept = bot.rows("select content from ticket_messages where message_id = ?", said.id)
    assert kept == [("It is version two.",)]


async def test_a_close_that_discord_did_not_hear_of_is_shown_later(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        thread = await desk.opened(home.alice)
    write(tmp_path, "update tickets set state = 'closed', version = version + 1")  # stopped right after
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("the lock", lambda: desk.thread(thread).locked)
        assert desk.tags(thread) == ["Closed"]


async def test_a_private_ticket_is_for_its_member_and_staff(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot, private=True)
        thread = await desk.opened(home.alice)
        secret = await home.alice.say("My invoice is wrong.", thread)
        count = "select count(*) from ticket_messages where message_id = ?"
        await bot.until("it is kept", lambda: bot.rows(count, secret.id) == [(1,)])
        assert await home.bob.sees(thread) == []
        assert not await bot.stored(secret)
        assert "#0001" not in str((await home.bob.slash("tickets", channel=home.chat)).json)


async def test_a_missing_permission_is_named_and_closes_what_cannot_be_opened(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        thread = await desk.opened(home.alice)
        await discord.call("set_member", member=discord.bot_user.id, guild=home.guild.id, roles=[])
        await desk.sam.slash("close", channel=thread)
        await desk.logged("Manage Threads")
        assert (desk.thread(thread).archived, desk.thread(thread).locked) == (True, False)
        await desk.forum.set_overwrites({"everyone": {"deny": ["SEND_MESSAGES"]}})
        answer = await desk.open(home.bob, "My invoice", "Where is it?")
        assert "I lack **Send Messages" in answer.content
        assert [row[1] for row in desk.rows()] == ["closed", "closed"]
        shown = str((await home.owner.slash("setup", channel=home.chat, step="tickets")).json)
        for name in ("Send Messages", "Manage Threads"):
            assert name in shown


async def test_a_ticket_written_before_a_restart_is_opened_after_it(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        await desk.opened(home.alice, "Export crashes")
        await desk.sam.slash("close", channel=home.chat, number=1)
        answer = await desk.open(home.bob, "Export crashes")
        assert answer.message is not None
        assert answer.message.embeds
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        await home.bob.click(answer.message, "Open anyway")
        await desk.in_state("open", 2)
        await bot.until("the draft to go", lambda: not bot.rows("select key from ticket_drafts"))
