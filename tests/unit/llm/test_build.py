"""The providers that settings name, and nothing else."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import run
from bot.domain.errors import StartupError
from bot.llm.build import build_providers, seconds_of
from bot.llm.ports import Price
from bot.llm.types import Capabilities, Thinking
from bot.settings import LlmSettings, NlpSettings

ROOT = Path(run.__file__).parent
PRICES = ROOT / "config" / "prices.yaml"


def build(**llm: Any) -> Any:
    return build_providers(LlmSettings.model_validate(llm), NlpSettings(), PRICES)


def test_without_a_provider_nothing_is_made_and_no_price_is_read() -> None:
    assert build_providers(LlmSettings(), NlpSettings(), Path("nowhere")).providers == {}


@pytest.mark.parametrize(
    ("llm", "names"),
    [
        ({"provider": "ollama"}, ["ollama"]),
        ({"provider": "openai", "api_key": "k"}, ["openai"]),
        ({"provider": "ollama", "chains": {"reply": ["anthropic", "ollama"]}}, ["ollama", "anthropic"]),
        ({"chains": {"classify": ["transformers/tiny"], "reply": []}}, ["transformers"]),
        ({"provider": "ollama", "chains": {task: [] for task in LlmSettings().chains.model_dump()}}, []),
    ],
    ids=["ollama", "openai", "chains beside it", "a chain alone", "no chain"],
)
def test_what_chains_name_is_made(llm: Any, names: list[str]) -> None:
    found = build(**llm).providers
    assert sorted(found) == sorted(names)
    assert all(provider.name == name for name, provider in found.items())


def test_the_dearer_of_two_rates_counts_and_the_owners_price_before_the_list() -> None:
    price_of = build(provider="anthropic", prices={"mine": {"input": 1, "output": 2}}).price_of
    assert price_of("anthropic", "claude-haiku-4-5") == Price(1, 5)
    assert price_of("anthropic", "claude-haiku-5-5") == Price(0.5, 2.5)
    assert price_of("anthropic", "mine") == Price(1, 2)
    assert price_of("anthropic", "nobody-knows") == Price(30, 180)
    unknown = build(provider="anthropic", prices={"unknown": {"input": 3, "output": 4}}).price_of
    assert unknown("anthropic", "nobody-knows") == Price(3, 4)


def test_prices_that_cannot_be_read_end_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"prices\.yaml can't be read"):
        build_providers(LlmSettings(provider="openai"), NlpSettings(), tmp_path / "prices.yaml")


async def test_what_a_model_can_do_is_taken_from_the_settings() -> None:
    provider = build(
        provider="openai",
        openai_base_url="http://127.0.0.1:9/v1",
        openai_abilities={"qwen*": {"context_tokens": 32_768, "json_answers": True, "thinking": "boolean"}},
    ).providers["openai"]
    expected = Capabilities(32_768, supports_schema=True, thinking=Thinking.BOOLEAN)
    assert await provider.capabilities("qwen3") == expected
    assert not provider.is_hosted


@pytest.mark.parametrize(
    ("text", "seconds"), [("5m", 300), ("-1", -1), ("0", 0), ("1.5h", 5_400), ("250ms", 0.25), ("90", 90)]
)
def test_a_duration_is_read_as_ollama_reads_it(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)
    assert LlmSettings(ollama_keep_alive=text).ollama_keep_alive == text


def test_no_library_of_a_provider_is_imported_with_the_bot() -> None:
    script = (
        "import sys, bot.app\n"
        "from pathlib import Path\n"
        "from bot.llm.build import build_providers\n"
        "from bot.settings import LlmSettings, NlpSettings\n"
        "links = ['ollama', 'anthropic', 'openai', 'transformers/tiny']\n"
        "llm = LlmSettings.model_validate({'chains': {'reply': links}})\n"
        "assert len(build_providers(llm, NlpSettings(), Path('config/prices.yaml')).providers) == 4\n"
        "heavy = {'ollama', 'httpx', 'anthropic', 'openai', 'transformers', 'torch'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
