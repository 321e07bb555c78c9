"""A post that comes due while the connection is away has what was said meanwhile."""

from sandbox import Sandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, TestClock
from tests.e2e.test_summaries import DAY, WORKERS, posts_in, set_up, talked


async def test_a_post_waits_for_what_was_said_while_nobody_listened(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    async with running_bot(discord, clock=clock, **WORKERS) as bot:
        news = await set_up(home, bot)
        for each in await talked(home):
            await bot.story(each)
        await discord.kick(resumable=False)
        await discord.wait_disconnected()
        late = [
            await home.alice.say("Let's go with the night train to Vienna then.", home.chat),
            await home.bob.say("I'll book the night train for all of us.", home.help),
        ]
        clock.ahead += DAY
        [post] = await bot.until("the post", lambda: posts_in(news))
        assert f"{4 + len(late)} of {4 + len(late)} messages" in str(post.embeds)
