"""What a judgement says it rests on: the message's own words, and few of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.signal import MAX_RATIONALE_WORDS, Intent
from bot.nlp import heads as trained
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.heads import INTENT, PURPOSE, Head, Heads
from bot.nlp.ngrams import BUCKETS, grams_of
from bot.nlp.rationale import heaviest_words, rationale_of
from bot.nlp.reading import read
from tests.unit.nlp.judged_texts import SENTENCES, as_written, quoted

LABELS = 3


def heads_that_like(**weights: tuple[float, float, float]) -> Heads:
    """Return heads for which words speak, by every n-gram they have."""
    grams = np.zeros((BUCKETS, LABELS))
    for word, logits in weights.items():
        grams[grams_of([word]).buckets] = logits
    head = Head(
        np.rint(grams).astype(np.int8),
        np.ones(LABELS, np.float32),
        np.zeros((1, LABELS), np.float32),
        np.zeros(LABELS, np.float32),
        1.0,
    )
    return Heads({INTENT: head, PURPOSE: head}, np.ones(BUCKETS, np.float32))


@settings(max_examples=300)
@given(SENTENCES)
def test_whatever_is_quoted_occurs_in_the_message(text: str) -> None:
    rationale = rationale_of(read(text), trained.light_heads())
    assert len(rationale.split()) <= MAX_RATIONALE_WORDS
    for part in quoted(rationale):
        assert part
        assert part in as_written(text)


@settings(max_examples=300)
@given(st.lists(SENTENCES, min_size=1, max_size=4))
def test_every_flag_has_a_reason(texts: list[str]) -> None:
    for text, judgement in zip(texts, EmbeddedClassifier().classify(texts), strict=True):
        if judgement.intent is not Intent.OTHER:
            assert judgement.rationale, text


def test_cues_come_first_the_strongest_of_them_before_the_others() -> None:
    reading = read("hi, how do i fix this? it crashes with an error")
    rationale = rationale_of(reading, heads_that_like())
    strongest = max(reading.cues, key=lambda cue: cue.weight)
    assert quoted(rationale)[0] in strongest.text
    assert "asks '" in rationale
    assert "reports '" in rationale


def test_what_speaks_against_a_flag_is_not_named() -> None:
    reading = read("did you try this? how do i know, never mind, it works now, thanks")
    against = [cue.text for cue in reading.cues if cue.side == 2]
    assert against
    assert not set(against) & set(quoted(rationale_of(reading, heads_that_like())))


def test_many_cues_are_cut_to_twenty_words() -> None:
    text = (
        "can anyone help me, how do i fix this, any ideas what is wrong with it? i need some help please,"
        " is there a way to solve it? it keeps crashing, i get an error, it doesn't work, i can't connect"
    )
    reading = read(text)
    assert sum(len(cue.text.split()) + 1 for cue in reading.cues) > MAX_RATIONALE_WORDS
    named = rationale_of(reading, heads_that_like())
    assert MAX_RATIONALE_WORDS / 2 < len(named.split()) <= MAX_RATIONALE_WORDS


def test_without_cues_the_three_words_that_weigh_most_are_named_in_their_order() -> None:
    heads = heads_that_like(zebra=(1, 0, 0), quokka=(0, 9, 0), lemur=(5, 0, 0), okapi=(7, 0, 0))
    reading = read("Zebra, lemur: quokka & okapi <@5>")
    assert not reading.cues
    assert rationale_of(reading, heads) == "words 'lemur', 'quokka', 'okapi'"
    assert heaviest_words(reading, heads) == ["lemur", "quokka", "okapi"]


def test_words_that_speak_against_a_flag_are_not_named() -> None:
    heads = heads_that_like(zebra=(0, 0, 9), okapi=(5, 0, 5))
    assert heaviest_words(read("zebra okapi lemur"), heads) == []


def test_for_spam_the_words_that_speak_for_spam_are_named() -> None:
    heads = heads_that_like(zebra=(0, 0, 9), okapi=(9, 0, 0))
    assert heaviest_words(read("zebra okapi lemur"), heads, PURPOSE) == ["zebra"]


@pytest.mark.parametrize(("text", "rationale"), [("lemur?", "a question"), ("lemur", ""), ("<@5>", "")])
def test_where_no_word_weighs_a_question_is_the_reason(text: str, rationale: str) -> None:
    assert rationale_of(read(text), heads_that_like()) == rationale


def test_a_mention_is_no_word() -> None:
    assert heaviest_words(read("<@5> https://a.example"), heads_that_like()) == ()
