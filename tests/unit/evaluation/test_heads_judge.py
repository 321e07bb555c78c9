"""The bot's own judges: what the evaluation is told of them is what the bot decides."""

import importlib.util
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Urgency
from bot.evaluation import heads_judge
from bot.evaluation import judge as ask
from bot.evaluation.heads_judge import FullJudge, LightJudge, as_decided, trained_rows
from bot.evaluation.judge import ModeMissing
from bot.nlp import heads
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.encoder import EncoderUnavailable
from bot.nlp.minilm_weights import PACKAGE
from bot.nlp.retrieval import HASHED

TEXTS = [
    "hi, how do i move my config to the new server?",
    "it crashes with an error every time i open the settings page",
    "good morning all",
    "you are an idiot",
    "",
    "claim your free nitro https://dlscord-gift.com",
]
JUDGED_BY_MESSAGE = (ask.INTENT, ask.PURPOSE, ask.SENTIMENT, ask.URGENCY)


def judgement(**values: Any) -> Judgement:
    plain = Judgement(Purpose.CHATTER, Sentiment.NEUTRAL, 0.0, Urgency.LOW, 0.0, Intent.OTHER, 0.9, "", "en")
    return plain._replace(**values)


@pytest.fixture(scope="module")
def light() -> LightJudge:
    return LightJudge()


@pytest.fixture(scope="module")
def full() -> Iterator[FullJudge]:
    for package in ("torch", "transformers", PACKAGE):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    judge = FullJudge()
    with closing(judge._model):
        yield judge


def test_what_the_bot_decides_stands_beside_the_probabilities() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]], np.float32)
    found = as_decided(ask.INTENT, shares, [judgement(), judgement(intent=Intent.PROBLEM_REPORT)])
    assert found.labels == ("help_request", "problem_report", "other")
    assert found.chosen == ["other", "problem_report"]
    np.testing.assert_allclose(found.probabilities, shares)
    assert found.probabilities.dtype == np.float64


def test_an_unknown_purpose_is_a_label_of_its_own_that_no_head_says() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]], np.float32)
    found = as_decided(ask.PURPOSE, shares, [judgement(purpose=Purpose.UNKNOWN), judgement()])
    assert found.labels == ("support", "chatter", "spam", "unknown")
    assert found.chosen == ["unknown", "chatter"]
    assert found.probabilities[:, 3].tolist() == [0, 0]
    np.testing.assert_allclose(found.probabilities.sum(axis=1), [1, 1], atol=1e-6)


def test_toxicity_is_what_the_bot_says_which_patterns_may_have_raised() -> None:
    found = as_decided(ask.TOXICITY, np.array([[0.9, 0.1]], np.float32), [judgement(toxicity=0.85)])
    assert found.chosen == [ask.TOXIC]
    np.testing.assert_allclose(found.probabilities, [[0.15, 0.85]])


def test_the_light_judge_says_what_the_bot_decides(light: LightJudge) -> None:
    decided = EmbeddedClassifier().classify(TEXTS)
    assert light.judge(TEXTS) == decided
    for task in JUDGED_BY_MESSAGE:
        found = light.predict(task, TEXTS)
        assert found.chosen == [getattr(each, task) for each in decided]
        np.testing.assert_allclose(found.probabilities.sum(axis=1), np.ones(len(TEXTS)), atol=1e-5)
    toxic = light.predict(ask.TOXICITY, TEXTS[:4]).probabilities[:, 1]
    np.testing.assert_allclose(toxic, [each.toxicity for each in decided[:4]], atol=1e-3)


def test_more_texts_than_are_judged_together_are_one_answer(
    light: LightJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {task: light.predict(task, TEXTS) for task in (ask.INTENT, ask.TOXICITY, ask.ROUTE)}
    monkeypatch.setattr(heads_judge, "_PORTION", 4)
    for task, expected in whole.items():
        found = light.predict(task, TEXTS)
        assert found.chosen == expected.chosen
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)


def test_every_head_answers_an_empty_batch(light: LightJudge) -> None:
    for task in light.heads - {ask.RETRIEVAL}:
        assert light.predict(task, []).chosen == []


def test_routes_and_domains_are_told(light: LightJudge) -> None:
    routes = light.predict(ask.ROUTE, ["what is 12 * 7 + 3?", "who wrote the odyssey?"])
    assert routes.labels == heads.LABELS[heads.ROUTE]
    assert routes.decided is None
    domains = light.predict(ask.DOMAIN, ["discord-nitro-gift.example", "example.org"])
    assert domains.chosen == [ask.PHISHING, ask.BENIGN]


def test_the_best_entry_is_found_and_what_is_not_there_scores_below_the_threshold(light: LightJudge) -> None:
    entries = [("invite", "where is the invite link?"), ("pin", "how do i pin a message?")]
    answers = light.retrieve(entries, ["how can i pin a message", "where is the invite link", "soup recipe"])
    assert answers.answer_ids[:2] == ("pin", "invite")
    assert answers.threshold == HASHED.threshold
    assert answers.scores[0] > answers.threshold > answers.scores[2]


def test_rows_of_heads_and_domains_are_left_out(light: LightJudge) -> None:
    assert light.trained_rows == trained_rows()
    assert heads.trained_rows() < trained_rows()


def test_without_the_encoder_there_is_no_full_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(*_: object, **__: object) -> None:
        raise EncoderUnavailable("torch is not installed: python run.py setup")

    monkeypatch.setattr(heads_judge, "find_weights", find)
    with pytest.raises(ModeMissing, match="torch is not installed"):
        FullJudge()


def test_the_full_judge_says_what_the_second_judge_decides(full: FullJudge) -> None:
    decided = full.judge(TEXTS)
    for task in JUDGED_BY_MESSAGE:
        assert full.predict(task, TEXTS).chosen == [getattr(each, task) for each in decided]
    assert full.predict(ask.ROUTE, TEXTS[:2]).probabilities.shape == (2, 6)
    assert (full.name, full.cores) == ("full", None)


def test_lines_before_change_what_the_full_judge_says_of_the_intent_alone(
    full: FullJudge, light: LightJudge
) -> None:
    texts, before = ["it does that too"], [["bob: my server crashes at every start, how do i fix it?"]]
    for judge, task, same in (
        (full, ask.INTENT, False),
        (full, ask.SENTIMENT, True),
        (light, ask.INTENT, True),
    ):
        alone, after = judge.predict(task, texts), judge.predict(task, texts, before)
        assert np.array_equal(alone.probabilities, after.probabilities) is same


def test_the_full_judge_finds_what_means_the_same(full: FullJudge) -> None:
    entries = [("pin", "how do i pin a message?"), ("login", "i can't log in any more")]
    answers = full.retrieve(entries, ["signing in to my account fails"])
    assert answers.answer_ids == ("login",)
