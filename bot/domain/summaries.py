"""What a summary is made of: the messages it reads, and what it says of them, each with its source."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
        message_ids: every message of the topic, oldest first.
    """

    title: str
    sentences: tuple[Claim, ...]
    decisions: tuple[Claim, ...] = ()
    actions: tuple[Claim, ...] = ()
    questions: tuple[Claim, ...] = ()
    message_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what its readers may read went into a summary."""

    read: int  # messages
    total: int
    channels: int


@dataclass(frozen=True, slots=True)
class Digest:
    """The topics of a time, most important first.

    Attributes:
        model: what wrote it ("qwen3:8b by ollama"); None for extracts, lines as they were written.
    """

    topics: tuple[Topic, ...]
    coverage: Coverage
    model: str | None = None
    cost: float = 0.0  # US dollars


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open time, aware, in UTC."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether it is in it."""
        return self.start <= moment < self.end
