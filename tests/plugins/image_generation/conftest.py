"""The plugin in the bot's own service, and a stand-in for what draws."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from bot.plugin_api.testing import MEMBER, Said, Trial, on_trial
from sandbox.pictures import PicturesSandbox

FOLDER = Path("plugins/image_generation")


class Studio:
    """What the tests do."""

    def __init__(self, trial: Trial, pictures: PicturesSandbox) -> None:
        self.trial = trial
        self.pictures = pictures

    async def draw(self, prompt: str = "a cat on a red sofa", *, by: int = MEMBER) -> Said:
        """Have a picture drawn; return what its member sees."""
        return (await self.trial.command("generate-image", by=by, prompt=prompt)).said[0]

    async def spent(self) -> tuple[float, int]:
        """Return dollars and pictures of today."""
        found = [value for _, key, value in await self.trial.kept(0) if key.startswith("spent/")]
        return (found[-1]["usd"], found[-1]["pictures"]) if found else (0.0, 0)


class StartStudio(Protocol):
    def __call__(self, **options: Any) -> AbstractAsyncContextManager[Studio]: ...


@asynccontextmanager
async def a_studio(**options: Any) -> AsyncIterator[Studio]:
    """Run both; `options` are the owner's."""
    async with PicturesSandbox() as pictures:
        service = options.get("service", "openai")
        url = pictures.openai_url if service == "openai" else pictures.openrouter_url
        owners = {"base_url": url, "seconds": 1} | options
        async with on_trial(
            FOLDER, secrets={"key": pictures.key}, hosts=[pictures.address], options=owners
        ) as trial:
            yield Studio(trial, pictures)


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    async with a_studio() as studio:
        await studio.trial.later(1)  # schedules count from their first look
        yield studio
