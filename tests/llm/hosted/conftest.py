import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from bot.llm.anthropic import AnthropicProvider
from bot.llm.hosted import load_sdk
from bot.llm.openai import OpenAICompatibleProvider
from sandbox.hosted import HostedSandbox
from tests.garbage import freeze
from tests.llm.hosted.helpers import MODELS, PRICES, Both


@pytest.fixture(scope="session", autouse=True)
def _sdks() -> None:
    """Import both, which takes seconds, before a deadline runs."""
    for name in ("anthropic", "openai"):
        load_sdk(name)
    gc.collect()
    freeze()  # what was imported: each test collects what it left, and needn't look through all of that


@pytest.fixture(autouse=True)
async def _nothing_is_left_behind(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """No call may leave a stream behind: asyncio closes those some time later and logs what fails then."""
    yield
    gc.collect()
    for _ in range(3):
        await asyncio.sleep(0)
    records = caplog.get_records("call") + caplog.records
    assert [record.getMessage() for record in records if record.name == "asyncio"] == []


@pytest.fixture
async def hosted() -> AsyncIterator[HostedSandbox]:
    async with HostedSandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def claude(hosted: HostedSandbox) -> AsyncIterator[AnthropicProvider]:
    provider = AnthropicProvider(hosted.key, prices=PRICES, base_url=hosted.anthropic_url)
    yield provider
    await provider.close()


@pytest.fixture
async def local(hosted: HostedSandbox) -> AsyncIterator[OpenAICompatibleProvider]:
    provider = OpenAICompatibleProvider(hosted.key, prices=PRICES, base_url=hosted.openai_url)
    yield provider
    await provider.close()


@pytest.fixture(params=["anthropic", "openai"])
def both(
    request: pytest.FixtureRequest,
    hosted: HostedSandbox,
    claude: AnthropicProvider,
    local: OpenAICompatibleProvider,
) -> Both:
    """Each provider in turn, with a model it has."""
    provider = claude if request.param == "anthropic" else local
    return Both(provider, MODELS[request.param], hosted)
