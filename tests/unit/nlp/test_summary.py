import json
import re
import time
from collections import Counter

import numpy as np
import pytest

from bot.nlp.salience import Chooser, units_of
from bot.nlp.summary import Pick, summarize_lines
from tests.unit.nlp.conftest import EVAL

TALK = (
    ("ann", "The nightly build fails since we updated the compiler."),
    ("bob", "hi all"),
    ("cid", "Which compiler version does the nightly build use?"),
    ("ann", "The build uses compiler version 15."),
    ("dan", "anybody up for lunch"),
    ("eve", "The nightly build fails since we updated the compiler!!"),
    ("bob", "ok"),
    ("fay", "Pin the compiler to version 14 and the nightly build links again."),
)
TEXTS = [text for _, text in TALK]
AUTHORS = [author for author, _ in TALK]


def lines_of(picks: list[Pick]) -> list[int]:
    return [pick.line for pick in picks]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_picks_are_what_the_talk_is_about_in_its_order(k: int) -> None:
    picks = summarize_lines(TEXTS, AUTHORS, k)
    assert len(picks) == k
    assert lines_of(picks) == sorted(set(lines_of(picks)))
    assert all(pick.text == TEXTS[pick.line] for pick in picks)
    assert not {1, 6} & set(lines_of(picks))
    assert k > 2 or 4 not in lines_of(picks)
    assert picks == summarize_lines(TEXTS, AUTHORS, k)


def test_what_was_said_already_is_not_picked_again() -> None:
    assert not {0, 5} <= set(lines_of(summarize_lines(TEXTS, AUTHORS, 4)))


def test_a_question_comes_with_its_answer() -> None:
    texts = [
        "Does the release candidate pass all of the integration tests on the release branch now?",
        "and what about the docs",
        "Two of them fail.",
        *[
            "Unrelated words fill another line of talk here, number " + word
            for word in ("one", "two", "three")
        ],
    ]
    authors = ["ann", "ann", "bob", "cid", "cid", "cid"]
    assert lines_of(summarize_lines(texts, authors, 2)) == [0, 2]


def test_a_question_answered_by_nobody_near_stands_alone() -> None:
    texts = [
        "Does the release candidate pass all the integration tests on the branch?",
        *["so"] * 4,
        "It does.",
        "The documents moved to the new wiki server.",
    ]
    authors = ["ann"] * 5 + ["bob", "cid"]
    assert lines_of(summarize_lines(texts, authors, 1)) == [0]
    assert lines_of(summarize_lines(texts, authors, 2)) == [0, 6]


def test_a_long_message_counts_by_its_sentences() -> None:
    important = "The database was moved to the new host and every password has to be set again."
    story = " ".join(
        f"Then {word} went on and on about something else altogether." for word in ("one", "two", "three")
    )
    texts = ["Is the database up?", f"{important} {story}", "The new database host asks for a new password."]
    picks = summarize_lines(texts, ["ann", "bob", "cid"], 2)
    assert Pick(1, important) in picks


def test_a_very_long_sentence_is_cut_between_its_clauses() -> None:
    clauses = (
        "the nightly build fails since the compiler was updated on the build server",
        "because the linker of version fifteen rejects the flags of the old project files",
        "which nobody has looked at for years since they were written by somebody who left",
    )
    (pick,) = summarize_lines([", ".join(clauses) + "."], ["ann"], 1)
    assert "…" in pick.text
    assert pick.text.strip("… ,.") in ", ".join(clauses)


FILLING = [f"somebody{number} answered mailing{number} lists{number}" for number in range(40)]


def test_the_first_part_of_a_long_talk_says_more_of_it_than_the_same_words_later() -> None:
    early, late = "vaults hold shared keys", "clocks show local times"
    texts = ["so", "well", *FILLING[:2], early, *FILLING[2:30], late, *FILLING[30:]]
    picks = lines_of(summarize_lines(texts, ["ann"] * len(texts), 8))
    assert texts.index(early) in picks
    assert texts.index(late) not in picks


