"""README and docs name only what exists."""

import re
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

import run
from bot import cli
from bot.core.tree import Tree
from bot.llm.defaults import DEFAULTS
from bot.settings_sources import FLAT_NAMES
from cogs.admin.audit import Audit
from cogs.admin.channels import Channels
from cogs.admin.config import Config
from cogs.admin.reload import Reload
from cogs.errors.cog import Errors
from cogs.feedback.figures import FeedbackFigures
from cogs.help.cog import Help
from cogs.incidents.setup import AlertSetup
from cogs.maintenance.cog import MaintenanceCog
from cogs.onboarding.wizard import Setup
from cogs.plugins.admin import PluginAdmin
from cogs.privacy.cog import Privacy
from cogs.statistics.cog import Statistics
from cogs.status import Status
from cogs.summaries.ask import AskedSummaries
from cogs.summaries.setup import SummarySetup
from cogs.tickets.answer_settings import AnswerSettings
from cogs.tickets.answers import TicketAnswers
from cogs.tickets.closing import TicketEnd
from cogs.tickets.desk import Tickets
from cogs.tickets.panel import TicketPanel
from cogs.tickets.statistics import TicketStatisticsCog
from cogs.training.train import Training
from cogs.unanswered import UnansweredList

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
            if re.fullmatch(r"/\w+", words):
                found.add(words)
                continue
            named = re.match(r"(?:(/\w+) )?([\w-]+)", words)
            assert named is not None, words
            group = named[1] or group
            found.add(f"{group} {named[2]}")
    return found


def test_every_slash_command_is_in_the_readme_and_there() -> None:
    nothing = cast("Any", None)
    cogs = [
        FeedbackFigures(Mock()),
        Config(nothing, nothing), Channels(nothing), Audit(nothing, nothing), Status(nothing, nothing),
        Training(Mock()),
        Tickets(Mock()), TicketPanel(nothing, nothing), Setup(nothing), TicketEnd(Mock()),
        TicketStatisticsCog(Mock()), TicketAnswers(Mock()), AnswerSettings(nothing),
        AlertSetup(nothing, nothing), UnansweredList(),
        Statistics(nothing), Errors(Mock()), Reload(nothing),
        MaintenanceCog(Mock()), Help(Mock(tree=Mock(spec=Tree))),
        PluginAdmin(nothing, nothing), Privacy(Mock()),
        AskedSummaries(Mock()), SummarySetup(nothing, nothing),
    ]  # fmt: skip
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


def test_the_models_of_ollama_are_listed_as_the_bot_knows_them() -> None:
    text = (ROOT / "docs" / "LLM.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w.:-]+)` \| ([\d.]+) ([GM])B \| ([\d,]+) \| (.+) \|$", text, re.MULTILINE)
    writers = {name: known for name, known in DEFAULTS.items() if known.capabilities.supports_schema}
    assert [name for name, *_ in listed] == list(writers)
    for name, size, unit, context, notes in listed:
        known = writers[name]
        assert known.size == pytest.approx(float(size) * (1e9 if unit == "G" else 1e6), rel=0.02)
        assert (int(context.replace(",", "")), notes) == (known.capabilities.context_tokens, known.notes)
