"""What a judgement rested on, in at most 20 words of the message itself."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from bot.domain.signal import MAX_RATIONALE_WORDS
from bot.nlp.cue_rows import GAP, Side
from bot.nlp.heads import INTENT, Heads
from bot.nlp.ngrams import grams_of
from bot.nlp.reading import Reading

_MOST_WORDS: Final = 40  # of a message that are weighed one by one
_NAMED: Final = 3  # words named where no cue was found
_LEAST: Final = 0.02  # what a word must add to be named
_SIGNS: Final = " ,.!?:;"


def rationale_of(reading: Reading, heads: Heads) -> str:
    """Name the strongest cues for a flag; where there are none, the words that weighed most.

    Everything between quotation marks occurs in the message, in lower case with single spaces.
    """
    parts: list[str] = []
    room = MAX_RATIONALE_WORDS
    for side, _, text in sorted(reading.cues, key=lambda cue: (-cue.weight, cue.text)):
        part = f"{'asks' if side is Side.ASK else 'reports'} '{text.strip(_SIGNS)}'"
        if side is not Side.AGAINST and (length := len(part.split())) <= room:
            parts.append(part)
            room -= length
    if parts:
        return ", ".join(parts)
    named = heaviest_words(reading, heads)
    if named:
        return "words " + ", ".join(f"'{word}'" for word in named)
    return "a question" if "?" in reading.flat else ""


def heaviest_words(reading: Reading, heads: Heads, head: str = INTENT) -> Sequence[str]:
    """Return the words that speak most for a flag, or for spam, in the message's order.

    Those with characters that steer a terminal are left out.
    """
    words = list(
        dict.fromkeys(word for word in reading.bare if word.isprintable() and word not in {"", GAP})
    )[:_MOST_WORDS]
    if not words:
        return ()
    # Each word by itself: its n-grams, but not the pairs it makes.
    logits = heads.lookup(grams_of(words))[:, heads.columns(head)]
    gains = (
        logits[:, :2].max(axis=1) - logits[:, 2]
        if head == INTENT
        else logits[:, 2] - logits[:, :2].max(axis=1)
    )
    best = sorted(np.argsort(-gains, kind="stable")[:_NAMED])
    return [words[at] for at in best if gains[at] > _LEAST]
