import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from bot.domain.signal import Sentiment
from bot.nlp.sentiment import chat_score, compound, label
from bot.nlp.words import words_of

LIBRARY = SentimentIntensityAnalyzer()
LEXICON = sorted(LIBRARY.lexicon)
GLUE = sorted(
    words_of(
        "so this doubt least at very no or nor never without kind of sort just enough but the and a"
        " server works WITH isn't DON'T cannot ok :) :( ;) !!! ??? ? ! great GREAT! Great? bad BAD"
        " not NOT İ Σ. ﬁne naïve (good) 'bad' x"
    )
)
WORDS = st.one_of(
    st.sampled_from(LEXICON),
    st.sampled_from(GLUE),
    st.sampled_from(sorted(BOOSTER_DICT)),
    st.sampled_from(NEGATE),
    st.sampled_from(sorted(SPECIAL_CASES)),
    st.sampled_from(["😀", "x😀y", "😡😡", "👍", "❤️", "🏳️‍🌈"]),
)


def library(text: str) -> float:
    return float(LIBRARY.polarity_scores(text)["compound"])


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(st.one_of(WORDS, WORDS.map(str.upper)), max_size=14).map(" ".join))
@example("this is the shit but not so good, never so BAD!!! no good or great?? at least kind of fine")
@example("good but good but bad bad but good")
def test_compound_is_the_librarys_for_sentences_of_its_words(text: str) -> None:
    assert compound(text) == library(text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_compound_is_the_librarys_for_any_text(text: str) -> None:
    assert compound(text) == library(text)


def test_compound_is_the_librarys_for_real_chat(day_log_lines: list[str]) -> None:
    for line in day_log_lines[::3]:
        assert compound(line) == library(line), line


@pytest.mark.parametrize(
    "text",
    [
        "kill the process",
        "fatal error in line 3",
        "please help, I want to share a free sample",
        "the disk is dead",
    ],
)
def test_shop_talk_and_manners_are_neutral_in_chat(text: str) -> None:
    assert compound(text) != 0
    assert chat_score(text) == 0
    assert label(chat_score(text)) is Sentiment.NEUTRAL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("thank you so much, this is awesome!", Sentiment.POSITIVE),
        ("I love it", Sentiment.POSITIVE),
        ("this is horrible, I hate it", Sentiment.NEGATIVE),
        ("so frustrating and annoying :(", Sentiment.NEGATIVE),
        ("the meeting is at five", Sentiment.NEUTRAL),
        ("", Sentiment.NEUTRAL),
    ],
)
def test_feelings_keep_their_label(text: str, expected: Sentiment) -> None:
    assert label(chat_score(text)) is expected


def test_the_library_is_not_imported_before_it_is_needed() -> None:
    code = "import bot.nlp.classifier, sys; sys.exit('vaderSentiment' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
