"""How notes of several chunks become one summary: what goes into a call, what is done without one. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from bot.domain.summaries import Claim, Reading, Topic
from bot.llm.fence import Item
from bot.llm.ollama_sizes import tokens_of

_AROUND: Final = 14  # tokens around a note
_WORD: Final = re.compile(r"\w+")
_KINDS: Final = (
    ("sentence", "sentences"),
    ("decision", "decisions"),
    ("action", "actions"),
    ("question", "questions"),
)


class Size(NamedTuple):
    """How much a summary says at the most: topics, and of each sentences and claims of each other kind."""

    topics: int
    sentences: int
    others: int


SIZES: Final = {Reading.SHORT: Size(5, 3, 3), Reading.DETAILED: Size(12, 4, 6)}


class Notes(NamedTuple):
    """What was made of some chunks, with the keys it is known by."""

    key: str
    topics: tuple[Topic, ...]
    model: str


class Shown(NamedTuple):
    """Notes as a model is shown them.

    Attributes:
        sources: message ids by the claims' numbers.
    """

    items: list[Item]
    sources: dict[int, tuple[int, ...]]


def shown(notes: Iterable[Notes]) -> Shown:
    """Return what a model is shown of notes, with a number for each claim."""
    items: list[Item] = []
    sources: dict[int, tuple[int, ...]] = {}
    for topic in (topic for each in notes for topic in each.topics):
        items.append(Item(topic.title, id="topic"))
        for word, kind in _KINDS:
            claims: tuple[Claim, ...] = getattr(topic, kind)
            for claim in claims:
                number = len(sources) + 1
                sources[number] = claim.message_ids
                items.append(Item(claim.text, id=f"{number} {word}"))
    return Shown(items, sources)


def grouped(notes: Sequence[Notes], room: int) -> list[list[Notes]]:
    """Return neighbours that go into one call of `room` tokens together; what is larger is alone."""
    groups: list[list[Notes]] = []
    left = 0
    for each in notes:
        cost = sum(_AROUND + tokens_of(item.text) for item in shown([each]).items)
        if groups and cost <= left:
            groups[-1].append(each)
            left -= cost
        else:
            groups.append([each])
            left = room - cost
    return groups


def joined(notes: Iterable[Notes]) -> tuple[Topic, ...]:
    """Return the topics of notes that no model put together, those of the most messages first."""
    topics = [topic for each in notes for topic in each.topics]
    return tuple(sorted(topics, key=lambda topic: len(topic.message_ids), reverse=True))


def fitted(topics: Sequence[Topic], reading: Reading) -> tuple[Topic, ...]:
    """Return as much as this reading has room for, most important first, and nothing twice."""
    size = SIZES[reading]
    topics = _unrepeated(topics)
    return tuple(
        replace(
            each,
            sentences=each.sentences[: size.sentences],
            decisions=each.decisions[: size.others],
            actions=each.actions[: size.others],
            questions=each.questions[: size.others],
        )
        for each in topics[: size.topics]
    )


def _unrepeated(topics: Sequence[Topic]) -> list[Topic]:
    """Return topics without what was told before in the same words; what came of a talk stays as that."""
    told: set[str] = set()

    def fresh(claims: Iterable[Claim]) -> tuple[Claim, ...]:
        kept = []
        for claim in claims:
            words = " ".join(_WORD.findall(claim.text.casefold())) or claim.text
            if words not in told:
                told.add(words)
                kept.append(claim)
        return tuple(kept)

    for _, kind in reversed(_KINDS):
        topics = [_with(each, kind, fresh(getattr(each, kind))) for each in topics]
    return [each for each in topics if each.claims]


def _with(topic: Topic, kind: str, claims: tuple[Claim, ...]) -> Topic:
    changed: dict[str, Any] = {kind: claims}
    return replace(topic, **changed)
