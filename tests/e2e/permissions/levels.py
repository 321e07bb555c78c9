"""The bundled plugins, and one with something of each kind for each level."""

import shutil
from pathlib import Path

from tests.plugins.support import write_plugin

BUNDLED = Path(__file__).parents[3] / "plugins"
LEVELS = "levels"
SOURCE = """
    from bot.plugin_api import Level, Option

    async def words(guild_id, user_id, typed):
        return ["one", "two"]

    async def setup(ctx):
        offering = [Option("word", "Which", required=False, suggest=words)]

        async def answer(call):
            await call.reply("done", private=True)

        for level in Level:
            name = level.name.lower()
            ctx.command(f"level {name}", "Answers", answer, level=level, options=offering)
            ctx.message_menu(f"Message, {name}", answer, level=level)
            ctx.member_menu(f"Member, {name}", answer, level=level)
            ctx.button(name, answer, level=level)
            ctx.form(name, answer, level=level)
"""


def make_plugins(folder: Path) -> list[str]:
    """Fill a folder with plugins; return their ids."""
    found = [each.parent for each in BUNDLED.glob("*/manifest.toml")]
    for each in found:
        shutil.copytree(each, folder / each.name)
    write_plugin(folder, LEVELS, SOURCE, "commands.add")
    return sorted([*(each.name for each in found), LEVELS])
