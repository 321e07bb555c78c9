"""An import tells how far it is, and goes on where that can't be told."""

import json
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.db.database import Database
from bot.services.training.importing import TrainingFiles
from cogs.training.views import run_import
from tests.discord_payloads import GUILD
from tests.fakes import FakeClock


class Gone:
    """An interaction whose answer can be edited only when the import is done."""

    guild_id = int(GUILD)
    user = SimpleNamespace(id=1)

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.title: str | None = None

    async def edit_original_response(self, *, content: str | None, **more: Any) -> None:
        if content is not None:
            self.failed.append(content)
            raise discord.NotFound(cast("Any", SimpleNamespace(status=404, reason="gone")), "Unknown Message")
        self.title = more["embed"].title


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_an_import_goes_on_when_its_progress_cannot_be_told(
    database: Database, clock: FakeClock
) -> None:
    async def on_change(_guild_id: int, _entry_ids: Any) -> None:
        """Nobody needs to hear of it."""

    files = TrainingFiles(database, clock, on_change)
    rows = [{"question": f"question number {number}", "answer": f"answer {number}"} for number in range(600)]
    upload = await files.read(json.dumps(rows).encode(), "a.json")
    gone = Gone()
    await run_import(cast("Any", gone), files, upload)
    assert gone.failed[0].startswith("Importing… 250 of 600")
    assert len(gone.failed) > 1
    assert gone.title is not None
    preview = await files.preview(gone.guild_id, upload)
    assert (preview.new, preview.unchanged) == (0, 600)
