"""How summaries are scored, and that what is summed up here beats what is simplest."""

from pathlib import Path

import pytest

from bot.evaluation.ceiling import coverage_scores, f1_scores, greedy
from bot.evaluation.data import DataError, Dataset
from bot.evaluation.floors import Floor, Floors, check
from bot.evaluation.results import Result
from bot.evaluation.summaries import (
    DRAWN_OUT,
    GREEDY,
    SUMMARIZINGS,
    Talk,
    all_words,
    baseline,
    rouge_1,
    word_coverage,
)
from tests.unit.evaluation.fakes import ToldJudge, write_rows

BY_NAME = {task.name: task for task in SUMMARIZINGS}
TALK = Talk(
    ("ann", "bob", "ann", "cid"),
    ("hello", "the build fails on the new compiler", "ok", "the build fails since monday, pin the compiler"),
    "",
)


def test_words_shared_count_as_often_as_both_have_them() -> None:
    assert rouge_1("The cat, the dog", "the cat the the") == pytest.approx(2 * 3 / 8)
    assert rouge_1("", "something") == 0
    assert rouge_1("Same words", "same words!") == 1


def test_articles_are_not_covered() -> None:
    assert word_coverage("reminders of a meeting", "Announcements and Reminders") == 0.5
    assert word_coverage("and the of", "Announcements and Reminders") == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lead", ["ann: hello", "bob: the build fails on the new compiler"]),
        ("longest", ["bob: the build", "cid: the build"]),
        ("textrank", ["bob: the build", "cid: the build"]),
    ],
)
def test_baselines_choose_whole_lines_in_their_order(name: str, expected: list[str]) -> None:
    lines = baseline(name, TALK, 2).split("\n")
    assert len(lines) == 2
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True))


def test_a_dialogue_is_read_and_scored(tmp_path: Path) -> None:
    text = "ann: hello\nbob: the build fails on the new compiler\nno author\nann: ok"
    write_rows(tmp_path, "summary_dialogsum", [{"text": text, "summaries": ["bob: the build fails"]}] * 2)
    (found,) = BY_NAME["summary_dialogsum"].run(Dataset(tmp_path), [ToldJudge(name="light")])
    assert (found.mode, found.n) == ("light", 2)
    whole = "ann: hello bob: the build fails on the new compiler ann: ok"
    assert found.metrics["lead"] == pytest.approx(rouge_1(whole, "bob: the build fails"))
    assert found.metrics["rouge_1"] == pytest.approx(found.metrics["lead"])  # three lines, three parts


def test_the_first_lines_go_on_until_they_have_as_many_words_as_the_summary(tmp_path: Path) -> None:
    lines = [
        *["ann: hi"] * 5,
        *[f"bob: the build number {number} fails on its new compiler" for number in range(9)],
    ]
    reference = "hi build fails"
    write_rows(tmp_path, "summary_dialogsum", [{"text": "\n".join(lines), "summaries": [reference]}])
    (found,) = BY_NAME["summary_dialogsum"].run(Dataset(tmp_path), [ToldJudge(name="light")])
    words = " ".join(lines).split()[: int(found.metrics["words"])]
    assert len(words) > 3 * 2  # three lines of it would be shorter
    assert found.metrics[DRAWN_OUT] == pytest.approx(rouge_1(" ".join(words), reference))
    assert found.metrics[DRAWN_OUT] != found.metrics["lead"]


def test_whoever_knows_the_reference_chooses_its_words_in_as_many_parts(tmp_path: Path) -> None:
    lines = [f"ann: {word} stands in line {word}" for word in ("alpha", "beta", "gamma", "delta")]
    talk = {"text": "\n".join(lines), "summaries": ["alpha delta"]}
    write_rows(tmp_path, "summary_dialogsum", [talk])
    (found,) = BY_NAME["summary_dialogsum"].run(Dataset(tmp_path), [ToldJudge(name="light")])
    assert found.metrics[GREEDY] == pytest.approx(rouge_1(f"{lines[0]} {lines[3]}", "alpha delta"))


def test_what_is_covered_twice_counts_once_and_what_adds_nothing_is_not_chosen() -> None:
    parts, wanted = ["a: one", "b: one two", "c: three", "d: none"], ["one", "two", "three", "four"]
    assert greedy(parts, wanted, 1, all_words, coverage_scores) == 0.5
    assert greedy(parts, wanted, 4, all_words, coverage_scores) == 0.75
    assert greedy(parts, [], 4, all_words, coverage_scores) == 0
    assert greedy([], wanted, 4, all_words, f1_scores) == 0


def test_the_lines_that_name_the_topics_of_a_meeting_are_not_read(tmp_path: Path) -> None:
    log = ("[16:00] ann: Topic: Reminders", "[16:01] bob: of budgets here", "[16:02] bob: TOPIC : Budgets")
    text = "\n".join(log)
    write_rows(
        tmp_path, "summary_irc_minutes", [{"text": text, "reference": {"topics": ["Reminders", "Budgets"]}}]
    )
    (found,) = BY_NAME["summary_irc_minutes"].run(Dataset(tmp_path), [ToldJudge(name="light")])
    assert found.metrics["word_coverage"] == 0.5


def test_a_missing_file_is_passed_over_and_a_broken_row_named(tmp_path: Path) -> None:
    task = BY_NAME["summary_qmsum"]
    assert not list(task.run(Dataset(tmp_path), [ToldJudge(name="light")]))
    write_rows(tmp_path, "summary_qmsum", [{"text": "ann: hello", "summaries": []}])
    with pytest.raises(DataError, match=r"summary_qmsum.jsonl:1: is no conversation with a reference"):
        list(task.run(Dataset(tmp_path), [ToldJudge(name="light")]))


def test_tasks_of_whole_conversations_are_judged_by_fewer_rows() -> None:
    floors = Floors(40, (Floor("light", "a", "x", 0.5), Floor("light", "b", "x", 0.5)), {"a": 10})
    found = check(floors, [Result("a", "light", 12, 0, {"x": 0.4}), Result("b", "light", 12, 0, {"x": 0.4})])
    assert [verdict.holds for verdict in found] == [False, None]
