"""The light judge of every message: trained heads over n-grams and cues, and a few rules over them."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from bot.domain.policy import trust_in
from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Urgency
from bot.nlp import heads as trained
from bot.nlp.cue_rows import GAP, Side
from bot.nlp.features import Numbers, grams_read, numbers_of
from bot.nlp.heads import Floats, Heads
from bot.nlp.rationale import heaviest_words, rationale_of
from bot.nlp.reading import Reading, is_addressed, read
from bot.nlp.spam import SPAM
from bot.nlp.words import words_of

_EVEN: Final = 0.5
_SURE: Final = 0.8  # from which the head for urgency is believed
_ADVERT: Final = 0.75  # from which that for spam is, in words alone ...
_ADVERT_LOUD: Final = 0.6  # ... with what adverts shout with ...
_ADVERT_BY_NAME: Final = 0.95  # ... and where somebody is named
_LOUD: Final = re.compile(rf"\d{{3}}|[!$£€%]|{GAP}")
_RATHER: Final = 0.5  # from which what asks is chatter all the same
_SURELY_ASKED: Final = 0.9  # from which a suspicion of spam by rules gives way ...
_SURE_SPAM: Final = 0.95  # ... unless it is at least this
_SURELY_AGAINST: Final = 3.0  # weight of a cue against that leaves little doubt ...
_NOTHING_ASKED: Final = 0.8  # how sure one is then that nothing is asked
_ADVERT_WORDS: Final = 5
_REPEATED: Final = 8  # words from which a message can be a repetition ...
_OVER: Final = 4  # ... when each stands there so often
_ENDLESS: Final = 200  # characters of a word that is none
_FAILURE: Final = 1.0  # weight from which the cues name a failure ...
_ALSO: Final = 0.4  # ... which then needs so much of the probability that something is asked for
_BLOCKED: Final = 1.9  # weight from which a failure is the writer's own
_BLOCKED_SCORE: Final = -0.3
_DIRECTED: Final = 0.85  # from which the patterns for toxicity have found a person attacked
_STATUS: Final = re.compile(r"\b[45]\d\d\b")


class NanoClassifier(Protocol):
    """Judges messages in batches; the judgement of a text doesn't depend on its neighbours."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Return one judgement per text, in their order."""
        ...


class EmbeddedClassifier:
    """The light heads: precise rather than eager."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Return one judgement per text, in their order."""
        if not texts:
            return []
        readings = [read(text) for text in texts]
        heads = trained.light_heads()
        return judged(readings, chances(heads, readings, numbers_of(readings)), heads)


class Chances(NamedTuple):
    """What the heads say of n messages; each (n, k), in the order of `heads.LABELS`."""

    intent: Floats
    purpose: Floats
    sentiment: Floats
    urgency: Floats
    toxicity: Floats


def chances(
    heads: Heads, readings: Sequence[Reading], numbers: Numbers, context: Numbers | None = None
) -> Chances:
    """Return what heads say.

    Args:
        heads: the light or the full ones.
        readings: n messages.
        numbers: (n, d), what stands beside the n-grams.
        context: (n, c), what the head for intent takes besides.
    """
    looked_up = heads.lookup(grams_read(readings))
    return Chances(
        *(
            heads.probabilities(name, looked_up, _beside(name, numbers, context))
            for name in trained.EVERY_MESSAGE
        )
    )


def _beside(name: str, numbers: Numbers, context: Numbers | None) -> Numbers:
    return np.hstack((numbers, context)) if name == trained.INTENT and context is not None else numbers


def judged(readings: Sequence[Reading], said: Chances, heads: Heads) -> list[Judgement]:
    """Return the judgements that come of what the heads say."""
    rows = zip(*(part.tolist() for part in said), strict=True)
    return [_judge(reading, _Row(*row), heads) for reading, row in zip(readings, rows, strict=True)]


class _Row(NamedTuple):
    intent: list[float]
    purpose: list[float]
    sentiment: list[float]
    urgency: list[float]
    toxicity: list[float]


_SMALL_TALK: Final = words_of(
    "hi hii hello hey heya hiya hola howdy yo sup morning afternoon evening night bye cya brb afk"
    " gtg bbl back welcome greetings lol lmao haha nice cool wow congrats gg thanks thx ty"
)
_UNKNOWN: Final = Judgement(
    Purpose.UNKNOWN, Sentiment.NEUTRAL, 0.0, Urgency.LOW, 0.0, Intent.OTHER, 1.0, "", "und"
)
_SENTIMENTS: Final = (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE)


