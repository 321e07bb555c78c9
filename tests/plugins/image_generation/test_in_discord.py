"""A picture's whole way in Discord: drawn for one, paged, posted for all, deleted."""

from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.pictures import PicturesSandbox
from tests.e2e.conftest import BotFactory, discord, running_bot
from tests.e2e.harness import Running, a_home

__all__ = ["discord", "running_bot"]
PLUGINS = Path("plugins").resolve()
PLUGIN = {"plugin": "image_generation"}


async def answered(bot: Running, answer: Any) -> Any:
    """Return the answer once it has its picture, or words that are no progress."""

    async def is_there() -> bool:
        message = (await answer.refresh()).message
        return bool(message and (message.embeds or message.content) and "…" not in message.content)

    await bot.until("an answer", is_there)
    return (await answer.refresh()).message


async def test_a_picture_is_drawn_paged_posted_and_deleted(
    discord: Sandbox, running_bot: BotFactory, tmp_path: Path
) -> None:
    await discord.guild("First")
    async with PicturesSandbox() as pictures:
        plugins = {
            "folder": PLUGINS,
            "files_folder": tmp_path / "files",
            "hosts": {"image_generation": [pictures.address]},
            "options": {"image_generation": {"base_url": pictures.openai_url}},
            "secrets": {"IMAGE_GENERATION_KEY": pictures.key},
        }
        async with running_bot(discord, plugins=plugins) as bot:
            await bot.until("the commands", lambda: bool(discord.app.commands))
            home = await a_home(discord)
            await home.owner.slash("plugins enable", channel=home.help, options=PLUGIN)
            await bot.until("the command", lambda: home.guild.id in discord.app.commands)
            for prompt in ("a red cat", "a blue cat"):
                asked = await home.alice.slash(
                    "generate-image", channel=home.chat, options={"prompt": prompt}
                )
                drawn = await answered(bot, asked)
                assert drawn.embeds[0]["description"] == prompt
                assert asked.ephemeral
                [file] = drawn.json["attachments"]
                assert file["description"] == f"Picture made by AI: {prompt}"
            assert pictures.prompts() == ["a red cat", "a blue cat"]

            page = await answered(bot, await home.alice.slash("get-image", channel=home.chat))
            assert page.embeds[0]["description"] == "a blue cat"
            turned = await home.alice.click(page, "Older ▶")
            assert turned.message is not None
            assert turned.message.embeds[0]["description"] == "a red cat"
            assert len(turned.message.json["attachments"]) == 1, "the page before is gone"

            posted = await answered(bot, await home.alice.click(turned.message, "Post here"))
            assert [each.id for each in await home.bob.sees(home.chat)] == [posted.id]
            assert posted.json["attachments"]
            refused = await home.bob.click(posted, "Delete")
            assert "Only whoever had it drawn" in refused.content
            await answered(bot, await home.alice.click(posted, "Delete"))
            assert not [each for each in await home.bob.sees(home.chat) if not each.ephemeral]
            assert len(list((tmp_path / "files").rglob("*.png"))) == 1

            pictures.fail("status", status=401)
            asked = await home.alice.slash("generate-image", channel=home.chat, options={"prompt": "a cat"})
            failed = await asked.followup()
            assert "doesn't take the key" in failed.content
