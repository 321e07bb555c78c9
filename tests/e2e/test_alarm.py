"""When feelings fall suddenly, staff are told in their channel, and nobody else."""

import asyncio
from itertools import product
from pathlib import Path

from sandbox import Sandbox
from sandbox.handles import Message
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, TestClock
from tests.e2e.test_summaries import DAY, WORKERS, links_in, posts_in, set_up
from tests.e2e.test_ticket_restarts import write

GOOD_DAY = (
    "insert into daily_channel_statistics (guild_id, channel_id, date, messages, replies, questions, helped,"
    " mood, positive, negative)"
    " select guild_id, channel_id, date(max(date), '-{back} days'), 40, 0, 0, 0, 12000, 30, 1"
    " from daily_channel_statistics where channel_id = {channel} group by channel_id"
)
UNRECORD = (  # as of Discord's clock, which the test doesn't put forward
    "update summary_posts set message_id = null, finished_at = null,"
    " created_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '-1 minute') where part = 1000"
)
THINGS = ("update", "menu", "export", "theme", "search box", "new logo")
FEELINGS = (
    "I hate the {}, it is terrible.",
    "The {} is awful and makes me angry.",
    "What a horrible mess the {} is.",
    "The {} is the worst, I am so sad about it.",
    "Disgusting, the {} ruined my whole day.",
    "The {} is a nightmare, I am really upset.",
)


async def alarms_in(home: Home) -> list[Message]:
    assert home.staff is not None
    return [post for post in await home.staff.history() if "The mood fell suddenly" in str(post.embeds)]


async def test_staff_hear_of_a_bad_day_once_with_its_messages_and_members_do_not(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = TestClock()
    discord.core.nonce_window = 0.0  # Discord notices nothing: what was posted has to be found
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        news = await set_up(home, bot)
        await home.with_staff()
        said = []
        for number, (feeling, thing) in enumerate(product(FEELINGS, THINGS)):
            author = (home.alice, home.bob)[number % 2]
            said.append(await author.say(feeling.format(thing), home.chat))
        counted = "select sum(messages) from daily_channel_statistics where channel_id <> 0"
        await bot.until("the figures", lambda: bot.rows(counted) == [(len(said),)])
        for back in range(1, 8):
            statement = GOOD_DAY.format(back=back, channel=home.chat.id)
            await asyncio.to_thread(write, tmp_path, statement)  # its writer needs the loop to end
        clock.ahead += DAY
        [post] = await bot.until("the post", lambda: posts_in(news))
        assert "worse than in the seven days before" in str(post.embeds)
        assert "fell suddenly" not in str(post.embeds)
        [alarm] = await bot.until("the alarm", lambda: alarms_in(home))
        text = str(alarm.embeds)
        told = links_in(text)
        assert {(each.channel_id, each.id) for each in said} >= told > set()
        assert f"Most in <#{home.chat.id}>" in text
        assert not any(str(each.id) in text for each in (home.alice, home.bob))  # nobody is named for it
        [gone] = [each for each in said if (each.channel_id, each.id) == max(told)]
        await gone.delete()

        async def is_mended() -> bool:
            return links_in(str((await alarm.fetch()).embeds)).isdisjoint({max(told)})

        await bot.until("the mended alarm", is_mended)
    # As if it had been killed between Discord's answer and its record.
    write(tmp_path, UNRECORD)
    write(tmp_path, "update summary_runs set status = 'pending'")
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        done = "select 1 from summary_runs where status = 'posted'"
        await bot.until("the record", lambda: bot.rows(done))
        assert len(await alarms_in(home)) == 1
