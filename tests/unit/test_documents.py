"""README and docs name only what exists."""

import re
from pathlib import Path
from typing import Any, cast

import pytest

import run
from bot import cli
from bot.settings_sources import FLAT_NAMES
from cogs.admin.audit import Audit
from cogs.admin.channels import Channels
from cogs.admin.config import Config
from cogs.status import Status

ROOT = Path(run.__file__).parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = DOCUMENTS[0].read_text("utf-8")


def slash_commands(text: str) -> set[str]:
    """Return the commands in the first cells of the README's table; a group is named once per cell."""
    found = set()
    for line in text.splitlines():
        if not line.startswith("| `/"):
            continue
        group = ""
        for words in re.findall(r"`([^`]+)`", line.split("|")[1]):
            if words == "/status":
                found.add(words)
                continue
            named = re.match(r"(?:(/\w+) )?(\w+)", words)
            assert named is not None, words
            group = named[1] or group
            found.add(f"{group} {named[2]}")
    return found


def test_every_slash_command_is_in_the_readme_and_there() -> None:
    nothing = cast("Any", None)
    cogs = [Config(nothing), Channels(nothing), Audit(nothing, nothing), Status(nothing, nothing)]
    there = {f"/{command.qualified_name}" for cog in cogs for command in cog.walk_app_commands()}
    assert slash_commands(README) == there


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_files_that_a_document_names_are_there(document: Path) -> None:
    text = document.read_text("utf-8")
    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands}  # type: ignore[union-attr]
    known |= {"setup", "test", "python"}
    assert set(re.findall(r"run\.py (?:--light )?([a-z-]*[a-z])", text)) <= known
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (document.parent / link).exists(), link
    for path in re.findall(r"`((?:bot|cogs|sandbox|benchmarks|tests|config)/[\w./]+)`", text):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"`([A-Z]+_[A-Z_]+)=?", text):
        assert name in FLAT_NAMES or name.startswith("LOOKOUT_"), name
