"""The last link of every chain: what answers with no model at all, and says so."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.llm.material import Material
from bot.llm.types import Task

NAME: Final = "embedded"
UNKNOWN: Final = "unknown"  # of a label nobody knows
LABEL: Final = "label"  # the fact that names it
_LINE: Final = 400  # characters of a line in a summary
_FALLBACK: Final = "en"

# Texts, authors and how many to pick; returned are the index and the text of each.
Summarize = Callable[[Sequence[str], Sequence[str], int], Sequence[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Texts:
    """What is said without a model, in one language.

    Attributes:
        reply: where no trained answer fits.
        summary: above the lines of a summary; `{picked}` and `{count}` are numbers of messages.
        nothing: where there are no lines to summarize.
        explain: above the facts.
        unexplained: where there are no facts.
        chat: to whoever wants to talk.
    """

    reply: str = (
        "I have no trained answer to this, and no language model is set up to write one."
        " Please wait for somebody who knows."
    )
    summary: str = (
        "Picked from the conversation as it was written ({picked} of {count} messages; no language model):"
    )
    nothing: str = "There is nothing to summarize."
    explain: str = "What is on record (no language model is set up to put it into words):"
    unexplained: str = "Nothing is on record about this, and no language model is set up to explain it."
    chat: str = "No language model answers at the moment, so I can't chat. Commands and trained answers work."


@dataclass(frozen=True, slots=True)
class EmbeddedAnswers:
    """Answers out of what a feature knows: templates, trained answers, an extractive summary.

    Attributes:
        summarize: chooses lines, such as `bot.nlp.summary.summarize_lines`.
        texts: by language; one for "en" is always there.
        lines: of a summary, at most.
    """

    summarize: Summarize
    texts: Mapping[str, Texts] = field(default_factory=dict)
    lines: int = 8

    def answer(self, task: Task, material: Material) -> str:
        """Return the answer to a task; pure computing, of a long conversation for some tenths of a second.

        For `classify` and `route` it is one of the labels or "unknown"; a summary keeps its authors' words.
        """
        texts = self.texts.get(material.language) or self.texts.get(_FALLBACK) or Texts()
        match task:
            case Task.CLASSIFY | Task.ROUTE:
                return _label(material)
            case Task.SUMMARIZE:
                return self._summary(material, texts)
            case Task.REPLY:
                return material.answers[0] if material.answers else texts.reply
            case Task.EXPLAIN:
                return _explanation(material, texts)
            case Task.CHAT:
                return material.answers[0] if material.answers else texts.chat

    def _summary(self, material: Material, texts: Texts) -> str:
        lines = material.lines
        picks = self.summarize([line.text for line in lines], [line.author for line in lines], self.lines)
        if not picks:
            return texts.nothing
        count = len({at for at, _ in picks})
        head = texts.summary.format(picked=count, count=len(lines))
        said = [f"• {lines[at].author}: {_short(text)}" for at, text in picks]
        return "\n".join([head, *said])


def _label(material: Material) -> str:
    """Return the label the facts name, else the one they give the highest score; the first of equals."""
    named = material.facts.get(LABEL)
    if named in material.labels:
        return str(named)
    scores = {label: _number(material.facts.get(label, "")) for label in material.labels}
    known = {label: score for label, score in scores.items() if not math.isnan(score)}
    return max(known, key=known.__getitem__, default=UNKNOWN)


def _number(text: str) -> float:
    """Return a score, NaN for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _explanation(material: Material, texts: Texts) -> str:
    if not material.facts:
        return texts.unexplained
    return "\n".join([texts.explain, *(f"• {name}: {_short(fact)}" for name, fact in material.facts.items())])


def _short(text: str) -> str:
    """Return a text as one line of a list."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _LINE else f"{flat[: _LINE - 1].rstrip()}…"
