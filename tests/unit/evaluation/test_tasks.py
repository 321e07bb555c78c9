"""What each task asks, scores and leaves out, on files made here."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.evaluation import judge as ask
from bot.evaluation.data import Dataset
from bot.evaluation.judge import Prediction
from bot.evaluation.results import Result
from bot.evaluation.tasks import LABELLINGS, Labelling, all_tasks, false_alarms, merge, retrieval
from bot.nlp.training_rows import row_key
from tests.unit.evaluation.fakes import ToldJudge, write_rows

INTENTS = ("help_request", "problem_report", "other")
BY_NAME = {task.name: task for task in LABELLINGS}


def run(task: Labelling, data: Dataset, *judges: ToldJudge) -> dict[tuple[str, str], Result]:
    return {(result.task, result.mode): result for result in task.run(data, judges)}


def test_intent_is_asked_with_context_and_scored_as_flagged_too(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "asks", "intent": "help_request", "context": ["x: hi"]},
        {"text": "broke", "intent": "problem_report"},
        {"text": "fine", "intent": "other"},
        {"text": "quotes", "intent": "other"},
    ]
    write_rows(tmp_path, "intent_chat_hand", rows)
    told = {"asks": (0.7, 0.2, 0.1), "broke": (0.6, 0.3, 0.1), "fine": (0, 0, 1), "quotes": (0.2, 0.3, 0.5)}
    judge = ToldJudge(INTENTS, told, heads=frozenset({ask.INTENT}))
    found = run(BY_NAME["intent"], Dataset(tmp_path), judge)["intent", "light"]
    assert judge.contexts == [("x: hi",), (), (), ()]
    assert (found.n, found.left_out) == (4, 0)
    assert found.metrics["accuracy"] == 3 / 4
    assert found.metrics["macro_f1"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert (
        found.metrics["flagged_precision"] == found.metrics["flagged_recall"] == 1
    )  # which kind is another matter
    assert found.metrics["flagged_precision_at_recall_0.75"] == 1
    assert found.metrics["flagged_auroc"] == 1
    assert found.metrics["calibration_error"] == pytest.approx((0.3 + 0.6 + 0 + 0.5) / 4)
    assert found.classes["help_request"].precision == 1 / 2


def test_labels_the_file_does_not_know_count_as_what_they_are_merged_into(tmp_path: Path) -> None:
    write_rows(
        tmp_path,
        "intent_chat_hand",
        [{"text": "soon", "urgency": "normal"}, {"text": "now", "urgency": "high"}],
    )
    told = {"soon": (0.3, 0.3, 0.4), "now": (0.1, 0.1, 0.8)}
    judge = ToldJudge(("low", "med", "high"), told, heads=frozenset({ask.URGENCY}))
    found = run(BY_NAME["urgency"], Dataset(tmp_path), judge)["urgency", "light"]
    assert found.metrics["accuracy"] == 1 / 2  # what the judge chose stays chosen, though .6 was for normal


def test_merging_adds_probabilities_and_keeps_the_choice() -> None:
    found = merge(Prediction(("a", "b", "c"), np.array([[0.4, 0.35, 0.25]])), {"b": "x", "c": "x"})
    assert found.labels == ("a", "x")
    assert found.probabilities == pytest.approx(np.array([[0.4, 0.6]]))
    assert found.chosen == ["a"]


def test_a_judge_may_decide_otherwise_than_by_the_likeliest_label() -> None:
    prediction = Prediction(("clean", "toxic"), np.array([[0.4, 0.6]]), np.array([0]))
    assert prediction.chosen == ["clean"]
    assert merge(prediction, {"toxic": "bad"}).chosen == ["clean"]


def test_subsets_are_scored_by_themselves_too(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "sentiment": "pos", "subset": "s"},
        {"text": "b", "sentiment": "neg", "subset": "s"},
        {"text": "c", "sentiment": "neg", "subset": "t"},
        {"text": "d", "sentiment": "neg", "subset": "t"},
    ]
    write_rows(tmp_path, "sentiment", rows)
    told = dict.fromkeys("abcd", (1.0, 0.0))
    judge = ToldJudge(("neg", "pos"), told, heads=frozenset({ask.SENTIMENT}))
    data = Dataset(tmp_path, frozenset({row_key("sentiment", "r3", "d")}))
    found = run(BY_NAME["sentiment"], data, judge)
    figures = {
        task: (result.n, result.left_out, result.metrics["accuracy"]) for (task, _), result in found.items()
    }
    assert figures == {"sentiment": (3, 1, 2 / 3), "sentiment/s": (2, 0, 1 / 2), "sentiment/t": (1, 1, 1)}
    assert "calibration_error" not in found["sentiment", "light"].metrics  # it never said how sure it is


def test_every_other_judge_is_compared_with_the_baseline_on_the_same_rows(tmp_path: Path) -> None:
    write_rows(tmp_path, "sentiment", [{"text": text, "sentiment": text} for text in ("pos", "neg") * 30])
    heads = frozenset({ask.SENTIMENT})
    always = ToldJudge(("neg", "pos"), {"pos": (0, 1), "neg": (0, 1)}, name="vader", heads=heads)
    right = ToldJudge(("neg", "pos"), {"pos": (0, 1), "neg": (1, 0)}, heads=heads)
    found = run(BY_NAME["sentiment"], Dataset(tmp_path), always, right)
    over = found["sentiment", "light"].metrics
    assert over["over_vader"] == pytest.approx(1 - 1 / 3)
    assert over["over_vader_low"] < over["over_vader"] < over["over_vader_high"]
    assert "over_vader" not in found["sentiment", "vader"].metrics


def test_a_file_of_which_everything_was_trained_on_shows_only_that(tmp_path: Path) -> None:
    write_rows(tmp_path, "routing", [{"text": "hi", "route": "general"}])
    judge = ToldJudge(("general",), {}, heads=frozenset({ask.ROUTE}))
    data = Dataset(tmp_path, frozenset({row_key("routing", "r0", "hi")}))
    found = run(BY_NAME["routing"], data, judge)["routing", "light"]
    assert (found.n, found.left_out) == (0, 1)
    assert math.isnan(found.metrics["macro_f1"])


def test_nobody_is_asked_what_they_do_not_know_and_nothing_without_a_file(tmp_path: Path) -> None:
    judge = ToldJudge(heads=frozenset({ask.INTENT}))
    assert run(BY_NAME["routing"], Dataset(tmp_path), judge) == {}
    write_rows(tmp_path, "routing", [{"text": "hi", "route": "general"}])
    assert run(BY_NAME["routing"], Dataset(tmp_path), judge) == {}
    assert list(false_alarms(Dataset(tmp_path), [judge])) == []


def test_false_alarms_are_counted_and_kept_to_be_read(tmp_path: Path) -> None:
    write_rows(
        tmp_path, "day_logs", [{"id": "d", "messages": [{"text": text} for text in ("a", "b", "c", "d")]}]
    )
    told = {"a": (0.9, 0.1), "b": (0.1, 0.9), "c": (0.4, 0.6), "d": (1, 0)}
    judge = ToldJudge((ask.CLEAN, ask.TOXIC), told, heads=frozenset({ask.TOXICITY}))
    (found,) = false_alarms(Dataset(tmp_path), [judge])
    assert (found.n, found.metrics) == (4, {"flagged_share": 0.5, "acted_on_share": 0.25})
    assert [(alarm.row.id, alarm.row.text, alarm.chance) for alarm in found.alarms] == [
        ("d:1", "b", 0.9),
        ("d:2", "c", 0.6),
    ]


def test_retrieval_scores_answers_and_silence(tmp_path: Path) -> None:
    write_rows(
        tmp_path, "retrieval_x_kb", [{"text": "how?", "answer_id": "A"}, {"text": "why?", "answer_id": "B"}]
    )
    queries: list[dict[str, Any]] = [
        {"text": "right", "answer_id": "A", "scope": "in"},
        {"text": "wrong", "answer_id": "A", "scope": "in"},
        {"text": "shy", "answer_id": "B", "scope": "in"},
        {"text": "near", "answer_id": "A", "scope": "near_oos"},
        {"text": "far", "answer_id": None, "scope": "far_oos"},
        {"text": "far too", "answer_id": None, "scope": "far_oos"},
    ]
    write_rows(tmp_path, "retrieval_x_queries", queries)
    answers = {
        "right": ("A", 0.9),
        "wrong": ("B", 0.6),
        "shy": ("B", 0.4),
        "near": ("A", 0.7),
        "far": ("A", 0.1),
        "far too": ("A", 0.4),
    }
    judge = ToldJudge(answers=answers, heads=frozenset({ask.RETRIEVAL}))
    (found,) = retrieval("x", Dataset(tmp_path), [judge])
    assert judge.entries == [("A", "how?"), ("B", "why?")]
    assert (found.task, found.n) == ("retrieval/x", 6)
    assert found.metrics == pytest.approx(
        {
            "top_1": 2 / 3,  # whether or not it would have been given
            "out_of_scope_auroc": (3 + 2 + 1.5) / 9,
            "answer_precision": 1 / 3,
            "answer_recall": 1 / 3,
            "rejected_far_oos": 1,
            "rejected_near_oos": 0,
        }
    )


def test_there_is_a_task_for_every_retrieval_set(tmp_path: Path) -> None:
    for file in ("retrieval_new_kb", "retrieval_new_queries"):
        write_rows(tmp_path, file, [])
    tasks = list(all_tasks(Dataset(tmp_path)))
    assert tasks[0] == "intent"
    assert [task for task in tasks if task.startswith("retrieval")] == ["retrieval/new"]
    assert tasks[-2:] == ["throughput", "memory"]
