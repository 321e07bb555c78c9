"""Table `feedback`: what members and staff say of the bot's judgement, kept to re-fit thresholds with."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, UtcDateTime


class FeedbackKind(StrEnum):
    """How it was given."""

    REACTION = "reaction"  # to the bot's answer
    CORRECTION = "correction"  # of a judgement, by staff
    SUGGESTION = "suggestion"  # posted or dismissed by staff


class Verdict(StrEnum):
    """Whether the bot was right."""

    RIGHT = "right"
    WRONG = "wrong"


class Giver(StrEnum):
    """Who gave it, as far as that one message goes."""

    ASKER = "asker"
    MEMBER = "member"
    STAFF = "staff"


class Feedback(SQLModel, table=True):
    """One verdict of one member; the newer takes the older's place."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("message_id", "user_id", "kind"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", index=True, ondelete="CASCADE")
    # Goes with what it is about: with the retention of messages, too.
    signal_id: str = Field(sa_type=String(48), foreign_key="signals.id", index=True, ondelete="CASCADE")
    kind: str = Field(sa_type=String(16))
    message_id: int = Field(
        sa_type=BigInteger
    )  # the answer reacted to; the message whose judgement is corrected
    user_id: int = Field(sa_type=BigInteger)
    giver: str = Field(sa_type=String(8))
    verdict: str = Field(sa_type=String(8))
    correct_intent: str | None = Field(default=None, sa_type=String(16))  # of a correction
    # The judgement it was given on, which an edit of the message may change later.
    intent: str = Field(sa_type=String(16))
    confidence: float  # as a guild's threshold is compared with: without a foreign language's discount
    created_at: datetime = Field(sa_type=UtcDateTime)
