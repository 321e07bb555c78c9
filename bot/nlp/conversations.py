"""Tells apart the conversations that go on in the same channel at the same time.

A reply belongs to what it replies to, a line that names somebody to where they last spoke, a thread
together. Any other line goes to the talk that is likeliest by how recent it is, who speaks there and what
about, or begins one (the features are those of Elsner and Charniak 2010, "Disentangling Chat").
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.domain.signal import Intent
from bot.domain.summaries import Line
from bot.nlp.addressing import Names
from bot.nlp.encoder import Vectors

ASKS: Final = frozenset({Intent.HELP_REQUEST.value, Intent.PROBLEM_REPORT.value})
_OPEN_SECONDS: Final = 3 * 3_600.0  # for which a silent talk can still be joined without naming anybody
_NAMED_SECONDS: Final = 12 * 3_600.0  # ... by naming somebody who spoke there
_TOGETHER: Final = 300.0  # seconds that having spoken with each other is worth
_MOST_OPEN: Final = 10  # talks that are compared
_RECENT: Final = 600.0  # seconds after which nearness in time counts a third
_ANSWER: Final = 5_400.0  # the same of an answer to a question
_FADING: Final = 0.8  # what is left of a line's weight in what a talk is about with each line after it
_JOINS: Final = 0.75  # the score from which a line belongs to a talk


@dataclass(slots=True, eq=False)
class _Talk:
    lines: list[int]
    last: float  # seconds since the epoch
    spoke: dict[int, float] = field(default_factory=dict)  # author: when last
    called: dict[int, float] = field(default_factory=dict)  # author: when last named here
    about: NDArray[np.float32] | None = None  # what was said of late
    length: float = 0.0  # of that vector
    asked_by: int | None = None  # who asked, while the last line is a question


def conversations(lines: Sequence[Line], vectors: Vectors) -> list[list[int]]:
    """Return the indices of each conversation's lines, oldest first; the conversations by their first line.

    Args:
        lines: in any order; those of different places are never of one conversation.
        vectors: an encoder's of the texts, shape (n, dim), rows of length 1 or zeros.
    """
    places: dict[int, list[int]] = {}
    order = sorted(range(len(lines)), key=lambda at: (lines[at].at, lines[at].message_id))
    for at in order:
        places.setdefault(lines[at].place_id, []).append(at)
    found: list[list[int]] = []
    for members in places.values():
        if lines[members[0]].thread_id is not None:
            found.append(members)
        else:
            found += _Channel(lines, vectors, members).talks()
    rank = {at: place for place, at in enumerate(order)}
    return sorted(found, key=lambda talk: rank[talk[0]])


class _Channel:
    """One channel's lines, sorted into talks one after the other."""

    def __init__(self, lines: Sequence[Line], vectors: Vectors, members: Sequence[int]) -> None:
        self._lines, self._vectors, self._members = lines, vectors, members
        self._names = Names(lines[at] for at in members)
        self._of: dict[int, _Talk] = {}  # message id: its talk
        self._open: list[_Talk] = []  # the longest silent first
        self._all: list[_Talk] = []

    def talks(self) -> Iterator[list[int]]:
        """Yield each talk's lines."""
        for at in self._members:
            self._place(at)
        for talk in self._all:
            yield talk.lines

    def _place(self, at: int) -> None:
        line = self._lines[at]
        now = line.at.timestamp()
        silent = next((n for n, talk in enumerate(self._open) if now - talk.last <= _NAMED_SECONDS), None)
        del self._open[:silent]
        named = self._names.named_in(line)
        talk = self._of.get(line.reply_to_id) if line.reply_to_id is not None else None
        talk = talk or self._talk_of(named, line.author_id, now) or self._likeliest(at, line, now)
        if talk is None:
            talk = _Talk([], now)
            self._all.append(talk)
        elif talk in self._open:  # a reply goes to a silent one, too
            self._open.remove(talk)
        self._open.append(talk)
        self._add(talk, at, line, now, named)

    def _talk_of(self, named: Sequence[int], author: int, now: float) -> _Talk | None:
        """Return where those who are named last spoke; about as late, where they spoke with the author."""
        for one in named:
            spoken = [talk for talk in self._open if one in talk.spoke]
            if spoken:
                return max(spoken, key=lambda talk: talk.spoke[one] + _TOGETHER * (author in talk.spoke))
        return None

    def _likeliest(self, at: int, line: Line, now: float) -> _Talk | None:
        candidates = [talk for talk in self._open[-_MOST_OPEN:] if now - talk.last <= _OPEN_SECONDS]
        if not candidates:
            return None
        scores = [self._score(talk, at, line, now) for talk in candidates]
        busy = sum(now - talk.last <= _RECENT for talk in candidates)
        if busy <= 1:  # nobody else is talking
            answers = candidates[-1].asked_by not in {None, line.author_id} and line.intent not in ASKS
            scores[-1] += 0.6 if answers or now - candidates[-1].last <= _ANSWER else 0.2
        best = max(range(len(scores)), key=lambda place: (scores[place], place))
        return candidates[best] if scores[best] >= _JOINS else None

    def _score(self, talk: _Talk, at: int, line: Line, now: float) -> float:
        away = now - talk.last
        score = 0.5 * math.exp(-away / _RECENT)
        if line.author_id in talk.spoke:
            score += 0.9 * math.exp(-(now - talk.spoke[line.author_id]) / _RECENT)
        if line.author_id in talk.called:
            score += 0.8 * math.exp(-(now - talk.called[line.author_id]) / _RECENT)
        if talk.about is not None and talk.length:
            score += 1.2 * max(0.0, float(self._vectors[at] @ talk.about) / talk.length)
        asks = line.intent in ASKS
        if talk.asked_by not in {None, line.author_id} and not asks:
            score += 0.4 * math.exp(-away / _ANSWER)
        if asks and line.author_id not in talk.spoke:
            score -= 0.9
        return score

    def _add(self, talk: _Talk, at: int, line: Line, now: float, named: Sequence[int]) -> None:
        talk.lines.append(at)
        talk.last = max(talk.last, now)
        talk.spoke[line.author_id] = now
        talk.called.update(dict.fromkeys(named, now))
        vector = self._vectors[at]
        talk.about = vector.copy() if talk.about is None else _FADING * talk.about + vector
        talk.length = float(np.linalg.norm(talk.about))
        if line.intent in ASKS:
            talk.asked_by = line.author_id
        elif line.author_id != talk.asked_by:
            talk.asked_by = None
        self._of[line.message_id] = talk
