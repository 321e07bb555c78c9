import importlib.util
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.engine import create_engine
from bot.llm.hosted import load_sdk
from tests.llm.show.casts import Cast, cast_of, write_models
from tests.llm.show.stage import Stage, well_behaved

NewCast = Callable[[str], Awaitable[Cast]]
NewStage = Callable[..., Stage]


@pytest.fixture(scope="session", autouse=True)
def _sdks() -> None:
    """Import both, which takes seconds, before a deadline runs."""
    for name in ("anthropic", "openai"):
        load_sdk(name)


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    return write_models(tmp_path_factory.mktemp("models"))


@asynccontextmanager
async def an_engine(folder: Path, template: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on an empty database in `folder`."""
    shutil.copy(template, folder / "lookout.db")
    engine = create_engine(f"sqlite+aiosqlite:///{folder / 'lookout.db'}")
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[AsyncEngine]:
    async with an_engine(tmp_path, sqlite_template) as engine:
        yield engine


@pytest.fixture
async def new_cast(request: pytest.FixtureRequest) -> AsyncIterator[NewCast]:
    """Makes casts that behave well until told otherwise, and ends them."""
    made: list[Cast] = []

    async def make(name: str) -> Cast:
        folder = request.getfixturevalue("tiny_models") if name == "transformers" else None
        cast = await cast_of(name, folder)
        made.append(cast)
        if cast.server is not None:
            cast.server.script(well_behaved)
        return cast

    yield make
    for cast in made:
        await cast.close()


@pytest.fixture
async def new_stage(engine: AsyncEngine) -> AsyncIterator[NewStage]:
    """Makes stages and ends them, before the casts."""
    made: list[Stage] = []

    def make(providers: dict[str, Any], **more: Any) -> Stage:
        made.append(Stage(engine, providers, **more))
        return made[-1]

    yield make
    for stage in made:
        await stage.close()
