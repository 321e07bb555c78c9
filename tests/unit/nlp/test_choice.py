import importlib.util
from pathlib import Path
from typing import Any

import pytest

from bot.abilities import LIGHT
from bot.nlp import minilm_weights
from bot.nlp.batching import BatchingEncoder
from bot.nlp.choice import choose_encoder, limits_of
from bot.nlp.encoder import FeatureEncoder
from bot.nlp.hashed import HashedEncoder
from bot.settings import NlpSettings


@pytest.fixture(autouse=True)
def _full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch and transformers seem to be there, the model's package doesn't."""
    monkeypatch.delenv(LIGHT, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(minilm_weights, "_package_folder", lambda: None)


@pytest.mark.parametrize("light", [False, True], ids=["full", "light"])
@pytest.mark.parametrize(("setting", "kind"), [("off", type(None)), ("hashed", HashedEncoder)])
def test_what_is_named_is_taken(
    monkeypatch: pytest.MonkeyPatch, setting: Any, kind: type, light: bool
) -> None:
    monkeypatch.setenv(LIGHT, str(int(light)))
    chosen = choose_encoder(NlpSettings(encoder=setting))
    assert type(chosen.encoder) is kind
    assert not chosen.degraded


@pytest.mark.parametrize("setting", ["auto", "minilm"])
def test_the_model_is_taken_where_it_can_be_had(tmp_path: Path, setting: Any) -> None:
    chosen = choose_encoder(NlpSettings(encoder=setting, models_folder=tmp_path, allow_download=True))
    assert isinstance(chosen.encoder, BatchingEncoder)
    assert (chosen.encoder.name, chosen.encoder.dim) == ("all-MiniLM-L6-v2", 384)
    assert isinstance(chosen.encoder, FeatureEncoder)
    assert chosen.encoder.width == 768
    assert chosen.reason == f"all-MiniLM-L6-v2 to be fetched into {tmp_path / 'all-MiniLM-L6-v2'}"
    assert not chosen.degraded


@pytest.mark.parametrize("setting", ["auto", "minilm"])
def test_without_the_model_it_is_hashed_with_the_reason(tmp_path: Path, setting: Any) -> None:
    chosen = choose_encoder(NlpSettings(encoder=setting, models_folder=tmp_path))
    assert isinstance(chosen.encoder, HashedEncoder)
    assert not isinstance(chosen.encoder, FeatureEncoder)
    assert "all-MiniLM-L6-v2 is not installed: pip install" in chosen.reason
    assert chosen.degraded


def test_without_torch_it_is_hashed_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else object())
    chosen = choose_encoder(NlpSettings())
    assert chosen.reason == "hashed n-grams: torch is not installed: python run.py setup"


def test_started_light_auto_is_hashed_and_that_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIGHT, "1")
    chosen = choose_encoder(NlpSettings(allow_download=True))
    assert chosen.reason == "hashed n-grams: started with --light"
    assert not chosen.degraded


def test_settings_become_seconds() -> None:
    limits = limits_of(NlpSettings(gather_ms=7, idle_minutes=2, deadline_seconds=9))
    assert (limits.gather, limits.idle, limits.deadline) == (0.007, 120, 9)


def test_the_model_stays_loaded_unless_told_otherwise() -> None:
    assert limits_of(NlpSettings()).idle is None
    assert limits_of(NlpSettings(idle_minutes=0.5)).idle == 30
