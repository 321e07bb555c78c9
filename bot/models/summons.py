"""Table `summons`: who called the bot to which message, and what came of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, UtcDateTime, partial_index


class SummonsState(StrEnum):
    """What came of a call."""

    OPEN = "open"
    TAKEN = "taken"  # the message was judged anew because of it
    JOINED = "joined"  # it was answered, or shown to staff, already
    REFUSED = "refused"  # there is nothing to answer: a bot's message, or a deleted one


class Summons(SQLModel, table=True):
    """One call of one member to one message."""

    __tablename__ = "summons"
    __table_args__ = (
        UniqueConstraint("signal_id", "user_id"),
        Index("ix_summons_user_id_created_at", "user_id", "created_at"),
        Index("ix_summons_place_id_created_at", "place_id", "created_at"),
        partial_index("ix_summons_open", "id", where="state = 'open'"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", index=True, ondelete="CASCADE")
    signal_id: str = Field(sa_type=String(48))  # no foreign key: the message may not be stored yet
    place_id: int = Field(sa_type=BigInteger)
    message_id: int = Field(sa_type=BigInteger)
    user_id: int | None = Field(default=None, sa_type=BigInteger)  # who; None when they had it erased
    state: str = Field(default=SummonsState.OPEN, sa_type=String(8))
    created_at: datetime = Field(sa_type=UtcDateTime)
