"""Picks the parts of a conversation that say most of what it says; needs no model.

What is worth how much, and how parts of long messages are cut: `bot/nlp/salience.py`. A question comes with
its answer. Measured on public conversations: docs/JUDGEMENT.md.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from bot.nlp.salience import FITTED, Chooser, Unit, Weighing, units_of

_ANSWER_WITHIN: Final = 3  # lines after a question
_ASKS: Final = ("?", "？")  # noqa: RUF001 - the Chinese mark


class Pick(NamedTuple):
    """A line, or a part of a long one."""

    line: int
    text: str


def summarize_lines(
    texts: Sequence[str], authors: Sequence[str], k: int, weighing: Weighing = FITTED
) -> list[Pick]:
    """Return at most `k` picks in the order of the conversation; the same for the same lines.

    Args:
        texts: the messages, oldest first.
        authors: who wrote each, as many.
        k: how many to pick.
        weighing: what counts.
    """
    units = units_of(texts, weighing)
    if len(units) <= k:
        return [Pick(unit.line, unit.text) for unit in units]
    chooser = Chooser(units, [authors[unit.line] for unit in units], weighing)
    while len(chooser.chosen) < k:
        at = chooser.take_best()
        if at is None:
            break
        answer = _answer_to(at, units, authors)
        if answer is not None and chooser.has_left(answer) and len(chooser.chosen) < k:
            chooser.take(answer)
    return [Pick(units[at].line, units[at].text) for at in sorted(chooser.chosen)]


def _answer_to(at: int, units: Sequence[Unit], authors: Sequence[str]) -> int | None:
    """Return who answers a question: the next unit of another, if it is near."""
    asked = units[at]
    if not asked.text.endswith(_ASKS):
        return None
    for place in range(at + 1, len(units)):
        unit = units[place]
        if unit.line > asked.line + _ANSWER_WITHIN:
            return None
        if authors[unit.line] != authors[asked.line]:
            return None if unit.text.endswith(_ASKS) else place
    return None
