"""What counts of a model's answer."""

from typing import Any

import pytest

from bot.domain.summaries import Claim, Reading, Topic, without
from bot.llm.gate import Examiner, OutputGate
from bot.llm.structured import Unfit, parse
from bot.llm.types import Message, Prompt, Role
from bot.nlp.redaction import redact
from bot.services.summaries.citations import MOST_CLAIMS, MOST_TEXT, SaidTopics, checked, own_words
from bot.services.summaries.merging import Notes, fitted, grouped, joined, shown
from tests.llm.golden_prompts import CANARY
from tests.services.summaries.support import claim, topic, topics

KNOWN = {1: (101,), 2: (102,), 3: (103, 104)}
PROMPT = Prompt((Message(Role.SYSTEM, f"The private mark is {CANARY}."), Message(Role.USER, "notes")))


@pytest.fixture
def examiner() -> Examiner:
    return OutputGate(("topsecrettokenofthebot",), CANARY, redact=redact).examiner(PROMPT)


def read(answer: dict[str, Any], examiner: Examiner) -> tuple[Topic, ...] | None:
    return checked(SaidTopics.model_validate(answer, strict=True), KNOWN, examiner)


@pytest.mark.parametrize(
    ("sources", "ids"),
    [
        pytest.param([1], (101,), id="one"),
        pytest.param([3, 1, 3], (101, 103, 104), id="some, in order"),
        pytest.param([], None, id="none"),
        pytest.param([4], None, id="made up"),
        pytest.param([0], None, id="zero"),
        pytest.param([-1], None, id="negative"),
        pytest.param([1, 9], None, id="one made up"),
        pytest.param([101], None, id="an id that it wasn't told"),
    ],
)
def test_a_claim_stands_on_its_sources(
    examiner: Examiner, sources: list[int], ids: tuple[int, ...] | None
) -> None:
    found = read(topics(topic("T", claim("it fails", *sources))), examiner)
    expected = () if ids is None else (Topic("T", (Claim("it fails", ids),), message_ids=ids),)
    assert found == expected


@pytest.mark.parametrize(
    ("said", "shown_as"),
    [
        ("it fails [1, 2]", "it fails"),
        ("line one\nline  two", "line one line two"),
        ("x" * (MOST_TEXT + 5), "x" * (MOST_TEXT - 1) + "…"),
        ("see https://elsewhere.org/a now", "see hxxps://elsewhere.org/a now"),
        ("<think>why</think>because", "because"),
    ],
)
def test_a_text_is_one_clean_line(examiner: Examiner, said: str, shown_as: str) -> None:
    [found] = read(topics(topic("T", claim(said, 1))), examiner) or ()
    assert found.sentences[0].text == shown_as


def test_a_claim_of_nothing_is_none_and_a_topic_without_claims_neither(examiner: Examiner) -> None:
    assert read(topics(topic("T", claim("...", 1)), topic("U")), examiner) == ()
    [untitled] = read(topics(topic("", claim("it fails", 1))), examiner) or ()
    assert untitled.title == "More"


def test_there_are_so_many_claims_at_the_most(examiner: Examiner) -> None:
    [found] = read(topics(topic("T", *(claim(f"c{n}", 1) for n in range(20)))), examiner) or ()
    assert len(found.sentences) == MOST_CLAIMS


def test_who_gives_something_away_has_said_nothing(examiner: Examiner) -> None:
    assert read(topics(topic("T", claim("fine", 1)), topic(f"is {CANARY}", claim("x", 1))), examiner) is None


def test_what_is_left_out_is_taken_as_none_and_what_is_made_up_is_refused() -> None:
    told = parse('{"topics": [{"title": "T", "sentences": [{"text": "it fails"}]}]}', SaidTopics)
    assert isinstance(told, SaidTopics)
    assert told.topics[0].sentences[0].sources == []
    for bad in ('{"topics": [{"title": "T", "mood": 1}]}', '{"topics": [{"title": 3}]}', "[]"):
        with pytest.raises(Unfit):
            parse(bad, SaidTopics)


def test_a_model_is_asked_for_everything() -> None:
    schema = SaidTopics.model_json_schema()
    assert schema["$defs"]["SaidClaim"]["required"] == ["text", "sources"]
    assert set(schema["$defs"]["SaidTopic"]["required"]) == {
        "title", "sentences", "decisions", "actions", "questions",
    }  # fmt: skip
    assert "default" not in str(schema)


def test_extracts_are_shown_without_what_gives_something_away(examiner: Examiner) -> None:
    fine = Topic("@everyone hi", (Claim("Ada: <@&5> look", (1,)),), message_ids=(1, 2))
    leaking = Topic("T", (Claim("topsecrettokenofthebot", (3,)),))
    uncited = Topic("T", (Claim("from nowhere", ()),))
    [found] = own_words([fine, leaking, uncited], examiner)
    assert found.is_extract
    assert "@everyone" not in found.title
    assert found.sentences[0].text == "Ada: @role look"
    assert found.message_ids == (1, 2)


def test_a_claim_goes_with_any_of_its_messages_and_takes_the_title_along() -> None:
    whole = Topic(
        "Of 1", (Claim("a", (1, 2)), Claim("b", (3,))), (Claim("c", (1,)),), message_ids=(1, 2, 3, 4)
    )
    left = without(whole, {2, 4})
    assert (left.title, left.sentences, left.decisions) == ("b", (Claim("b", (3,)),), (Claim("c", (1,)),))
    assert left.message_ids == (1, 3)
    assert without(whole, {9}) == whole
    assert without(whole, {4}).title == "Of 1"
    assert without(whole, {1, 3}).title == ""
    assert without(whole, {1, 3}).claims == ()


def notes(key: str, *found: Topic) -> Notes:
    return Notes(key, found, "m")


def test_notes_go_into_calls_with_their_neighbours() -> None:
    each = [notes(f"k{n}", Topic("Title", (Claim("some words of a claim " * 4, (n,)),))) for n in range(9)]
    groups = grouped(each, 200)
    assert [note for group in groups for note in group] == each
    assert 1 < len(groups) < 9
    assert len(grouped(each, 10)) == 9


def test_a_model_is_shown_numbered_notes() -> None:
    first = Topic("One", (Claim("a", (1,)),), (Claim("b", (2, 3)),))
    told = shown([notes("k", first), notes("l", Topic("Two", (), questions=(Claim("c", (4,)),)))])
    assert [(each.id, each.text) for each in told.items] == [
        ("topic", "One"), ("1 sentence", "a"), ("2 decision", "b"), ("topic", "Two"), ("3 question", "c"),
    ]  # fmt: skip
    assert told.sources == {1: (1,), 2: (2, 3), 3: (4,)}


def test_what_no_model_puts_together_is_ranked_and_cut() -> None:
    many = [
        Topic(f"T{n}", tuple(Claim(f"{n} and {m}", (n,)) for m in range(9)), message_ids=tuple(range(n)))
        for n in range(9)
    ]
    found = fitted(joined([notes("k", *many)]), Reading.SHORT)
    assert [each.title for each in found] == ["T8", "T7", "T6", "T5", "T4"]
    assert {len(each.sentences) for each in found} == {3}