def test_in_a_short_talk_only_the_first_lines_are_worth_more() -> None:
    units = units_of(["vaults hold shared keys"] * 6)
    assert units[0].worth > 2 * units[1].worth > 4 * units[2].worth


def test_what_opens_by_a_word_that_opened_before_is_worth_less() -> None:
    texts = [*FILLING, "announcements of quarterly budgets", "announcements of summer holidays"]
    texts.append("moving on to broken printers")
    units = units_of(texts)
    nothing = dict.fromkeys((word for unit in units for word in unit.words), 0.0)
    chooser = Chooser(units, ["ann"] * len(units), word_worths=nothing)
    first, again, other = range(len(units) - 3, len(units))
    before = chooser.gain(again), chooser.gain(other)
    chooser.take(first)
    lost = before[0] - chooser.gain(again), before[1] - chooser.gain(other)
    assert lost[0] > lost[1] + 0.9
    assert lost[1] >= 0  # gains only fall, or the best could be missed


def test_three_subjects_are_opened_rather_than_one_three_times() -> None:
    others = ["moving on to broken printers", "action items of summer holidays"]
    texts = [
        *FILLING[:20],
        *(f"announcement of {word} about budgets" for word in ("votes", "bonds", "banks")),
        *FILLING[20:30],
        others[0],
        *FILLING[30:],
        others[1],
    ]
    picks = summarize_lines(texts, ["ann"] * len(texts), 3)
    assert {pick.text for pick in picks} >= set(others)


def test_lines_without_words_are_never_picked() -> None:
    texts = ["🙂", "", "  \n", "https://example.org/a", "```", "one line of words"]
    assert summarize_lines(texts, ["ann"] * 6, 5) == [Pick(5, "one line of words")]
    assert summarize_lines([], [], 3) == []


@pytest.mark.parametrize(
    "text", ["the same", "是 的", "so it is"], ids=["words", "chinese", "stop words alone"]
)
def test_lines_that_are_all_alike_or_have_nothing_in_common_are_no_trouble(text: str) -> None:
    with np.errstate(all="raise"):
        assert len(summarize_lines([text] * 30, ["ann", "bob"] * 15, 3)) == 3
        words = [f"word{number}" for number in range(30)]
        assert len(summarize_lines(words, ["ann"] * 30, 3)) == 3


def test_two_thousand_lines_take_under_a_second() -> None:
    random = np.random.default_rng(7)
    words = np.array([f"w{number}" for number in range(20_000)])
    texts = [" ".join(words[random.zipf(1.3, 25) % len(words)]) for _ in range(2_000)]
    begin = time.thread_time()
    assert len(summarize_lines(texts, ["ann", "bob"] * 1_000, 12)) == 12
    assert time.thread_time() - begin < 1.0


def rouge_1(said: str, reference: str) -> float:
    """Return the F1 of the words two texts share."""
    left, right = (Counter(re.findall(r"\w+", text.lower())) for text in (said, reference))
    shared = (left & right).total()
    return 2 * shared / (left.total() + right.total())


@pytest.mark.parametrize(("name", "k", "least"), [("dialogsum", 3, 29.0), ("qmsum", 12, 25.5)])
def test_picks_share_more_with_what_people_wrote_than_the_first_lines_do(
    name: str, k: int, least: float
) -> None:
    path = EVAL / f"summary_{name}.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    picked, first = [], []
    with path.open(encoding="utf-8") as file:
        for row in [json.loads(line) for line in file][1::2]:  # the others were fitted on
            said = [line.partition(": ")[::2] for line in row["text"].splitlines() if ": " in line]
            authors, texts = [author for author, _ in said], [text for _, text in said]
            picks = summarize_lines(texts, authors, k)
            summary = "\n".join(f"{authors[at]}: {text}" for at, text in picks)
            picked.append(rouge_1(summary, row["summaries"][0]))
            first.append(rouge_1("\n".join(map(": ".join, said[:k])), row["summaries"][0]))
    assert 100 * np.mean(picked) > least
    assert np.mean(picked) > np.mean(first) + 0.01
