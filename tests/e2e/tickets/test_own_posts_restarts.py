"""Posts in the forum of tickets that the bot was not there for, or was interrupted in."""

from pathlib import Path

from sandbox import Sandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home
from tests.e2e.test_ticket_restarts import write
from tests.e2e.test_tickets import chosen, set_up
from tests.e2e.tickets.test_own_posts import OF, RESET, adopted, post


async def test_posts_made_while_the_bot_was_off_become_tickets_once(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        await chosen(bot, home, "posts_after is not null", 1)
    threads = [await post(desk, who, "It fails", RESET) for who in (home.alice, home.bob)]
    for interrupted in (False, True):
        if interrupted:  # as if it had stopped before it noted anything of what it did in the first
            write(tmp_path, "update tickets set thread_id = null, card_message_id = null, shown_version = 0")
            write(tmp_path, "update ticket_settings set posts_after = ?", threads[0].id - 1)
        async with running_bot(discord, folder=tmp_path) as bot:
            desk.bot = bot
            await adopted(desk, 2)
            await bot.until("all looked at", lambda: bot.rows(
                "select posts_after from ticket_settings") == [(threads[1].id,)])  # fmt: skip
    assert sorted(row[2] for row in desk.rows(OF)) == [each.id for each in threads]
    for thread in threads:
        assert len([each for each in await thread.history() if each.embeds]) == 1
