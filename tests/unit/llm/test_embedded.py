from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from bot.llm.embedded import EmbeddedAnswers, Texts
from bot.llm.material import Line, Material
from bot.llm.types import Task
from bot.nlp.summary import summarize_lines

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
SAID = (
    ("ann", "The nightly build fails since we updated the compiler."),
    ("bob", "hi"),
    ("cid", "Which compiler version does the nightly build use now?"),
    ("ann", "It uses version 15, the build fails while linking the tests."),
    ("bob", "lol"),
    ("dan", "Pin the compiler to version 14 until the linker is fixed."),
)


@pytest.fixture
def answers() -> EmbeddedAnswers:
    return EmbeddedAnswers(summarize_lines, lines=3)


def lines(said: Sequence[tuple[str, str]] = SAID) -> tuple[Line, ...]:
    return tuple(Line(author, text, START + timedelta(minutes=at)) for at, (author, text) in enumerate(said))


def material(labels: tuple[str, ...] = (), **facts: str) -> Material:
    return Material("question", facts=MappingProxyType(facts), labels=labels)


@pytest.mark.parametrize("task", [Task.CLASSIFY, Task.ROUTE])
@pytest.mark.parametrize(
    ("labels", "facts", "label"),
    [
        (("help", "other"), {"help": "0.3", "other": "0.7"}, "other"),
        (("help", "other"), {"label": "help", "other": "0.7"}, "help"),
        (("help", "other"), {"label": "spam", "help": "0.2"}, "help"),
        (("help", "other"), {"help": "0.5", "other": "0.5"}, "help"),
        (("help", "other"), {"help": "much", "other": "nan"}, "unknown"),
        (("help", "other"), {"spam": "0.9"}, "unknown"),
        ((), {"label": "help"}, "unknown"),
    ],
    ids=["highest", "named", "named is none of them", "equal", "no numbers", "no scores", "no labels"],
)
def test_a_label_is_the_best_of_those_asked_for_or_unknown(
    answers: EmbeddedAnswers, task: Task, labels: tuple[str, ...], facts: dict[str, str], label: str
) -> None:
    assert answers.answer(task, material(labels, **facts)) == label


def test_a_summary_keeps_the_words_and_their_order_and_says_that_no_model_wrote_it(
    answers: EmbeddedAnswers,
) -> None:
    head, *picked = answers.answer(Task.SUMMARIZE, Material(lines=lines())).split("\n")
    assert "3 of 6 messages; no language model" in head
    said = [f"• {author}: {text}" for author, text in SAID]
    assert len(picked) == 3
    assert [line for line in said if line in picked] == picked
    assert not {"• bob: hi", "• bob: lol"} & set(picked)


def test_a_line_of_a_summary_is_one_line_of_bounded_length(answers: EmbeddedAnswers) -> None:
    text = "word\n" + "averylongword" * 200
    _, *picked = answers.answer(Task.SUMMARIZE, Material(lines=lines([("ann", text)]))).split("\n")
    assert picked[-1].endswith("…")
    assert all(len(line) < 420 for line in picked)


@pytest.mark.parametrize("said", [(), (("ann", " \n"), ("bob", "🙂"))])
def test_nothing_to_summarize_is_said(answers: EmbeddedAnswers, said: tuple[tuple[str, str], ...]) -> None:
    assert answers.answer(Task.SUMMARIZE, Material(lines=lines(said))) == Texts().nothing


@pytest.mark.parametrize("task", [Task.REPLY, Task.CHAT])
def test_the_best_trained_answer_is_given_where_there_is_one(answers: EmbeddedAnswers, task: Task) -> None:
    assert answers.answer(task, Material("how?", answers=("Like this.", "Or that."))) == "Like this."
    assert "no language model" in answers.answer(task, Material("how?")).lower()


def test_an_explanation_lists_the_facts(answers: EmbeddedAnswers) -> None:
    told = answers.answer(Task.EXPLAIN, material(reason="it reads\nas a question", judge="light"))
    assert told.split("\n")[1:] == ["• reason: it reads as a question", "• judge: light"]
    assert "no language model" in told
    assert "no language model" in answers.answer(Task.EXPLAIN, Material("why?"))


def test_texts_are_those_of_the_language_else_english_else_built_in() -> None:
    own = {"de": Texts(reply="Keine Antwort."), "en": Texts(reply="No answer.")}
    answers = EmbeddedAnswers(summarize_lines, own)
    assert answers.answer(Task.REPLY, Material(language="de")) == "Keine Antwort."
    assert answers.answer(Task.REPLY, Material(language="fr")) == "No answer."
    assert EmbeddedAnswers(summarize_lines).answer(Task.REPLY, Material(language="fr")) == Texts().reply


@pytest.mark.parametrize("task", list(Task))
def test_every_task_is_answered_with_nothing_known(answers: EmbeddedAnswers, task: Task) -> None:
    assert answers.answer(task, Material())
