from pathlib import Path

import pytest
import yaml

from bot.domain.errors import StartupError
from bot.llm.prices import Prices
from bot.llm.types import Usage
from tests.llm.hosted.helpers import PRICES, ROOT

MILLION = Usage(1_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("claude-haiku-4-5", MILLION, 6.0),
        ("claude-haiku-4-5-20251001", MILLION, 6.0),
        ("gpt-5-mini-2025-08-07", MILLION, 2.25),
        ("claude-haiku-5-5", Usage(100_000, 1_000), 0.0105),
        ("claude-haiku-5-5", Usage(100_001, 1_000), 0.0525005),
        ("gpt-4.1-nano", Usage(0, 0), 0.0),
    ],
)
def test_a_call_costs_what_its_model_costs(model: str, usage: Usage, cost: float) -> None:
    assert PRICES.cost_of(model, usage) == pytest.approx(cost)


@pytest.mark.parametrize(
    "model", ["gpt-5-mini-pro", "gpt-5.9", "claude-haiku-9", "", "o1-pro", "gpt-5-mini:free"]
)
def test_a_model_nobody_priced_costs_more_than_any_that_is_listed(model: str) -> None:
    assert model not in PRICES
    listed = yaml.safe_load((ROOT / "config" / "prices.yaml").read_text("utf-8"))["models"]
    dearest = max(PRICES.cost_of(name, MILLION) for name in listed)
    assert PRICES.cost_of(model, MILLION) > dearest


def test_settings_override_the_file() -> None:
    own = {"claude-haiku-4-5": {"input": 9, "output": 9}, "mine": {"input": 0, "output": 1}}
    prices = Prices.read(ROOT / "config" / "prices.yaml", own | {"unknown": {"input": 100, "output": 100}})
    assert prices.cost_of("claude-haiku-4-5", MILLION) == pytest.approx(18)
    assert prices.cost_of("mine", MILLION) == pytest.approx(1)
    assert prices.cost_of("else", MILLION) == pytest.approx(200)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unknown: {input: 1, output: 1}", "models"),
        ("models: {}", "unknown"),
        ("unknown: {input: -1, output: 1}\nmodels: {}", "unknown.input"),
        ("unknown: {input: .nan, output: 1}\nmodels: {}", "unknown.input"),
        ("unknown: {input: 1, output: 1}\nmodels: {m: {input: 1, out: 1}}", "models.m"),
        ("[", "not YAML"),
    ],
)
def test_prices_that_are_none_stop_the_start(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(StartupError, match=says):
        Prices.read(path)


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="can't be read"):
        Prices.read(tmp_path / "prices.yaml")


def test_a_wrong_price_in_the_settings_is_named() -> None:
    with pytest.raises(StartupError, match="the price of mine: input"):
        Prices.read(ROOT / "config" / "prices.yaml", {"mine": {"input": "dear", "output": 1}})
