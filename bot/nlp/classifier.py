"""The light judge of every message: VADER and cue patterns, no model."""

import math
import re
from collections.abc import Sequence
from string import punctuation
from typing import Final, NamedTuple, Protocol

from bot.domain.signal import MAX_RATIONALE_WORDS, Intent, Judgement, Purpose, Sentiment, Urgency
from bot.nlp.cue_rows import GAP, Side
from bot.nlp.cues import Found, find_cues
from bot.nlp.language import language_of
from bot.nlp.sentiment import chat_score_of, label
from bot.nlp.spam import SPAM, spam_of
from bot.nlp.tags import is_technical, toxicity_of, urgency_of
from bot.nlp.words import words_of

_CODE_BLOCK: Final = re.compile(r"```[\s\S]*?(?:```|$)")
_MARKUP: Final = re.compile(r"<(?:@[!&]?|#|a?:\w{1,40}:|t:)-?\d{1,20}(?::\w)?>")
_LINK: Final = re.compile(r"https?://\S+")
_QUOTE: Final = re.compile(r"^> .*$", re.MULTILINE)
_ADDRESSED: Final = re.compile(
    rf" (?:{GAP}|@\S+|(?!hi\b|hey|hello|ok|yes|no|so|please|question|help|urgent)[\w-]+[:,]) "
)
_SAMPLE: Final = 2_000  # characters read; what matters of longer ones stands at their beginning

_EVEN: Final = 0.5
_FEW_WORDS: Final = 4
_MIDDLE: Final = 1.7  # summed weight at which a flag is as likely right as wrong
_SLOPE: Final = 1.0
_EXTRA: Final = 0.5  # share of every cue's weight after the strongest of its side
_MAX_WEIGHT: Final = 6.0
_FAIL_COUNTS: Final = 1.0  # weight from which a flagged message is a problem report
_BLOCKED: Final = 1.9  # weight from which a failure is the writer's own bad experience
_BLOCKED_SCORE: Final = -0.3


class NanoClassifier(Protocol):
    """Judges messages in batches; the judgement of a text doesn't depend on its neighbours."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Return one judgement per text, in their order."""
        ...


class EmbeddedClassifier:
    """VADER plus cue patterns: precise rather than eager."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Return one judgement per text, in their order."""
        return [_judge(text) for text in texts]


class _Weights(NamedTuple):
    ask: float
    fail: float
    against: float


_SMALL_TALK: Final = words_of(
    "hi hii hello hey heya hiya hola howdy yo sup morning afternoon evening night bye cya brb afk"
    " gtg bbl back welcome greetings lol lmao haha nice cool wow congrats gg thanks thx ty"
)
_NO_WORDS: Final = frozenset(("", GAP))
_NOTHING: Final = _Weights(0.0, 0.0, 0.0)
_UNKNOWN: Final = Judgement(
    Purpose.UNKNOWN, Sentiment.NEUTRAL, 0.0, Urgency.LOW, 0.0, Intent.OTHER, 1.0, "", "und"
)

_BARE_BAIT: Final = _UNKNOWN._replace(purpose=Purpose.SPAM, confidence=0.9)


def _judge(text: str) -> Judgement:
    plain = _plain(text)
    lowered = plain.lower().split()
    bare = [word.strip(punctuation) for word in lowered]
    words = set(bare)
    words -= _NO_WORDS
    spam = spam_of(text, words)
    if not words:
        return _BARE_BAIT._replace(rationale=spam.reason) if spam.probability >= SPAM else _UNKNOWN
    flat = " " + " ".join(lowered)
    cues = find_cues(flat, bare, words)
    weights = _weigh(cues) if cues else _NOTHING
    score = chat_score_of(plain, lowered, bare)
    language = language_of(plain, words)
    toxicity = toxicity_of(flat, words)
    if spam.probability >= SPAM:
        return Judgement(
            Purpose.SPAM, label(score), score, Urgency.LOW, toxicity, Intent.OTHER, 0.9, spam.reason, language
        )
    chance = _chance(flat, words, weights) if weights.ask or weights.fail else 0.0
    urgency = urgency_of(flat, words)
    if chance < _EVEN:
        purpose = _purpose(words, cues)
        return Judgement(
            purpose, label(score), score, urgency, toxicity, Intent.OTHER, round(1 - chance, 3), "", language
        )
    problem = weights.fail >= _FAIL_COUNTS
    if problem and weights.fail >= _BLOCKED:
        score = min(score, _BLOCKED_SCORE)
    return Judgement(
        Purpose.SUPPORT,
        label(score),
        score,
        Urgency.MEDIUM if problem and urgency is Urgency.LOW else urgency,
        toxicity,
        Intent.PROBLEM_REPORT if problem else Intent.HELP_REQUEST,
        round(chance, 3),
        _rationale(cues),
        language,
    )


def _purpose(words: set[str], cues: list[Found]) -> Purpose:
    """Return what a message that isn't flagged is for."""
    if cues or is_technical(words):
        return Purpose.SUPPORT
    if len(words) == 1 and _SMALL_TALK.isdisjoint(words):
        return Purpose.UNKNOWN  # too short to tell
    return Purpose.CHATTER


def _plain(text: str) -> str:
    """Return `text` with mentions, links, code blocks and quotes as gaps."""
    if len(text) > _SAMPLE:
        text = text[:_SAMPLE]
    if "```" in text:
        text = _CODE_BLOCK.sub(f" {GAP} ", text)
    if "://" in text:
        text = _LINK.sub(GAP, text)
    if "<" in text:
        text = _MARKUP.sub(GAP, text)
    if "> " in text:
        text = _QUOTE.sub(GAP, text)
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _weigh(cues: list[Found]) -> _Weights:
    """Add up each side: the strongest cue counts in full, the others in part, as they overlap."""
    sums = [0.0, 0.0, 0.0]
    tops = [0.0, 0.0, 0.0]
    for side, weight, _ in cues:
        sums[side] += weight
        tops[side] = max(tops[side], weight)
    return _Weights(*(top + _EXTRA * (total - top) for top, total in zip(tops, sums, strict=True)))


def _chance(flat: str, words: set[str], weights: _Weights) -> float:
    """Return how likely the message is a help request or problem report."""
    total = weights.ask + weights.fail - weights.against
    if "?" in flat:
        total += 0.8
    if not _FIRST_PERSON.isdisjoint(words):
        total += 0.5
    elif weights.ask < 1 and "?" not in flat:
        total -= 0.6
    if _ADDRESSED.match(flat):
        total -= 0.5
    if not _GREETINGS.isdisjoint(words):
        total += 0.4
    if len(words) < _FEW_WORDS:
        total -= 0.6
    return 1 / (1 + math.exp(-_SLOPE * (min(total, _MAX_WEIGHT) - _MIDDLE)))


_FIRST_PERSON: Final = words_of("i i'm im i've ive my me we our i'd mine we're")
_GREETINGS: Final = words_of("hi hello hey guys howdy morning everyone folks please pls plz")


def _rationale(cues: list[Found]) -> str:
    """Name the strongest cues in at most 20 words."""
    parts: list[str] = []
    room = MAX_RATIONALE_WORDS
    for side, _, text in sorted(cues, key=lambda cue: (-cue.weight, cue.text)):
        part = f"{'asks' if side is Side.ASK else 'reports'} '{text.strip(' ,.!?:;')}'"
        if side is not Side.AGAINST and (length := len(part.split())) <= room:
            parts.append(part)
            room -= length
    return ", ".join(parts)
