"""Fixtures: a loopback Ollama and the provider that asks it, both closed after the test."""

from collections.abc import AsyncIterator

import pytest

from bot.llm.ollama import OllamaProvider
from sandbox.ollama import Model, OllamaSandbox

MODELS = (
    "gemma3:27b",
    "llama3.2:3b",
    "qwen3:8b",
    "qwen3:4b",
    "gpt-oss:20b",
    "all-minilm",
    Model("deepseek-r1:old", family="qwen2", thinking="inline", capabilities=("completion",)),
    Model("tiny:1b", context=2_048),
)


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaSandbox]:
    """A loopback Ollama with models of every kind."""
    async with OllamaSandbox(MODELS) as sandbox:
        yield sandbox


@pytest.fixture
async def provider(ollama: OllamaSandbox) -> AsyncIterator[OllamaProvider]:
    """The provider that asks it; afterwards no request is left open."""
    made = OllamaProvider(ollama.url)
    yield made
    await made.close()
    for entry in ollama.requests:
        await ollama.wait_for(lambda e, n=entry["n"]: e["kind"] == "end" and e["request"] == n)  # type: ignore[misc]
    assert ollama.server.open == 0
