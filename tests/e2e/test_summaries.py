"""The daily post and `/summary`, from what members say to what they read."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.services.computing import Patience
from sandbox import Sandbox
from sandbox.handles import Answer, Channel, Message
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running, TestClock, a_discord, a_home
from tests.e2e.test_ticket_restarts import write

WORKERS = {"workers": {"tick_seconds": 0.1}}
RUNS = "select local_date, status from summary_runs order by local_date"
EARLIER = (
    "insert into daily_channel_statistics (guild_id, channel_id, date, messages, replies, questions, helped,"
    " mood, positive, negative)"
    " select guild_id, channel_id, date(max(date), '-{back} days'), 1, 0, 0, 0, 0, 0, 0 from"
    " daily_channel_statistics where channel_id <> 0 group by guild_id, channel_id"
)
DAY = timedelta(days=1)
HIDDEN = {"everyone": {"deny": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]}}
MISTAKE = "What does it say, and what is right?"


class Patient(TestClock):
    """A clock by which nothing ends because it was idle for minutes."""

    async def sleep(self, seconds: float) -> None:
        """Wait for ever for what takes minutes."""
        await (asyncio.Event().wait() if seconds == Patience().idle else super().sleep(seconds))


def corrected(number: int) -> dict[str, Any]:
    return {"number": number, "text": "It is Friday"}


async def talked(home: Home) -> list[Message]:
    """Have a day's talk in two channels."""
    return [
        await home.alice.say("Shall we move the release to Thursday?", home.chat),
        await home.bob.say("Let's go with Thursday then, the tests need one more day.", home.chat),
        await home.alice.say("I'll write the announcement tonight.", home.chat),
        await home.bob.say("How do I reset the router after the update?", home.help),
    ]


def links_in(text: str) -> set[tuple[int, int]]:
    """Return (place, message) of every link."""
    found = re.findall(r"https://discord\.com/channels/\d+/(\d+)/(\d+)", text)
    return {(int(place), int(message)) for place, message in found}


async def posts_in(channel: Channel) -> list[Message]:
    return [each for each in await channel.history() if each.embeds]


async def set_up(home: Home, bot: Running) -> Channel:
    """Have the owner want a daily summary in a channel of its own."""
    await bot.until("commands", lambda: bool(home.discord.app.commands))
    news = await home.discord.channel("news", guild=home.guild)
    answer = await home.owner.slash("setsummary channel", channel=home.chat, options={"channel": news})
    assert answer.content.startswith(f"It is posted in <#{news.id}>.")
    assert "Next" in str(answer.message and answer.message.embeds)
    return news


async def shown(answer: Answer) -> str:
    """Return the embeds of an answer once it has any."""
    async with asyncio.timeout(10):
        while answer.message is None or not answer.message.embeds:
            await asyncio.sleep(0.02)
            answer = await answer.refresh()
    return str(answer.message.embeds)


