"""What is read off every message before anything is judged: its words, cues, scores and tags."""

import math
import re
from string import punctuation
from typing import Final, NamedTuple

from bot.domain.signal import Urgency
from bot.nlp.cue_rows import GAP
from bot.nlp.cues import Found, find_cues
from bot.nlp.folding import folded
from bot.nlp.language import language_of
from bot.nlp.sentiment import chat_score_of, compound_of
from bot.nlp.spam import Spam, spam_of
from bot.nlp.tags import toxicity_of, urgency_of
from bot.nlp.words import words_of

_CODE_BLOCK: Final = re.compile(r"```[\s\S]*?(?:```|$)")
_MARKUP: Final = re.compile(r"<(?:@[!&]?|#|a?:\w{1,40}:|t:)-?\d{1,20}(?::\w)?>")
_LINK: Final = re.compile(r"https?://\S+")
_QUOTE: Final = re.compile(r"^> .*$", re.MULTILINE)
_ADDRESSED: Final = re.compile(
    rf" (?:{GAP}|@\S+|(?!hi\b|hey|hello|ok|yes|no|so|please|question|help|urgent)[\w-]+[:,]) "
)
_LONGEST: Final = 8_000  # characters looked at for code, which doesn't count among those read
_SAMPLE: Final = 2_000  # characters read; what matters of longer ones stands at their beginning
_EXTRA: Final = 0.5  # share of every cue's weight after the strongest of its side
_FEW_WORDS: Final = 4
_MIDDLE: Final = 1.7  # summed weight at which a flag is as likely right as wrong
_MAX_WEIGHT: Final = 6.0
_NO_WORDS: Final = frozenset(("", GAP))
FIRST_PERSON: Final = words_of("i i'm im i've ive my me we our i'd mine we're")
GREETINGS: Final = words_of("hi hello hey guys howdy morning everyone folks please pls plz")


class Weights(NamedTuple):
    """The summed weights of the cues of each side."""

    ask: float
    fail: float
    against: float


_NOTHING: Final = Weights(0.0, 0.0, 0.0)


class Reading(NamedTuple):
    """A message as the judges see it.

    Attributes:
        text: as it was written.
        plain: `text` folded (`bot.nlp.folding`), with mentions, links, code blocks and quotes as gaps.
        flat: `plain` in lower case with single spaces, one before the first word.
        bare: the words of `flat` without the signs around them, in their order.
        words: the same as a set, without gaps; empty when nothing was said in words.
        cues: what speaks for or against a request or report.
        weights: the cues' weights, by side.
        chat_score: VADER's score without the trade's own words, -1 to 1.
        compound: VADER's score.
        toxicity: by patterns, 0 to 1.
        urgency: by the words.
        language: ISO 639-1 or "und".
    """

    text: str
    plain: str
    flat: str
    bare: list[str]
    words: set[str]
    spam: Spam
    cues: list[Found]
    weights: Weights
    chat_score: float
    compound: float
    toxicity: float
    urgency: Urgency
    language: str


def read(text: str) -> Reading:
    """Return what a message says on its face."""
    shown = folded(text[:_LONGEST])
    plain = _plain(shown)
    lowered = plain.lower().split()
    bare = [word.strip(punctuation) for word in lowered]
    words = set(bare)
    words -= _NO_WORDS
    flat = " " + " ".join(lowered)
    cues = find_cues(flat, bare, words)
    return Reading(
        text,
        plain,
        flat,
        bare,
        words,
        spam_of(shown, words),
        cues,
        _weigh(cues) if cues else _NOTHING,
        chat_score_of(plain, lowered, bare),
        compound_of(plain, lowered, bare),
        toxicity_of(flat, words),
        urgency_of(flat, words),
        language_of(plain, words),
    )


def _plain(text: str) -> str:
    if "```" in text:
        text = _CODE_BLOCK.sub(f" {GAP} ", text[:_LONGEST])
    if len(text) > _SAMPLE:
        text = text[:_SAMPLE]
    if text.startswith(">>> "):  # Discord's quotation of everything that follows
        return GAP
    if "://" in text:
        text = _LINK.sub(GAP, text)
    if "<" in text:
        text = _MARKUP.sub(GAP, text)
    if "> " in text:
        text = _QUOTE.sub(GAP, text)
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _weigh(cues: list[Found]) -> Weights:
    """Add up each side: the strongest cue counts in full, the others in part, as they overlap."""
    sums = [0.0, 0.0, 0.0]
    tops = [0.0, 0.0, 0.0]
    for side, weight, _ in cues:
        sums[side] += weight
        tops[side] = max(tops[side], weight)
    return Weights(*(top + _EXTRA * (total - top) for top, total in zip(tops, sums, strict=True)))


def is_addressed(reading: Reading) -> bool:
    """Tell whether it begins with somebody's name."""
    return _ADDRESSED.match(reading.flat) is not None


def chance_by_cues(reading: Reading) -> float:
    """Return how likely the message is a help request or problem report, by its cues alone."""
    weights, words = reading.weights, reading.words
    if not (weights.ask or weights.fail):
        return 0.0
    total = weights.ask + weights.fail - weights.against
    if "?" in reading.flat:
        total += 0.8
    if not FIRST_PERSON.isdisjoint(words):
        total += 0.5
    elif weights.ask < 1 and "?" not in reading.flat:
        total -= 0.6
    if is_addressed(reading):
        total -= 0.5
    if not GREETINGS.isdisjoint(words):
        total += 0.4
    if len(words) < _FEW_WORDS:
        total -= 0.6
    return 1 / (1 + math.exp(_MIDDLE - min(total, _MAX_WEIGHT)))
