"""What a summary is made of: the messages it reads, and what it says of them, each with its source."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final


class Reading(StrEnum):
    """How much a summary says."""

    SHORT = "short"
    DETAILED = "detailed"


@dataclass(frozen=True, slots=True)
class Line:
    """A message as a summary reads it; `text` is redacted, and never of somebody who opted out.

    Attributes:
        place_id: the thread where there is one, else the channel.
        intent: an `Intent`'s value; `sentiment` a `Sentiment`'s.
        sentiment_score: -1 to 1.
        votes: members who reacted to it, its author and bots left out.
    """

    message_id: int
    channel_id: int
    thread_id: int | None
    author_id: int
    author_name: str
    text: str
    at: datetime
    reply_to_id: int | None = None
    intent: str = "other"
    sentiment: str = "neutral"
    sentiment_score: float = 0.0
    votes: int = 0

    @property
    def place_id(self) -> int:
        """Where it can be read."""
        return self.thread_id or self.channel_id


@dataclass(frozen=True, slots=True)
class Claim:
    """Something a summary says, and the messages it was taken from, at least one."""

    text: str
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """What was talked about, with what came of it.

    Attributes:
        sentences: two or three in the short form.
        questions: those that nobody answered.
        message_ids: every message of the topic, oldest first; of a model's the ones its claims rest on.
        title_ids: the messages whose words its title is, where they are few; not those of a claim.
        is_extract: whether its lines are as they were written, picked and not composed.
    """

    title: str
    sentences: tuple[Claim, ...]
    decisions: tuple[Claim, ...] = ()
    actions: tuple[Claim, ...] = ()
    questions: tuple[Claim, ...] = ()
    message_ids: tuple[int, ...] = ()
    title_ids: tuple[int, ...] = ()
    is_extract: bool = False

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All that it says."""
        return (*self.sentences, *self.decisions, *self.actions, *self.questions)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a message that a claim rests on was said, and by whom."""

    place_id: int
    channel_id: int
    author_id: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what its readers may read went into a summary.

    Attributes:
        extracted: of those read, the messages that no model composed anything of: lines were picked.
    """

    read: int  # messages
    total: int
    channels: int
    extracted: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """The topics of a time, most important first.

    Attributes:
        model: what wrote it ("qwen3:8b by ollama"); None for extracts, lines as they were written.
        sources: by message id, of every message that a claim rests on.
    """

    topics: tuple[Topic, ...]
    coverage: Coverage
    model: str | None = None
    cost: float = 0.0  # US dollars
    sources: Mapping[int, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open time, aware, in UTC."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether it is in it."""
        return self.start <= moment < self.end


MAX_TITLE: Final = 80  # characters, of a title made of a claim


def without(topic: Topic, gone: Collection[int]) -> Topic:
    """Return what is left of a topic when messages are gone: no claim that rests on one of them.

    A title may have been taken from any claim that goes, so it goes too, and with the messages whose words it
    is; what is left of the topic names it anew. Without a claim left it has no title.
    """
    left = replace(
        topic,
        sentences=_standing(topic.sentences, gone),
        decisions=_standing(topic.decisions, gone),
        actions=_standing(topic.actions, gone),
        questions=_standing(topic.questions, gone),
        message_ids=tuple(each for each in topic.message_ids if each not in gone),
    )
    if len(left.claims) == len(topic.claims) and not any(each in gone for each in topic.title_ids):
        return left
    first = left.claims[0].text if left.claims else ""
    title = first if len(first) <= MAX_TITLE else first[: MAX_TITLE - 1].rsplit(" ", 1)[0] + "…"
    return replace(left, title=title, title_ids=())


def _standing(claims: Sequence[Claim], gone: Collection[int]) -> tuple[Claim, ...]:
    return tuple(each for each in claims if not any(id_ in gone for id_ in each.message_ids))
