"""Table `signals`: one row per observed message, telling its whole story."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text
from sqlmodel import Field, SQLModel

from bot.domain.signal import (
    DiscordMessage,
    Intent,
    NanoTags,
    Observation,
    Orchestration,
    PlanKind,
    Purpose,
    Sentiment,
    Signal,
    Stage,
    Status,
    Urgency,
)
from bot.models.types import JSON_OR_NULL, UtcDateTime, partial_index


class SignalRecord(SQLModel, table=True):
    """A signal at rest. A deleted message keeps its row as a tombstone, without its text."""

    __tablename__ = "signals"
    __table_args__ = (
        Index("ix_signals_place", "place_id", "message_id"),
        partial_index("ix_signals_open", "stage", "id", where="stage <> 'done'"),
        partial_index("ix_signals_flagged", "author_id", "created_at", where="intent <> 'other'"),
        partial_index("ix_signals_asked", "guild_id", "created_at", where="intent <> 'other'"),
        {"sqlite_with_rowid": False},  # rows arrive in the order of their key: one tree instead of two
    )

    id: str = Field(primary_key=True, sa_type=String(48))
    source: str = Field(sa_type=String(16))
    guild_id: int | None = Field(default=None, sa_type=BigInteger)
    channel_id: int = Field(sa_type=BigInteger)
    thread_id: int | None = Field(default=None, sa_type=BigInteger)
    place_id: int = Field(sa_type=BigInteger)  # the thread where there is one, else the channel
    message_id: int = Field(sa_type=BigInteger)
    reply_to_id: int | None = Field(default=None, sa_type=BigInteger)
    author_id: int = Field(default=0, sa_type=BigInteger)
    author_name: str = Field(default="", sa_type=String(100))
    content: str = Field(default="", sa_type=Text)
    attachments: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON_OR_NULL)
    embeds: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON_OR_NULL)
    mentions: list[str] | None = Field(default=None, sa_type=JSON_OR_NULL)
    created_at: datetime = Field(sa_type=UtcDateTime)
    ingested_at: datetime = Field(sa_type=UtcDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    backfilled: bool = False
    language: str = Field(default="und", sa_type=String(8))
    purpose: str = Field(default=Purpose.UNKNOWN, sa_type=String(16))
    sentiment: str = Field(default=Sentiment.NEUTRAL, sa_type=String(8))
    sentiment_score: float = 0.0
    urgency: str = Field(default=Urgency.LOW, sa_type=String(8))
    toxicity: float = 0.0
    intent: str = Field(default=Intent.OTHER, sa_type=String(16))
    confidence: float = 0.0
    rationale: str = Field(default="", sa_type=String(300))
    judge: str | None = Field(default=None, sa_type=String(8))  # a `Judge`; None: the light one
    light_intent: str | None = Field(default=None, sa_type=String(16))  # its opinion, where another judge's
    light_confidence: float | None = None  # differs from it
    stage: str = Field(default=Stage.DONE, sa_type=String(8))
    status: str = Field(default=Status.PENDING, sa_type=String(16))
    plan: str | None = Field(default=None, sa_type=String(16))
    reason: str = Field(default="", sa_type=String(300))
    observed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0


def signal_from_row(row: Mapping[str, Any], action_ids: tuple[int, ...] = ()) -> Signal:
    """Return the envelope of a row given by its columns (an insert's, or a record's `model_dump()`)."""
    message = DiscordMessage(
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        thread_id=row["thread_id"],
        message_id=row["message_id"],
        reply_to_id=row["reply_to_id"],
        author_id=row["author_id"],
        author_name=row["author_name"],
        content=row["content"],
        attachments=row["attachments"] or [],
        embeds=row["embeds"] or [],
        mentions=row["mentions"] or [],
    )
    plan = row.get("plan")
    return Signal(
        id=row["id"],
        source=row["source"],
        message=message,
        created_at=row["created_at"],
        ingested_at=row["ingested_at"],
        stage=Stage(row["stage"]),
        observed_at=row.get("observed_at"),
        language=row["language"],
        backfilled=row["backfilled"],
        nano_tags=NanoTags(
            purpose=Purpose(row["purpose"]),
            sentiment=Sentiment(row["sentiment"]),
            sentiment_score=row["sentiment_score"],
            urgency=Urgency(row["urgency"]),
            toxicity=row["toxicity"],
        ),
        observer=Observation(
            intent=Intent(row["intent"]), confidence=row["confidence"], rationale=row["rationale"]
        ),
        orchestrator=Orchestration(
            status=Status(row["status"]),
            plan=PlanKind(plan) if plan else None,
            reason=row.get("reason", ""),
            action_ids=action_ids,
        ),
    )
