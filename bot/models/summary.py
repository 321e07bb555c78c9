"""Tables of summaries: what they say, what it rests on, what was thought of it; parts for the next one."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Date, Index, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.domain.summaries import Claim, Topic
from bot.models.types import BIG_KEY, JSON_OR_NULL, UtcDateTime


class SummaryKind(StrEnum):
    """What a summary was made for."""

    DAILY = "daily"  # by the clock: one for each server and date
    ASKED = "asked"  # by a member


class NoteKind(StrEnum):
    """What somebody says of a summary."""

    REPORT = "report"  # a member: it is wrong
    CORRECTION = "correction"  # an admin: it is like this


class Summary(SQLModel, table=True):
    """One summary. Its text is in its topics."""

    __tablename__ = "summaries"
    __table_args__ = (
        UniqueConstraint("guild_id", "kind", "local_date"),
        Index("ix_summaries_guild_id_created_at", "guild_id", "created_at"),
        Index("ix_summaries_is_stale_id", "is_stale", "id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    kind: str = Field(default=SummaryKind.ASKED, sa_type=String(8))
    local_date: date | None = Field(default=None, sa_type=Date)  # in the server's zone; None: of none
    reader_id: int | None = Field(default=None, sa_type=BigInteger)  # the one it was made for; None: a place
    reading: str = Field(sa_type=String(8))
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    place_ids: list[str] = Field(sa_type=JSON_OR_NULL)  # whatever was read: who sees it may read them all
    model: str | None = Field(default=None, sa_type=String(300))
    cost: float = 0.0  # US dollars
    messages_read: int = 0
    messages_total: int = 0
    messages_extracted: int = 0
    channels: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    posted_channel_id: int | None = Field(default=None, sa_type=BigInteger)
    posted_message_id: int | None = Field(default=None, sa_type=BigInteger)
    posted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Of one that was asked for: each time it was posted for all, the messages of its pages.
    public_posts: list[list[str]] | None = Field(default=None, sa_type=JSON_OR_NULL)
    is_stale: bool = False  # the post says what the row no longer does


class SummaryTopic(SQLModel, table=True):
    """A topic with its claims."""

    __tablename__ = "summary_topics"

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    summary_id: int = Field(sa_type=BIG_KEY, foreign_key="summaries.id", index=True, ondelete="CASCADE")
    position: int
    title: str = Field(sa_type=String(200))
    claims: dict[str, Any] = Field(sa_type=JSON_OR_NULL)  # {"sentences": [{"text", "messages": ["id"]}], ...}
    message_ids: list[str] = Field(sa_type=JSON_OR_NULL)
    is_extract: bool = False
    removed: int = 0  # claims whose messages were deleted or edited


class SummarySource(SQLModel, table=True):
    """A message that a summary's claims rest on: by these rows a deletion finds what quotes it."""

    __tablename__ = "summary_sources"

    summary_id: int = Field(
        primary_key=True, sa_type=BIG_KEY, foreign_key="summaries.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    message_id: int = Field(
        primary_key=True, sa_type=BigInteger, index=True, sa_column_kwargs={"autoincrement": False}
    )
    place_id: int = Field(sa_type=BigInteger, index=True)
    channel_id: int = Field(sa_type=BigInteger, index=True)
    author_id: int = Field(sa_type=BigInteger, index=True)


class SummaryPart(SQLModel, table=True):
    """What a model made of some messages, kept for when the same ones are summarized again.

    Its key is a hash of exactly these messages and of how they were asked about, so it is found only by
    whoever has read them all.
    """

    __tablename__ = "summary_parts"
    __table_args__ = (Index("ix_summary_parts_guild_id_last_id", "guild_id", "last_id"),)

    key: str = Field(primary_key=True, sa_type=String(64))
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    place_ids: list[str] = Field(sa_type=JSON_OR_NULL)  # threads with their channels
    first_id: int = Field(sa_type=BigInteger)  # of the messages
    last_id: int = Field(sa_type=BigInteger)
    topics: list[Any] = Field(sa_type=JSON_OR_NULL)
    model: str = Field(sa_type=String(300))
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


class SummaryFeedback(SQLModel, table=True):
    """A member's thumb for a summary; the last one counts."""

    __tablename__ = "summary_feedback"

    summary_id: int = Field(
        primary_key=True, sa_type=BIG_KEY, foreign_key="summaries.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    user_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    helpful: bool
    created_at: datetime = Field(sa_type=UtcDateTime)


class SummaryNote(SQLModel, table=True):
    """A mistake that a member reports, or an admin's correction."""

    __tablename__ = "summary_notes"

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    summary_id: int = Field(sa_type=BIG_KEY, foreign_key="summaries.id", index=True, ondelete="CASCADE")
    kind: str = Field(sa_type=String(16))
    user_id: int = Field(sa_type=BigInteger)
    text: str = Field(sa_type=Text)  # secrets redacted
    created_at: datetime = Field(sa_type=UtcDateTime)


_KINDS: Final = ("sentences", "decisions", "actions", "questions")


def claims_of(topic: Topic) -> dict[str, Any]:
    """Return a topic's claims, and what its title is taken from, as they are stored.

    Ids are strings, since JSON's numbers end at 53 bits.
    """
    kinds: dict[str, Any] = {
        kind: [
            {"text": claim.text, "messages": [str(each) for each in claim.message_ids]}
            for claim in getattr(topic, kind)
        ]
        for kind in _KINDS
    }
    return kinds | {"title": [str(each) for each in topic.title_ids]}


def topic_of(
    title: str, claims: Mapping[str, Any], message_ids: Sequence[str], *, is_extract: bool = False
) -> Topic:
    """Return the topic that was stored so."""
    kinds = {
        kind: tuple(
            Claim(each["text"], tuple(int(id_) for id_ in each["messages"])) for each in claims.get(kind, ())
        )
        for kind in _KINDS
    }
    ids, title_ids = (tuple(int(each) for each in of) for of in (message_ids, claims.get("title", ())))
    return Topic(title=title, message_ids=ids, title_ids=title_ids, is_extract=is_extract, **kinds)