async def test_a_day_is_posted_once_with_links_and_stays_true(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    async with running_bot(discord, clock=clock, **WORKERS) as bot:
        news = await set_up(home, bot)
        hidden = await discord.channel("hidden", guild=home.guild, overwrites=HIDDEN)
        await home.owner.slash("channels track", channel=home.chat, options={"channel": hidden})
        await home.owner.say("Let's go with the secret plan, shall we?", hidden)
        said = await talked(home)
        for each in said:
            await bot.story(each)
        clock.ahead += DAY
        [post] = await bot.until("the post", lambda: posts_in(news))
        text = str(post.embeds)
        assert {(each.channel_id, each.id) for each in said} >= links_in(text) > set()
        assert "4 of 4 messages, 2 channels" in text
        assert "Thursday" in text
        assert "secret" not in text
        await bot.until("the record", lambda: [row[1] for row in bot.rows(RUNS)] == ["posted"])

        assert "1 found it helpful" in (await home.alice.click(post, "Helpful")).content
        form = await home.bob.click(post, "Report a mistake")
        thanks = await home.bob.submit(form, {MISTAKE: "It was Friday"})
        assert "kept" in (await thanks.followup()).content
        [(number,)] = bot.rows("select id from summaries")
        refused = await home.bob.slash("summary correct", channel=home.chat, options=corrected(number))
        assert "Manage Server" in refused.content
        await home.owner.slash("summary correct", channel=home.chat, options=corrected(number))
        await said[1].delete()

        async def is_mended() -> bool:
            now = str((await post.fetch()).embeds)
            return "It is Friday" in now and "one more day" not in now

        await bot.until("the mended post", is_mended)
        await said[2].edit("I'll bake a cake tonight.")

        async def is_mended_again() -> bool:
            return "announcement" not in str((await post.fetch()).embeds)

        await bot.until("the post without the old words", is_mended_again)
        assert "2 lines taken out" in str((await post.fetch()).embeds)
        clock.ahead += timedelta(hours=1)
        assert len(await posts_in(news)) == 1


async def test_restarts_and_a_long_silence_leave_one_post_for_a_date(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = TestClock()
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        news = await set_up(home, bot)
        [last, *_] = reversed(await talked(home))
        await bot.story(last)
    await home.alice.say("The office moves while nobody listens.", home.chat)
    clock.ahead += 3 * DAY  # over three midnights
    for _ in range(2):  # and twice at the moment it is due
        async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
            await bot.until("the post", lambda: [row[1] for row in bot.rows(RUNS)] == ["posted"])
    [post] = await posts_in(news)
    assert "5 of 5 messages" in str(post.embeds)
    # As if it had been killed between Discord's answer and its record.
    write(tmp_path, "update summary_posts set message_id = null, finished_at = null")
    write(tmp_path, "update summary_runs set status = 'pending'")
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        await bot.until("the post", lambda: [row[1] for row in bot.rows(RUNS)] == ["posted"])
        found = bot.rows("select message_id from summary_posts")
        clock.ahead += DAY
        await bot.until("a quiet day", lambda: [row[1] for row in bot.rows(RUNS)] == ["posted", "quiet"])
    assert found == [(post.id,)]
    assert len(await posts_in(news)) == 1


async def test_a_post_that_fails_is_told_to_the_owner_once_and_holds_nobody_up(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    other = await a_home(discord, "Other")
    async with running_bot(discord, clock=clock, **WORKERS) as bot:
        news, fine = await set_up(home, bot), await set_up(other, bot)
        for each in (*await talked(home), *await talked(other)):
            await bot.story(each)
        await news.set_overwrites({"everyone": {"deny": ["SEND_MESSAGES"]}})
        clock.ahead += DAY
        await bot.until("the other's", lambda: posts_in(fine))
        told = "select status, is_told from summary_runs where guild_id = ?"
        await bot.until("the owner", lambda: bot.rows(told, home.guild.id) == [("failed", 1)])
        [line] = await (await home.owner.dm()).history()
        assert "There is no summary for" in line.content
        assert "Send Messages" in line.content
        await bot.until("its record", lambda: bot.rows(told, other.guild.id) == [("posted", 0)])


async def test_who_asks_gets_what_they_may_read_and_only_staff_post_it_for_all(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with running_bot(discord, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        hidden = await discord.channel("hidden", guild=home.guild, overwrites=HIDDEN)
        await home.owner.slash("channels track", channel=home.chat, options={"channel": hidden})
        said = [*await talked(home), await home.owner.say("Let's go with the secret plan.", hidden)]
        for each in said:
            await bot.story(each)
        mine, owners = await asyncio.gather(
            home.alice.slash("summary today", channel=home.chat),
            home.owner.slash("summary today", channel=home.chat),
        )
        assert "secret" not in await shown(mine)
        assert "4 of 4 messages, 2 channels" in await shown(mine)
        assert "5 of 5 messages, 3 channels" in await shown(owners)
        assert mine.message is not None
        assert mine.message.ephemeral
        await home.alice.slash("summary now", channel=home.chat)
        public = {"public": True}
        refused = await home.bob.slash("summary now", channel=home.chat, options=public)
        assert "staff" in refused.content
        posted = await home.owner.slash("summary now", channel=home.help, options=public)
        assert "secret" not in await shown(posted)
        late = await home.alice.say("The office is closed on Friday.", home.chat)
        await bot.story(late)
        caught = await home.bob.menu("Catch me up from here", late, channel=home.chat)
        assert "1 of 1 message, 1 channel" in await shown(caught)
        assert "Try again in" in (await home.alice.slash("summary now", channel=home.chat)).content
        rows = await home.bob.slash("summary history", channel=home.chat)
        listed = bot.rows("select id, reader_id from summaries order by id")
        readable = {str(each) for each, reader in listed if reader in (None, home.bob.id)}
        assert set(re.findall(r"`(\d+)`", await shown(rows))) == readable
        theirs = next(each for each, reader in listed if reader == home.owner.id)
        gone = await home.bob.slash("summary history", channel=home.chat, options={"number": theirs})
        assert "don't have" in gone.content


async def test_the_post_tells_how_people_felt_and_draws_it_of_what_its_readers_may_read(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = Patient()  # so that only its end ends its processes
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        news = await set_up(home, bot)
        hidden = await discord.channel("hidden", guild=home.guild, overwrites=HIDDEN)
        await home.owner.slash("channels track", channel=home.chat, options={"channel": hidden})
        said = await talked(home)
        said += [await home.alice.say("I love how fast it is now, great work!", home.chat) for _ in range(2)]
        said.append(await home.owner.say("This is terrible, I hate it.", hidden))
        await home.bob.react(said[-2], "\N{THUMBS UP SIGN}")
        for each in said:
            await bot.story(each)
        counted = "select sum(messages) from daily_channel_statistics where channel_id <> 0"
        await bot.until("the figures", lambda: bot.rows(counted) == [(7,)])
        await bot.until("the vote", lambda: bot.rows("select count(*) from message_reactions") == [(1,)])
        for back in (1, 2):  # one day alone has no picture
            await asyncio.to_thread(write, tmp_path, EARLIER.format(back=back))  # its writer needs the loop
        clock.ahead += DAY
        [post] = await bot.until("the post", lambda: posts_in(news))
        text = str(post.embeds)
        assert "33% positive" in text
        assert "0% negative of 6 messages" in text
        assert "I love how fast it is now" in text.split("Most appreciated")[1]
        assert f"Most active: <@{home.alice.id}> (4), <@{home.bob.id}> (2)" in text
        assert post.json["mentions"] == []
        [picture] = post.json["attachments"]
        assert picture["filename"] == "sentiment.png"
        assert "entiment" in picture["description"]
        assert bot.log.said("The computing process was started")
        assert not bot.log.said("is computed in a thread")

        # What is quoted beside the topics goes with its deletion, and the rest of the post stays.
        for each in said[-3:-1]:
            await each.delete()

        async def is_mended() -> bool:
            return "I love how fast" not in str((await post.fetch()).embeds)

        await bot.until("the mended post", is_mended)
        mended = await post.fetch()
        assert "Thursday" in str(mended.embeds)
        assert [each["filename"] for each in mended.json["attachments"]] == ["sentiment.png"]


async def test_a_summary_that_staff_posted_is_not_taken_for_the_days_post(
    running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = TestClock()
    async with a_discord(clock=clock) as discord:
        home = await a_home(discord)
        async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
            news = await set_up(home, bot)
            for each in await talked(home):
                await bot.story(each)
            day = f"{clock.now():%Y-%m-%d}"
            clock.ahead += DAY
            await bot.until("the post", lambda: [row[1] for row in bot.rows(RUNS)] == ["posted"])
            [post] = await posts_in(news)
            options = {"first": day, "public": True}
            asked = await home.owner.slash("summary range", channel=news, options=options)
            title = str(post.embeds[0]["title"])
            assert title in await shown(asked)
        # As if it had been killed before Discord heard of the post.
        await discord.call("delete", message=post.id)
        discord.faults.enforce_nonce = False
        write(tmp_path, "update summary_posts set message_id = null, finished_at = null")
        write(tmp_path, "update summary_runs set status = 'pending'")
        async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
            await bot.until("the post", lambda: [row[1] for row in bot.rows(RUNS)] == ["posted"])
            [(message_id,)] = bot.rows("select message_id from summary_posts")
            assert asked.message is not None
            assert message_id not in (post.id, asked.message.id)
            assert len(await posts_in(news)) == 2
