"""The envelope that travels the main road: one observed message and everything decided about it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

MAX_RATIONALE_WORDS = 20


class Purpose(StrEnum):
    """What a message is for."""

    SUPPORT = "support"
    CHATTER = "chatter"
    SPAM = "spam"
    UNKNOWN = "unknown"


class Sentiment(StrEnum):
    """How its writer feels."""

    NEGATIVE = "neg"
    NEUTRAL = "neu"
    POSITIVE = "pos"


class Urgency(StrEnum):
    """How soon it wants an answer."""

    LOW = "low"
    MEDIUM = "med"
    HIGH = "high"


class Intent(StrEnum):
    """What the message asks of the bot; HELP_REQUEST and PROBLEM_REPORT are *flagged*."""

    HELP_REQUEST = "help_request"
    PROBLEM_REPORT = "problem_report"
    OTHER = "other"


class Stage(StrEnum):
    """Where on the road a signal is; an interrupted one resumes from here."""

    OBSERVE = "observe"  # flagged or uncertain: the observer has not looked yet
    PLAN = "plan"  # observed: the orchestrator has not decided yet
    ACT = "act"  # planned: actions are pending
    DONE = "done"


class Status(StrEnum):
    """What came of it."""

    PENDING = "pending"
    RESPONDED = "responded"
    SUGGESTED = "suggested"  # to staff, who decide
    SKIPPED = "skipped"
    ESCALATED = "escalated"


class PlanKind(StrEnum):
    """What the orchestrator decided to do."""

    REPLY = "reply"
    NOOP = "noop"
    ESCALATE = "escalate"


class Judge(StrEnum):
    """Who judged a message."""

    LIGHT = "light"  # every message, at once, by itself
    ENCODER = "encoder"  # what was flagged or uncertain, with what was said before
    LLM = "llm"  # what was still uncertain then: its intent; all else is as the judge before said


class Judgement(NamedTuple):
    """What a classifier says of one text. A tuple, because one is made for every message."""

    purpose: Purpose
    sentiment: Sentiment
    sentiment_score: float  # -1 (negative) to 1 (positive)
    urgency: Urgency
    toxicity: float  # probability, 0 to 1
    intent: Intent
    confidence: float  # of the intent, 0 to 1
    rationale: str  # at most MAX_RATIONALE_WORDS words; "" when nothing spoke for a flag
    language: str  # ISO 639-1, or "und" when unknown
    uncertain: bool = False  # not flagged, perhaps wrongly: to be judged again


@dataclass(frozen=True, slots=True)
class NanoTags:
    """The small labels every message gets."""

    purpose: Purpose = Purpose.UNKNOWN
    sentiment: Sentiment = Sentiment.NEUTRAL
    sentiment_score: float = 0.0  # -1 to 1
    urgency: Urgency = Urgency.LOW
    toxicity: float = 0.0  # probability, 0 to 1


@dataclass(frozen=True, slots=True)
class Observation:
    """What the observer thinks the message wants."""

    intent: Intent = Intent.OTHER
    confidence: float = 0.0  # 0 to 1
    rationale: str = ""


@dataclass(frozen=True, slots=True)
class Orchestration:
    """What was decided and done; the ids are those of `Action` rows."""

    status: Status = Status.PENDING
    plan: PlanKind | None = None
    reason: str = ""
    action_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscordMessage:
    """A message as far as the bot keeps it; secrets in `content` are already redacted."""

    guild_id: int | None  # None in a direct message
    channel_id: int  # for a message in a thread, the thread's parent
    thread_id: int | None
    message_id: int
    reply_to_id: int | None
    author_id: int
    author_name: str
    content: str
    attachments: list[dict[str, Any]] = field(
        default_factory=list
    )  # filename, size (bytes), content_type, url
    embeds: list[dict[str, Any]] = field(default_factory=list)  # title, description, url
    mentions: list[str] = field(default_factory=list)  # "user:ID", "role:ID", "everyone"

    @property
    def place_id(self) -> int:
        """The channel an answer belongs in: the thread where there is one."""
        return self.thread_id or self.channel_id

    @property
    def link(self) -> str:
        """The address that opens the message in Discord."""
        return f"https://discord.com/channels/{self.guild_id or '@me'}/{self.place_id}/{self.message_id}"


@dataclass(frozen=True, slots=True)
class Signal:
    """One observed message and its story so far; crosses the bus, knows no platform's classes."""

    id: str  # see `signal_id`
    source: str
    message: DiscordMessage
    created_at: datetime  # aware UTC
    ingested_at: datetime  # aware UTC
    stage: Stage
    observed_at: datetime | None = None  # aware UTC
    language: str = "und"
    backfilled: bool = False
    nano_tags: NanoTags = field(default_factory=NanoTags)
    observer: Observation = field(default_factory=Observation)
    orchestrator: Orchestration = field(default_factory=Orchestration)


def signal_id(source: str, message_id: int) -> str:
    """Return the id of a message's signal; the same message always has the same one."""
    return f"{source}:{message_id}"
