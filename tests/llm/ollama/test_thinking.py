"""Thinking: asked of those that can, in their own way, and kept apart from the answer."""

from typing import Any

import pytest

from bot.llm.ollama import OllamaProvider
from sandbox.ollama import Answer, OllamaSandbox
from tests.llm.ollama.asking import ask, with_options

HOW = pytest.mark.parametrize("how", ["complete", "stream"])
ABSENT = object()


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        ("gemma3:27b", True, ABSENT),
        ("gemma3:27b", False, ABSENT),
        ("gemma3:27b", "high", ABSENT),
        ("qwen3:4b", None, True),
        ("qwen3:4b", False, True),  # told not to, it would think in its answer
        ("qwen3:8b", None, ABSENT),
        ("qwen3:8b", False, False),
        ("qwen3:8b", True, True),
        ("qwen3:8b", "low", True),
        ("gpt-oss:20b", None, ABSENT),
        ("gpt-oss:20b", False, "low"),
        ("gpt-oss:20b", True, "medium"),
        ("gpt-oss:20b", "high", "high"),
        ("deepseek-r1:old", True, ABSENT),
    ],
)
@HOW
async def test_a_model_is_asked_to_think_as_it_can(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, model: str, asked: Any, sent: Any
) -> None:
    await ask(provider, how, with_options(thinking=asked), model=model)
    assert ollama.bodies()[0].get("think", ABSENT) == sent


@pytest.mark.parametrize("model", ["qwen3:8b", "gpt-oss:20b", "deepseek-r1:old"])
@HOW
async def test_thoughts_are_kept_apart_from_the_answer(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, model: str
) -> None:
    ollama.script(Answer("It is Tuesday.", thinking="What day is it?"))
    answer = await ask(provider, how, model=model)
    assert (answer.text, answer.thinking.strip()) == ("It is Tuesday.", "What day is it?")


@HOW
async def test_thinking_can_be_switched_off(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    ollama.script(Answer("Yes.", thinking="Hm."))
    answer = await ask(provider, how, with_options(thinking=False), model="qwen3:8b")
    assert (answer.text, answer.thinking) == ("Yes.", "")


@pytest.mark.parametrize(
    ("model", "thinking", "room"),
    [
        ("qwen3:4b", False, 2_148),
        ("qwen3:8b", False, 100),
        ("qwen3:8b", None, 2_148),
        ("gpt-oss:20b", "low", 612),
        ("gemma3:27b", True, 100),
    ],
)
async def test_thoughts_have_room_beside_the_answer(
    ollama: OllamaSandbox, provider: OllamaProvider, model: str, thinking: Any, room: int
) -> None:
    asked = with_options(max_tokens=100, thinking=thinking)
    await ask(provider, "complete", asked, model=model)
    assert ollama.bodies()[0]["options"]["num_predict"] == room
    assert provider.output_bound(asked, model) >= room
