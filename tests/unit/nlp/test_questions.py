import json
from datetime import datetime
from pathlib import Path

import pytest

from bot.domain.summaries import Line
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.questions import is_closed_by, open_in, open_questions
from tests.unit.nlp.conftest import EVAL
from tests.unit.nlp.talk import line, said

HELP, PROBLEM = "help_request", "problem_report"
LABELS = Path(__file__).parents[2] / "data" / "open_questions.tsv"
ASKED = "how do I move my settings to another disk?"


def open_ids(lines: list[Line]) -> list[int]:
    return [question.message_id for question in open_questions(lines)]


@pytest.mark.parametrize(
    ("then", "stays"),
    [
        ([], True),
        ([("bob", "ann: copy the folder called profile")], False),
        ([("bob", "copy the folder called profile to the new disk")], False),
        ([("bob", "no idea")], True),
        ([("bob", "same here")], True),
        ([("bob", "ann: sorry, I don't know")], True),
        ([("bob", "hi all")], True),
        ([("bob", "where do I find the logs of last week?", HELP)], True),
        ([("ann", "never mind, found it")], False),
        ([("ann", "thanks in advance")], True),
        ([("ann", "thanks, that worked")], False),
        ([("bob", "ann: which system is it?")], False),
    ],
    ids=[
        "nothing",
        "answer by name",
        "answer",
        "no idea",
        "same here",
        "doesn't know",
        "greeting",
        "another's question",
        "found it",
        "thanks in advance",
        "thanks",
        "question back",
    ],
)
def test_a_question_stays_open_until_something_closes_it(then: list[tuple[str, ...]], stays: bool) -> None:
    lines = said(("ann", ASKED, HELP), *then)  # type: ignore[arg-type]
    assert (1 in open_ids(lines)) is stays


def test_an_answer_to_somebody_else_closes_nothing() -> None:
    lines = said(
        ("bob", "my screen stays black after the update", PROBLEM),
        ("ann", ASKED, HELP),
        ("cid", "bob: hold the power button for ten seconds"),
        ("cid", "and then start it again with the charger in"),
        ("bob", "cid: that works, thanks"),
    )
    assert open_ids(lines) == [2]


def test_what_one_member_asks_in_pieces_is_one_question() -> None:
    lines = said(
        ("ann", "my upload stops at half", PROBLEM),
        ("ann", "it says the connection was reset by the other side every time", PROBLEM),
        ("ann", "help?", HELP),
    )
    (question,) = open_questions(lines)
    assert question.message_id == 2
    assert question.message_ids == (1, 2, 3)
    assert question.asked_at == lines[0].at
    assert (question.author_id, question.channel_id) == (lines[0].author_id, 1)


def test_who_was_answered_and_asks_on_is_not_left_alone() -> None:
    lines = said(
        ("ann", ASKED, HELP),
        ("bob", "ann: copy the folder called profile"),
        ("ann", "and where would I find that one?", HELP),
    )
    assert open_ids(lines) == []


def test_a_reply_is_an_answer_to_whom_it_replies() -> None:
    lines = [
        line(1, "ann", ASKED, HELP),
        line(2, "bob", "why is the new icon so pale on my screen?", HELP),
        line(3, "cid", "copy the folder called profile", reply_to=1),
    ]
    assert open_ids(lines) == [2]


def test_in_one_talk_a_reply_closes_only_what_it_replies_to() -> None:
    lines = [
        line(1, "ann", ASKED, HELP),
        line(2, "bob", "why is the new icon so pale on my screen?", HELP),
        line(3, "cid", "copy the folder called profile", reply_to=1),
    ]
    assert [question.message_id for question in open_in(lines, [[0, 1, 2]])] == [2]


def test_in_one_talk_who_names_nobody_goes_on_with_whom_they_named() -> None:
    lines = said(
        ("ann", ASKED, HELP),
        ("bob", "my screen stays black after the update", PROBLEM),
        ("cid", "bob: hold the power button for ten seconds"),
        ("cid", "and then start it again with the charger in"),
    )
    assert [question.message_id for question in open_in(lines, [[0, 1, 2, 3]])] == [1]
    late = line(30, "cid", "copy the folder called profile", minutes=30)
    assert open_in([*lines, late], [[0, 1, 2, 3, 4]]) == ()


def test_another_channel_answers_nothing() -> None:
    lines = [line(1, "ann", ASKED, HELP), line(2, "bob", "copy the folder called profile", channel=2)]
    assert open_ids(lines) == [1]
    assert open_questions([]) == ()


@pytest.mark.parametrize(
    ("text", "closes"),
    [
        ("thanks!", True),
        ("that did the trick? it didn't", False),
        ("it works now", True),
        ("nvm", True),
        ("thanks for any help", False),
        ("it is not solved", False),
        ("wrong channel, sorry", True),
    ],
)
def test_thanks_and_solved_settle_it(text: str, closes: bool) -> None:
    assert is_closed_by(text) is closes


def day(name: str) -> list[Line]:
    """Return a day's log as the bot would read it."""
    path = EVAL / "day_logs.jsonl"
    with path.open(encoding="utf-8") as file:
        row = next(row for row in map(json.loads, file) if row["id"] == name)
    messages = row["messages"]
    intents = [said.intent for said in EmbeddedClassifier().classify([each["text"] for each in messages])]
    ids = {author: number for number, author in enumerate(sorted({each["author"] for each in messages}), 1)}
    return [
        Line(
            at,
            1,
            None,
            ids[each["author"]],
            each["author"],
            each["text"],
            datetime.fromisoformat(each["ts"]),
            None,
            intent.value,
        )
        for at, (each, intent) in enumerate(zip(messages, intents, strict=True))
    ]


def test_most_of_what_is_called_unanswered_in_labelled_days_was() -> None:
    if not (EVAL / "day_logs.jsonl").exists():
        pytest.skip(f"{EVAL / 'day_logs.jsonl'} is not there")
    right = wrong = 0
    for row in LABELS.read_text("utf-8").splitlines():
        name, first, last, unanswered, unclear = row.split("\t")
        labelled, left_out = set(map(int, unanswered.split())), set(map(int, unclear.split()))
        for question in open_questions(day(name)):
            if int(first) <= question.message_id <= int(last) and not left_out & set(question.message_ids):
                hit = bool(labelled & set(question.message_ids))
                right, wrong = right + hit, wrong + (not hit)
    assert right + wrong >= 40
    assert right / (right + wrong) >= 0.7
