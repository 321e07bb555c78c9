"""The numbers beside the n-grams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlp.features import NAMES, SIZE, numbers_of, texts_of
from bot.nlp.reading import read
from tests.unit.nlp.judged_texts import SENTENCES


def numbers(text: str) -> dict[str, float]:
    (row,) = numbers_of([read(text)]).tolist()
    return dict(zip(NAMES, row, strict=True))


@given(st.lists(SENTENCES, max_size=5))
def test_every_message_has_as_many_numbers_as_there_are_names_each_about_0_to_1(texts: list[str]) -> None:
    found = numbers_of([read(text) for text in texts])
    assert found.shape == (len(texts), SIZE)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert found.max(initial=0) <= 4 / 3 + 1e-6
    signed = NAMES.index("chat score")
    assert np.delete(found, signed, axis=1).min(initial=0) >= 0
    assert found[:, signed].min(initial=0) >= -1


def test_no_two_numbers_have_the_same_name() -> None:
    assert len(set(NAMES)) == SIZE == len(NAMES)


def test_without_messages_there_are_still_columns() -> None:
    assert numbers_of([]).shape == (0, SIZE)


@pytest.mark.parametrize(
    ("text", "ones", "zeros"),
    [
        ("how do i do it?", "question mark|ends in one|first person|question word first", "laughter|thanks"),
        ("you: see there", "second person", "first person|yours, asked|question mark"),
        ("is your disk full? i see", "yours, asked|verb first|question mark", "ends in one"),
        ("(is it?) ", "ends in one", "exclamation marks"),
        ("hi, where is it", "greeting|question word first", "question mark"),
        ("bob: see there", "addressed", "greeting"),
        ("no", "few words|one word|negated", "condition"),
        ("lol thanks, fixed if it holds", "laughter|thanks|solved|condition", "few words"),
        ("it says `x`", "code", "technical"),
        ("WHY ALL THIS", "capitals", "code"),
        ("three!!! marks", "exclamation marks", "question marks"),
        ("a\nb\nc\nd", "lines", "gaps"),
        ("<@1> <@2> look", "gaps", "lines"),
        ("my server is new", "technical|first person", "negated"),
        ("urgent: it is on fire", "urgent words", "toxic words"),
    ],
)
def test_each_number_is_of_what_its_name_says(text: str, ones: str, zeros: str) -> None:
    found = numbers(text)
    assert {name: found[name] for name in ones.split("|")} == pytest.approx(dict.fromkeys(ones.split("|"), 1))
    assert [found[name] for name in zeros.split("|")] == [0] * len(zeros.split("|"))


def test_cues_scores_and_spam_come_from_the_reading() -> None:
    text = "how do i fix this error? i love it, see https://dlscord-gift.com"
    reading, found = read(text), numbers(text)
    assert found["asks"] == pytest.approx(min(reading.weights.ask, 4) / 3)
    assert found["fails"] == pytest.approx(min(reading.weights.fail, 4) / 3)
    assert 0 < found["chance by cues"] < 1
    assert found["chat score"] == pytest.approx(reading.chat_score)
    assert found["praise"] == pytest.approx(reading.compound)
    assert found["blame"] == 0
    assert found["spam"] == pytest.approx(reading.spam.probability)
    assert found["spam"] > 0.5
    assert numbers("you are an idiot, i hate you")["toxic words"] > 0.8
    assert numbers("you are an idiot, i hate you")["chat score"] < 0


def test_ngrams_are_taken_from_what_the_writer_said() -> None:
    (text,) = texts_of([read("> quoted\nSee  https://a.example ```code```")])
    assert text.startswith(" ")
    assert "see" in text.split()
    for word in ("quoted", "example", "code"):
        assert word not in text
