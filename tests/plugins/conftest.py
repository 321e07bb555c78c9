"""A plugin of a few lines, in the bot's own service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.plugin_api.testing import Trial, on_trial
from tests.plugins.support import HEADER, Run, write_plugin


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a plugin of a `setup`'s body, with permissions."""

    @asynccontextmanager
    async def start(
        body: str, *permissions: str, top: str = "", statement: str = "", more: str = "", **options: Any
    ) -> AsyncIterator[Trial]:
        lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
        source = f"{HEADER}{top}\nasync def setup(ctx: PluginContext) -> None:\n{lines}\n    return\n"
        folder = write_plugin(tmp_path, "karma", source, *permissions, statement=statement, more=more)
        async with on_trial(folder, **options) as trial:
            yield trial

    return start
