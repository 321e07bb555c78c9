# ruff: noqa: RUF001  (styled letters on purpose)
"""Markup and disguises around words don't hide them from the light judge."""

import pytest

from bot.domain.signal import Intent, Purpose
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.folding import folded

ASKED = "can someone help me set up the bot?"
PITCH = "free nitro for everyone, claim it at http://dlscord-gift.top/nitro"


@pytest.mark.parametrize(
    "text",
    ["**{}**", "||{}||", "__{}__", "~~{}~~", "***{}***", "**__{}__**", "hi **{}** thanks"],
)
def test_emphasis_is_taken_off(text: str) -> None:
    said = "my_file is gone"
    around = "hi {} thanks" if text.startswith("hi") else "{}"
    assert folded(text.format(said)) == around.format(said)


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4", "snake_case_name and other_name", "*you're", "f(*args, **options)", "a || b", "*grin*",
        "_x_",         "\\*x\\*", "so ~~~",
        "👩\u200d👩\u200d👧", "naïve café", "¿qué?",
    ],
)  # fmt: skip
def test_what_is_no_emphasis_stays(text: str) -> None:
    assert folded(text) == text


@pytest.mark.parametrize(
    "text",
    ["ｆｒｅｅ nitro", "fr\u200bee ni\u2060tro", "𝐟𝐫𝐞𝐞 𝓷𝓲𝓽𝓻𝓸", "ⓕⓡⓔⓔ nitro", "fr\u200dee\ufeff nitro"],
    ids=["full-width", "zero-width", "mathematical", "circled", "joiner"],
)
def test_styled_letters_and_invisible_signs_are_seen_through(text: str) -> None:
    assert folded(text) == "free nitro"


@pytest.mark.parametrize("around", ["**{}**", "||{}||", "__{}__"])
def test_a_request_in_markup_is_one(around: str) -> None:
    plain, marked = EmbeddedClassifier().classify([ASKED, around.format(ASKED)])
    assert plain.intent is Intent.HELP_REQUEST
    assert (marked.intent, marked.rationale) == (plain.intent, plain.rationale)


@pytest.mark.parametrize("disguised", ["ｆｒｅｅ ｎｉｔｒｏ", "f\u200bree nit\u200bro", "**free** __nitro__"])
def test_spam_in_a_disguise_is_spam(disguised: str) -> None:
    [judgement] = EmbeddedClassifier().classify([PITCH.replace("free nitro", disguised)])
    assert judgement.purpose is Purpose.SPAM
