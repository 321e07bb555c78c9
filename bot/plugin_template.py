"""`python run.py new-plugin NAME`: a working plugin with its test, to change from there."""

import re
from pathlib import Path
from typing import Final

from bot.domain.errors import StartupError
from bot.plugin_api.manifest import ID_PATTERN

_MANIFEST: Final = """id = "{id}"
name = "{name}"
version = "0.1.0"
api_version = 1
description = "Says hello, and counts to whom."
permissions = ["commands.add", "storage"]
data_statement = "Keeps how often a member was greeted."
"""
_PLUGIN: Final = '''"""{name}: greets, and counts. docs/PLUGINS.md says what else a plugin can do."""

from pydantic import BaseModel, Field

from bot.plugin_api import Call, PluginContext


class Config(BaseModel):
    """What a server's managers set with /plugins config."""

    greeting: str = Field("Hello", description="What is said first", max_length=50)


async def setup(ctx: PluginContext) -> None:
    """Register what the plugin does; it is undone by itself when the plugin unloads."""

    async def greet(call: Call) -> None:
        config = ctx.config(Config, call.guild_id)
        count = 1 + (await ctx.store.get(call.guild_id, "greeted", user_id=call.user_id) or 0)
        await ctx.store.put(call.guild_id, "greeted", count, user_id=call.user_id)
        await call.reply(f"{{config.greeting}}, {{call.user_name}}! I said so {{count}} times.")

    ctx.command("{command}", "Be greeted", greet)


async def delete_user_data(ctx: PluginContext, guild_id: int | None, user_id: int) -> None:
    """Delete what is kept of a member elsewhere than in `ctx.store` under their user id: nothing."""
'''
_TEST: Final = '''"""What {name} does; run it with `python run.py python -m pytest {folder}`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.plugin_api.testing import MEMBER, Trial, on_trial


@pytest.fixture
async def trial() -> AsyncIterator[Trial]:
    async with on_trial(Path(__file__).parent) as trial:
        yield trial


async def test_greets_and_counts(trial: Trial) -> None:
    await trial.command("{command}")
    answer = await trial.command("{command}")
    assert answer.text == "Hello, Ada! I said so 2 times."


async def test_a_server_chooses_its_greeting(trial: Trial) -> None:
    await trial.set("greeting", "Ahoy")
    assert (await trial.command("{command}")).text.startswith("Ahoy, Ada!")


async def test_a_member_who_is_erased_is_forgotten(trial: Trial) -> None:
    await trial.command("{command}")
    assert await trial.kept(MEMBER)
    await trial.erase(MEMBER)
    assert not await trial.kept(MEMBER)
'''


def make_plugin(name: str, root: Path) -> Path:
    """Write a new plugin into a folder of `root`; return that folder.

    Raises:
        StartupError: the name can't be an id, or is taken; the text says the fix.
    """
    if not re.fullmatch(ID_PATTERN, name):
        fixed = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        hint = f" Try {fixed}." if re.fullmatch(ID_PATTERN, fixed) else ""
        raise StartupError(
            f"{name!r} can't be a plugin's name: 2 to 32 small letters, digits and _, a letter first.{hint}"
        )
    folder = root / name
    if folder.exists():
        raise StartupError(f"{folder} is there already; choose another name.")
    values = {
        "id": name,
        "name": name.replace("_", " ").capitalize(),
        "command": name.replace("_", "-"),
        "folder": folder.as_posix(),
    }
    folder.mkdir(parents=True)
    for file, text in (
        ("manifest.toml", _MANIFEST),
        ("plugin.py", _PLUGIN),
        (f"test_{name}.py", _TEST),
    ):
        (folder / file).write_text(text.format(**values), "utf-8")
    return folder
