"""What the lines before a message say about it, as numbers for the head that tells what it asks."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Chances = NDArray[np.float32]
Flagged = Callable[[Sequence[str]], Chances]

NAMES: Final = (
    "lines",
    "begins a talk",
    "own line before",
    "own line just before",
    "asked just before",
    "asked by others",
    "asked by oneself",
    "question just before",
    "names one of them",
    "named by the last",
)
SIZE: Final = len(NAMES)
_LINES: Final = 3
_LONGEST_NAME: Final = 40


class Line(NamedTuple):
    """A line before: its author, "" where unknown, and what was said."""

    author: str
    text: str


def line_of(line: str) -> Line:
    """Return the parts of a line "author: text"; a line without an author, such as a title, is all text."""
    author, colon, text = line.partition(": ")
    if colon and len(author) <= _LONGEST_NAME and not author.endswith(("http", "https")):
        return Line(author.lower(), text)
    return Line("", line)


def numbers_of(
    texts: Sequence[str], contexts: Sequence[Sequence[str]], authors: Sequence[str], flagged: Flagged
) -> NDArray[np.float32]:
    """Return the numbers of n messages, shape (n, SIZE), each 0 to 1.

    Args:
        texts: the messages.
        contexts: the lines before each, oldest first, as "author: text"; the last three count.
        authors: who wrote each message, "" where unknown.
        flagged: returns how likely each of some texts is a request or a report, (m,), by the light heads.
    """
    lines = [[line_of(line) for line in context[-_LINES:]] for context in contexts]
    said = list(dict.fromkeys(line.text for each in lines for line in each))
    chances = dict(zip(said, map(float, flagged(said)), strict=True)) if said else {}
    rows = [
        _row(text.lower(), before, author.lower(), chances)
        for text, before, author in zip(texts, lines, authors, strict=True)
    ]
    return np.array(rows, np.float32).reshape(len(texts), SIZE)


def _row(text: str, before: Sequence[Line], author: str, chances: dict[str, float]) -> tuple[float, ...]:
    if not before:
        return (0.0, 1.0, *(0.0,) * (SIZE - 2))
    last = before[-1]
    own = [line for line in before if author and line.author == author]
    others = [line for line in before if not author or line.author != author]
    return (
        len(before) / _LINES,
        0.0,
        1.0 if own else 0.0,
        1.0 if own and own[-1] is last else 0.0,
        chances[last.text],
        max((chances[line.text] for line in others), default=0.0),
        max((chances[line.text] for line in own), default=0.0),
        1.0 if "?" in last.text and (not own or own[-1] is not last) else 0.0,
        1.0 if any(_names(text, line.author) for line in others) else 0.0,
        1.0 if _names(last.text.lower(), author) else 0.0,
    )


def _names(text: str, author: str) -> bool:
    return bool(author) and (text.startswith((author, f"@{author}")) or f"@{author}" in text)
