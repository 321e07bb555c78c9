"""Files that plugins keep: by server and member, within bounds, gone with their member."""

from pathlib import Path

import pytest

from bot.plugin_api import LimitError
from bot.services.plugins.files import PluginFiles
from tests.plugins.support import Run, command


@pytest.fixture
def files(tmp_path: Path) -> PluginFiles:
    return PluginFiles(tmp_path / "files", 1)


async def test_a_file_is_found_under_its_member_alone(files: PluginFiles) -> None:
    await files.put("cats", 1, 5, "a.png", b"one")
    await files.put("cats", 1, 5, "a.png", b"two")
    assert await files.get("cats", 1, 5, "a.png") == b"two"
    for others in (("dogs", 1, 5), ("cats", 2, 5), ("cats", 1, 6)):
        assert await files.get(*others, "a.png") is None
    await files.delete("cats", 1, 5, "a.png")
    await files.delete("cats", 1, 5, "a.png")
    assert await files.get("cats", 1, 5, "a.png") is None


@pytest.mark.parametrize("name", ["../a.png", "a/b.png", "", ".", "A.png", "a.png\n", "x" * 65, "a..png"])
async def test_a_name_leads_nowhere_else(files: PluginFiles, name: str) -> None:
    with pytest.raises(LimitError, match="small letters"):
        await files.put("cats", 1, 5, name, b"x")


async def test_too_much_is_refused(files: PluginFiles) -> None:
    with pytest.raises(LimitError, match="at most"):
        await files.put("cats", 1, 5, "a.png", b"x" * 10_000_001)
    await files.put("cats", 1, 5, "a.png", b"x" * 600_000)
    await files.put("cats", 1, 5, "a.png", b"x" * 700_000)
    with pytest.raises(LimitError, match="delete some"):
        await files.put("cats", 1, 6, "b.png", b"x" * 400_000)
    await files.put("cats", 2, 6, "b.png", b"x" * 400_000)


async def test_a_members_files_go_with_them(files: PluginFiles) -> None:
    for plugin, guild_id, user_id in (("cats", 1, 5), ("dogs", 1, 5), ("cats", 2, 5), ("cats", 1, 6)):
        await files.put(plugin, guild_id, user_id, "a", b"x")
    await files.erase(1, 5)
    assert await files.get("cats", 1, 5, "a") is None
    assert await files.get("dogs", 1, 5, "a") is None
    assert await files.get("cats", 2, 5, "a") == b"x"
    await files.erase(None, 5)
    assert await files.get("cats", 2, 5, "a") is None
    await files.forget_guild(1)
    assert await files.get("cats", 1, 6, "a") is None


async def test_erasing_reaches_the_files_of_a_plugin(run: Run) -> None:
    body = command(
        "if call.text('what') == 'put':\n"
        "    await ctx.files.put(call.guild_id, 'a.txt', b'words', user_id=call.user_id)\n"
        "found = await ctx.files.get(call.guild_id, 'a.txt', user_id=call.user_id)\n"
        "await call.reply(str(found))"
    ).replace("run)", "run, options=[Option('what', 'What')])")
    async with run(body, "commands.add", "storage") as trial:
        assert (await trial.command("do", what="put")).text == "b'words'"
        await trial.erase()
        assert (await trial.command("do", what="get")).text == "None"
