"""A summary that staff have posted for everybody says nothing any more of what is deleted afterwards."""

from pathlib import Path

from sandbox import Sandbox
from sandbox.handles import Message
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home
from tests.e2e.test_summaries import WORKERS, links_in, shown, talked

PUBLIC = {"public": True}


async def none_say(posts: list[Message], words: str) -> bool:
    """Whether some words are in none of these messages any more."""
    shown = [str((await post.fetch()).embeds) for post in posts]
    return not any(words in each for each in shown)


async def test_a_public_answer_is_mended_after_a_deletion_also_after_a_restart(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        said = await talked(home)
        for each in said:
            await bot.story(each)
        of_chat = {"channel": home.chat, **PUBLIC}
        asked = [
            await home.owner.slash("summary channel", channel=home.help, options=of_chat),
            await home.owner.slash("summary today", channel=home.help, options=PUBLIC),
        ]
        for answer in asked:
            assert "one more day" in await shown(answer)
        posts = [post for post in await home.help.history() if post.embeds]
        assert len(posts) == 2
        await said[1].delete()

        await bot.until("the mended post", lambda: none_say(posts, "one more day"))
        first, second = [str((await post.fetch()).embeds) for post in posts]
        assert "1 line taken out" in first
        assert "#chat: " in first
        assert "announcement" in first
        assert (home.chat.id, said[1].id) not in links_in(first + second)
        assert [len((await post.fetch()).components) for post in posts] == [1, 1]  # still to be rated
    await said[2].delete()
    async with running_bot(discord, folder=tmp_path, **WORKERS) as bot:
        await bot.until("the mended post", lambda: none_say(posts, "announcement"))
