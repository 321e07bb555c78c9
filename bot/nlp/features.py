"""The numbers beside the n-grams: what is read off a message, as the linear heads take it."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.domain.signal import Urgency
from bot.nlp.cue_rows import GAP
from bot.nlp.ngrams import Grams, grams_of
from bot.nlp.reading import FIRST_PERSON, GREETINGS, Reading, chance_by_cues, is_addressed
from bot.nlp.tags import is_technical
from bot.nlp.words import words_of

Numbers = NDArray[np.float32]

NAMES: Final = (
    "asks",
    "fails",
    "against",
    "chance by cues",
    "asks and fails",
    "question mark",
    "question marks",
    "ends in one",
    "exclamation marks",
    "first person",
    "second person",
    "yours, asked",
    "greeting",
    "addressed",
    "words",
    "few words",
    "one word",
    "capitals",
    "code",
    "gaps",
    "lines",
    "question word first",
    "verb first",
    "chat score",
    "chat score, either way",
    "praise",
    "blame",
    "negated",
    "laughter",
    "thanks",
    "solved",
    "condition",
    "technical",
    "toxic words",
    "urgent words",
    "spam",
)
SIZE: Final = len(NAMES)
_SECOND_PERSON: Final = words_of("you u your you're ur yours you'd you'll you've ya yourself")
_QUESTION_WORDS: Final = words_of("what which where when who why how whats what's hows how's wheres where's")
_VERBS: Final = words_of("can could is are do does did any anyone anybody should would will has have was am")
_NEGATIONS: Final = words_of(
    "not no never nothing none can't cannot cant don't dont doesn't doesnt didn't didnt isn't isnt won't wont"
    " wasn't without nope couldn't wouldn't aren't hasn't haven't nobody neither nor"
)
_LAUGHTER: Final = words_of("lol lmao haha hahaha rofl xd lmfao hehe heh lolol :d ;d kek lul 😂 🤣")
_THANKS: Final = words_of("thanks thx thank ty tysm cheers appreciated appreciate tnx thankyou tks thnx")
_SOLVED: Final = words_of("fixed solved worked figured nvm nevermind resolved turns sorted works found")
_URGENCY: Final = {Urgency.LOW: 0.0, Urgency.MEDIUM: 0.5, Urgency.HIGH: 1.0}
_FEW: Final = 4
_LETTERS: Final = 8  # from which the share of capitals says something
_SHOUT: Final = 0.6


def texts_of(readings: Sequence[Reading]) -> list[str]:
    """Return what the n-grams are taken from."""
    return [reading.flat for reading in readings]


def grams_read(readings: Sequence[Reading]) -> Grams:
    """Return the n-grams of messages."""
    return grams_of(texts_of(readings))


def numbers_of(readings: Sequence[Reading]) -> Numbers:
    """Return the numbers of messages, shape (n, SIZE), each about 0 to 1."""
    rows = np.array([_numbers(reading) for reading in readings], dtype=np.float32)
    return rows.reshape(len(readings), SIZE)


def _numbers(reading: Reading) -> tuple[float, ...]:
    flat, words, weights, plain = reading.flat, reading.words, reading.weights, reading.plain
    questions = flat.count("?")
    yours = not _SECOND_PERSON.isdisjoint(words)
    first = next((word for word in reading.bare if word and word not in GREETINGS), "")
    count = len(reading.bare)
    letters = len(plain)
    capitals = sum(map(str.isupper, plain)) / letters if letters >= _LETTERS else 0.0
    return (
        min(weights.ask, 4) / 3,
        min(weights.fail, 4) / 3,
        min(weights.against, 4) / 3,
        chance_by_cues(reading),
        min(weights.ask, weights.fail, 3) / 3,
        1.0 if questions else 0.0,
        min(questions, 3) / 3,
        1.0 if flat.rstrip(" )\"'").endswith("?") else 0.0,
        min(flat.count("!"), 3) / 3,
        0.0 if FIRST_PERSON.isdisjoint(words) else 1.0,
        1.0 if yours else 0.0,
        1.0 if yours and questions else 0.0,
        0.0 if GREETINGS.isdisjoint(words) else 1.0,
        1.0 if is_addressed(reading) else 0.0,
        min(math.log1p(count) / 4, 1.2),
        1.0 if count < _FEW else 0.0,
        1.0 if count == 1 else 0.0,
        min(capitals, _SHOUT) / _SHOUT,
        1.0 if "`" in plain else 0.0,
        min(flat.count(GAP), 2) / 2,
        min(plain.count("\n"), 3) / 3,
        1.0 if first in _QUESTION_WORDS else 0.0,
        1.0 if first in _VERBS else 0.0,
        reading.chat_score,
        abs(reading.chat_score),
        max(reading.compound, 0.0),
        max(-reading.compound, 0.0),
        0.0 if _NEGATIONS.isdisjoint(words) else 1.0,
        0.0 if _LAUGHTER.isdisjoint(words) else 1.0,
        0.0 if _THANKS.isdisjoint(words) else 1.0,
        0.0 if _SOLVED.isdisjoint(words) else 1.0,
        1.0 if "if" in words or "unless" in words else 0.0,
        1.0 if is_technical(words) else 0.0,
        reading.toxicity,
        _URGENCY[reading.urgency],
        reading.spam.probability,
    )
