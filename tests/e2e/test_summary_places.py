"""Which channels summaries tell of, as the owner chose."""

from sandbox import Sandbox
from sandbox.handles import Answer, Channel, Member
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, TestClock
from tests.e2e.test_summaries import DAY, WORKERS, posts_in, set_up, shown, talked


async def told_of(asker: Member, home: Home, channel: Channel) -> Answer:
    """Ask for the summary of one channel."""
    asked = {"channel": channel, "hours": 48}
    return await asker.slash("summary channel", channel=home.chat, options=asked)


async def set_excluded(home: Home, word: str, channel: Channel) -> str:
    """Have the owner exclude or include a channel; return the answer."""
    one = {"channel": channel}
    return (await home.owner.slash(f"setsummary {word}", channel=home.chat, options=one)).content


async def test_what_is_excluded_is_in_no_summary_until_it_is_taken_back_in(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    async with running_bot(discord, clock=clock, **WORKERS) as bot:
        news = await set_up(home, bot)
        category = await discord.channel("Private life", guild=home.guild, type="category")
        diary = await discord.channel("diary", guild=home.guild, parent=category)
        alone = await discord.channel("alone", guild=home.guild)
        said, carol = await talked(home), await home.person("carol")
        thread = await carol.start_thread(None, "gossip", channel=diary)
        said.append(await carol.say("Let's go with the wedding in May, shall we?", diary))
        said.append(await carol.say("I'll write the invitations for it tonight.", thread))
        said.append(await carol.say("How do I water the orchid while nobody is at home?", alone))
        for each in said:
            await bot.story(each)
        counted = "select sum(messages) from daily_channel_statistics where channel_id <> 0"
        await bot.until("the figures", lambda: bot.rows(counted) == [(len(said),)])
        for channel in (category, alone):
            assert f"<#{channel.id}>" in await set_excluded(home, "exclude", channel)
        settings = await home.owner.slash("setsummary show", channel=home.chat)
        listed = str(settings.message and settings.message.embeds)
        assert f"<#{category.id}>, <#{alone.id}>" in listed

        for channel in (diary, alone):
            assert "left out of summaries" in (await told_of(home.bob, home, channel)).content
        asked = await shown(await home.alice.slash("summary today", channel=home.chat))
        assert "4 of 4 messages, 2 channels" in asked
        clock.ahead += DAY
        [post] = await bot.until("the post", lambda: posts_in(news))
        text = str(post.embeds)
        assert "4 of 4 messages, 2 channels" in text
        assert "Most active" in text
        assert "Nobody answered yet" in text
        hidden = [str(each.id) for each in (carol, diary, thread, alone)]
        assert not any(each in asked + text for each in [*hidden, "wedding", "invitations", "orchid"])
        waiting = await shown(await home.owner.slash("unanswered", channel=home.chat))
        assert "orchid" in waiting  # who asks what waits is told of it all the same

        assert "isn't left out" in await set_excluded(home, "include", diary)
        await set_excluded(home, "include", category)
        assert "2 of 2 messages" in await shown(await told_of(home.owner, home, diary))


async def test_a_channel_that_is_moved_is_what_its_new_category_is(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with running_bot(discord, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        category = await discord.channel("Private life", guild=home.guild, type="category")
        await set_excluded(home, "exclude", category)
        for each in await talked(home):
            await bot.story(each)
        assert "3 of 3 messages" in await shown(await told_of(home.bob, home, home.chat))
        await home.chat.edit(parent_id=category.id, name="diary")
        here = "select name, parent_id from channels where id = ?"
        await bot.until("the move", lambda: bot.rows(here, home.chat.id) == [("diary", category.id)])
        assert "left out of summaries" in (await told_of(home.bob, home, home.chat)).content
