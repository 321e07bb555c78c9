"""Table `gaps`: stretches of a channel's history that are still to be read."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, UtcDateTime, partial_index


class Gap(SQLModel, table=True):
    """Messages after `from_id`, up to and including `to_id`, that may be missing; closed only when filled."""

    __tablename__ = "gaps"
    __table_args__ = (partial_index("ix_gaps_open", "channel_id", where="closed_at IS NULL"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    channel_id: int = Field(sa_type=BigInteger)  # a channel or a thread
    from_id: int = Field(sa_type=BigInteger)
    to_id: int = Field(sa_type=BigInteger)
    reason: str = Field(sa_type=String(32))
    created_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str = Field(default="", sa_type=String(200))
