"""Table `suggestions`: replies that staff are asked about first, and what came of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String, Text
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, UtcDateTime, partial_index


class SuggestionState(StrEnum):
    """Where a suggestion stands; everything but OPEN and POSTING is final."""

    OPEN = "open"
    POSTING = "posting"  # staff said yes; the reply is on its way
    POSTED = "posted"
    DISMISSED = "dismissed"
    EXPIRED = "expired"  # the message was edited, answered or deleted meanwhile
    FAILED = "failed"  # Discord didn't take the reply


class Suggestion(SQLModel, table=True):
    """A reply proposed to staff; its text is gone with the message it is for."""

    __tablename__ = "suggestions"
    __table_args__ = (
        partial_index("ix_suggestions_open", "id", where="state IN ('open', 'posting')"),
        partial_index("ix_suggestions_unshown", "id", where="shown <> state"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    # No foreign key: the card in the staff channel outlives the stored message and must still be cleared.
    signal_id: str = Field(sa_type=String(48), unique=True)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", index=True, ondelete="CASCADE")
    channel_id: int = Field(sa_type=BigInteger)  # of the card
    card_id: int | None = Field(default=None, sa_type=BigInteger)
    state: str = Field(default=SuggestionState.OPEN, sa_type=String(12))
    shown: str = Field(default=SuggestionState.OPEN, sa_type=String(12))  # the state that the card tells
    proposed: str = Field(default="", sa_type=Text)
    posted: str | None = Field(default=None, sa_type=Text)  # what staff made of it; None: as proposed
    source: str | None = Field(default=None, sa_type=String(48))  # the template or entry, as in `actions`
    reason: str | None = Field(default=None, sa_type=String(300))  # of a dismissal, or why it expired
    decided_by: int | None = Field(default=None, sa_type=BigInteger)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
