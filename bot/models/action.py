"""Table `actions`: what the bot did in Discord, written before and after."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, UtcDateTime

# Before the id of a signal: a warning to its author, no part of what is answered to it.
LEAK_PREFIX = "leak/"


class ActionStatus(StrEnum):
    """Where an action stands; everything but PENDING is final."""

    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"  # there is nothing to answer any more, or Discord would never take it
    FORBIDDEN = "forbidden"  # the bot may not post there
    FAILED = "failed"  # Discord could not be reached within the deadline
    EXPIRED = "expired"  # interrupted, and too old to send safely


class Action(SQLModel, table=True):
    """One message to Discord, or one part of a long one; the row is the lock for (signal, kind, part)."""

    __tablename__ = "actions"
    __table_args__ = (UniqueConstraint("signal_id", "kind", "part"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    # No foreign key: actions are kept longer than the messages they answered.
    signal_id: str = Field(sa_type=String(48))
    kind: str = Field(sa_type=String(16))
    part: int = 0
    guild_id: int | None = Field(default=None, sa_type=BigInteger)
    channel_id: int = Field(sa_type=BigInteger)  # where it is posted
    reference_id: int | None = Field(default=None, sa_type=BigInteger)  # the message it replies to
    nonce: str = Field(sa_type=String(25))
    content: str = Field(sa_type=Text)
    # "provider/model" that wrote it, or "template" and why no model did; None where no model was to write
    written_by: str | None = Field(default=None, sa_type=String(300))
    # Of a reply: the template's variant ("help_request/1"), the entry ("trained #12") or "model"
    source: str | None = Field(default=None, sa_type=String(48))
    status: str = Field(default=ActionStatus.PENDING, sa_type=String(16), index=True)
    detail: str = Field(default="", sa_type=String(300))
    message_id: int | None = Field(default=None, sa_type=BigInteger, index=True)  # what Discord made of it
    attempts: int = 0  # our own tries
    retries: int = 0  # answers of 429 and 5xx on the way
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
