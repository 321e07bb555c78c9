"""Finding the cues of `cues_for` and `cues_against` in a message.

A pattern only runs where one of its trigger words is among the message's words, so a message without any
costs one set intersection.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from bot.nlp.cue_rows import Row, Side
from bot.nlp.cues_against import CUES_AGAINST
from bot.nlp.cues_for import CUES_FOR


class Cue(NamedTuple):
    """A pattern and its weight; without a pattern the trigger word itself is the cue."""

    side: Side
    weight: float
    also: frozenset[str]  # one of these words must occur too; empty: no such condition
    search: Callable[[str], re.Match[str] | None] | None


class Found(NamedTuple):
    """A cue that occurs in a text, as it is written there."""

    side: Side
    weight: float
    text: str


def _compile(pattern: str) -> re.Pattern[str]:
    """Compile `pattern`; where all alternatives start at a word, look for the space before it: faster."""
    alternatives: list[str] = [""]
    depth = 0
    for character in pattern:
        depth += (character == "(") - (character == ")")
        if character == "|" and not depth:
            alternatives.append("")
        else:
            alternatives[-1] += character
    if all(alternative.startswith(r"\b") for alternative in alternatives):
        pattern = f" (?:{'|'.join(alternative[2:] for alternative in alternatives)})"
    return re.compile(pattern)


def _index(rows: tuple[Row, ...]) -> dict[str, tuple[Cue, ...]]:
    index: dict[str, tuple[Cue, ...]] = {}
    for words, side, weight, pattern in rows:
        triggers, _, also = words.partition("&")
        cue = Cue(side, weight, frozenset(also.split()), _compile(pattern).search if pattern else None)
        for trigger in triggers.split():
            index[trigger] = (*index.get(trigger, ()), cue)
    return index


_FOR: Final = _index(CUES_FOR)
_AGAINST: Final = _index(CUES_AGAINST)


def find_cues(flat: str, words: list[str], distinct: set[str]) -> list[Found]:
    """Return the cues of a message, each once; those against only where there are some for.

    Args:
        flat: the message in lower case with single spaces, one before it; see the module's text.
        words: its words without the punctuation around them.
        distinct: the same as a set.
    """
    if _FOR.keys().isdisjoint(distinct):
        return []
    found = _find(_FOR, flat, words, distinct)
    return found + _find(_AGAINST, flat, words, distinct) if found else found


def _find(index: dict[str, tuple[Cue, ...]], flat: str, words: list[str], distinct: set[str]) -> list[Found]:
    found: dict[str, Found] = {}
    tried: set[int] = set()
    for word in words:
        if word not in index:
            continue
        for cue in index[word]:
            _, weight, also, search = cue
            if id(cue) in tried:
                continue
            tried.add(id(cue))
            if also and also.isdisjoint(distinct):
                continue
            text = word
            if search is not None:
                match = search(flat)
                if match is None:
                    continue
                text = match.group().strip()
            if text not in found or found[text].weight < weight:
                found[text] = Found(cue.side, weight, text)
    return list(found.values())