def _judge(reading: Reading, row: _Row, heads: Heads) -> Judgement:
    spam = reading.spam
    if not reading.words:
        if spam.probability >= SPAM:
            return _UNKNOWN._replace(purpose=Purpose.SPAM, confidence=0.9, rationale=spam.reason)
        return _UNKNOWN
    asks, fails, other = row.intent
    if _is_rhetorical(reading) or _is_strange(reading) or _is_repetition(reading):
        other = max(other, _NOTHING_ASKED)
    flagged = 1 - other
    score = round(row.sentiment[2] - row.sentiment[0], 3)
    sentiment = _SENTIMENTS[max(range(3), key=row.sentiment.__getitem__)]
    toxicity = round(_toxicity(reading, row), 3)
    by_rule = spam.probability >= SPAM and (flagged < _SURELY_ASKED or spam.probability >= _SURE_SPAM)
    if by_rule or (flagged < _EVEN and _reads_like_an_advert(reading, row)):
        reason = spam.reason if by_rule else _words_of_an_advert(reading, heads)
        sure = max(spam.probability, row.purpose[2])
        return Judgement(
            Purpose.SPAM,
            sentiment,
            score,
            Urgency.LOW,
            toxicity,
            Intent.OTHER,
            round(sure, 3),
            reason,
            reading.language,
        )
    urgency = Urgency.HIGH if row.urgency[2] >= _SURE else reading.urgency
    if flagged < _EVEN:
        purpose = _purpose(reading, row.purpose)
        return Judgement(
            purpose, sentiment, score, urgency, toxicity, Intent.OTHER, round(other, 3), "", reading.language
        )
    # An error that is also a question is a report.
    problem = fails > asks or (reading.weights.fail >= _FAILURE and fails >= _ALSO * asks)
    if (problem and urgency is Urgency.HIGH) or _is_turned_away(reading):
        score, sentiment = min(score, _BLOCKED_SCORE), Sentiment.NEGATIVE
    return Judgement(
        Purpose.CHATTER if row.purpose[1] >= _RATHER else Purpose.SUPPORT,
        sentiment,
        score,
        Urgency.MEDIUM if problem and urgency is Urgency.LOW else urgency,
        toxicity,
        Intent.PROBLEM_REPORT if problem else Intent.HELP_REQUEST,
        round(flagged, 3),
        rationale_of(reading, heads),
        reading.language,
    )


def _is_rhetorical(reading: Reading) -> bool:
    """Tell whether it is phrased as a question that wants no answer, and asks or reports nothing besides."""
    ask, fail, against = reading.weights
    return against > ask + fail and any(
        cue.side is Side.AGAINST and cue.weight >= _SURELY_AGAINST for cue in reading.cues
    )


def _is_repetition(reading: Reading) -> bool:
    """Tell whether it is a few words over and over, or one endless word, of which heads would make a lot."""
    many = len(reading.bare) >= _REPEATED and len(reading.words) * _OVER <= len(reading.bare)
    return many or max(map(len, reading.bare)) > _ENDLESS


def _is_strange(reading: Reading) -> bool:
    """Tell whether it is in a language the heads haven't learnt, and holds no cue they would know."""
    return trust_in(reading.language) < 1 and not (reading.weights.ask or reading.weights.fail)


def _reads_like_an_advert(reading: Reading, row: _Row) -> bool:
    """Tell whether the head finds spam in what is long enough for that; surer where somebody is named."""
    if is_addressed(reading):
        sure = _ADVERT_BY_NAME
    else:
        sure = _ADVERT_LOUD if _LOUD.search(reading.flat) else _ADVERT
    return row.purpose[2] >= sure and len(reading.bare) >= _ADVERT_WORDS


def _toxicity(reading: Reading, row: _Row) -> float:
    """Return the head's probability; an insult that the patterns find at a person counts in any case.

    Of repetitions the patterns alone judge.
    """
    if _is_repetition(reading):
        return reading.toxicity
    return max(row.toxicity[1], reading.toxicity) if reading.toxicity >= _DIRECTED else row.toxicity[1]


def _is_turned_away(reading: Reading) -> bool:
    """Tell whether somebody calls for help because a server answers them with an error's number."""
    weights = reading.weights
    if weights.fail < _BLOCKED or not weights.ask:
        return False
    return any(cue.side is Side.FAIL and _STATUS.search(cue.text) for cue in reading.cues)


def _purpose(reading: Reading, said: Sequence[float]) -> Purpose:
    """Return what a message that isn't flagged is for."""
    if reading.words <= _SMALL_TALK:
        return Purpose.CHATTER
    if len(reading.words) == 1:
        return Purpose.UNKNOWN  # too short to tell
    return Purpose.SUPPORT if said[0] >= said[1] else Purpose.CHATTER


def _words_of_an_advert(reading: Reading, heads: Heads) -> str:
    named = heaviest_words(reading, heads, trained.PURPOSE)
    return (
        "reads like an advert: " + ", ".join(f"'{word}'" for word in named)
        if named
        else "reads like an advert"
    )


def warm_up() -> None:
    """Read the heads and the lexicon now, so that the first message doesn't pay for it."""
    EmbeddedClassifier().classify(["warm up"])
