"""What is worth a second look, and whether somebody is there to take it."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Urgency
from bot.nlp import refining
from bot.nlp.choice import EncoderChoice, choose_judges
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.hashed import HashedEncoder
from bot.nlp.refining import Doubting, Refiner, find_refiner, is_uncertain
from tests.scripted_refiner import ScriptedRefiner

SURE = Judgement(
    Purpose.CHATTER, Sentiment.NEUTRAL, 0.0, Urgency.LOW, 0.0, Intent.OTHER, 0.95, "", "en"
)  # fmt: skip


@pytest.mark.parametrize(
    ("values", "uncertain"),
    [
        pytest.param({}, False, id="surely nothing"),
        pytest.param({"confidence": 0.75}, False, id="sure enough"),
        pytest.param({"confidence": 0.74}, True, id="perhaps it asks"),
        pytest.param({"intent": Intent.HELP_REQUEST, "confidence": 0.6}, False, id="flagged: goes on anyway"),
        pytest.param({"toxicity": 0.29}, False, id="surely polite"),
        pytest.param({"toxicity": 0.3}, True, id="perhaps toxic"),
        pytest.param({"toxicity": 0.8}, False, id="surely toxic"),
    ],
)
def test_what_is_not_flagged_and_not_sure_is_looked_at_again(values: dict[str, Any], uncertain: bool) -> None:
    assert is_uncertain(SURE._replace(**values)) is uncertain


class Fixed:
    def __init__(self, *judgements: Judgement) -> None:
        self._judgements = list(judgements)

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        return self._judgements[: len(texts)]


def test_a_doubting_judge_says_the_same_and_marks_what_it_is_unsure_of() -> None:
    unsure = SURE._replace(confidence=0.6)
    assert Doubting(Fixed(SURE, unsure)).classify(["a", "b"]) == [SURE, unsure._replace(uncertain=True)]


def test_one_that_doubts_all_marks_all_that_was_said() -> None:
    doubted = SURE._replace(uncertain=True)
    assert Doubting(Fixed(SURE, SURE, SURE), of_all=True).classify(["a", "", " \n"]) == [doubted, SURE, SURE]


def test_there_is_no_second_judge_without_an_encoder_or_without_heads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert find_refiner(None) is None
    monkeypatch.setattr(refining, "_HEADS", "bot.nlp.of_another_version")
    assert find_refiner(HashedEncoder()) is None


def test_the_heads_say_whether_they_know_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, refiner = HashedEncoder(), ScriptedRefiner()
    monkeypatch.setattr(refining, "_HEADS", __name__)
    assert find_refiner(encoder) is None
    monkeypatch.setitem(globals(), "load_refiner", lambda asked: refiner if asked is encoder else None)
    assert find_refiner(encoder) is refiner
    assert find_refiner(HashedEncoder()) is None


def test_without_a_second_judge_the_light_one_marks_nothing() -> None:
    judges = choose_judges(EncoderChoice(None, "no encoder: nlp.encoder is off"))
    assert isinstance(judges.light, EmbeddedClassifier)
    assert judges.refiner is None
    assert judges.reason == "the light judge alone (no encoder: nlp.encoder is off)"


def test_with_a_second_judge_the_light_one_doubts() -> None:
    refiner = ScriptedRefiner()
    judges = choose_judges(EncoderChoice(None, "scripted"), refiner)
    assert isinstance(judges.light, Doubting)
    assert judges.refiner is refiner
    assert "encoder" in judges.reason


def test_with_a_language_model_alone_the_light_judge_tells_what_it_is_not_sure_of() -> None:
    judges = choose_judges(EncoderChoice(None, "no encoder"), has_llm=True)
    assert judges.refiner is None
    assert isinstance(judges.light, Doubting)


@pytest.mark.parametrize("refiner", [None, ScriptedRefiner()], ids=["alone", "with a second judge"])
def test_where_a_language_model_judges_all_the_light_judge_doubts_all(refiner: Refiner | None) -> None:
    judges = choose_judges(EncoderChoice(None, "no encoder"), refiner, has_llm=True, llm_judges_all=True)
    assert [each.uncertain for each in judges.light.classify(["lunch time for all of us"])] == [True]
    assert judges.refiner is refiner


def test_where_there_is_no_model_to_judge_all_nothing_is_doubted() -> None:
    judges = choose_judges(EncoderChoice(None, "no encoder"), llm_judges_all=True)
    assert isinstance(judges.light, EmbeddedClassifier)
