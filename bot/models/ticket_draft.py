"""Table `ticket_drafts`: tickets written but not opened yet, while their member looks at similar ones."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlmodel import Field, SQLModel

from bot.models.types import UtcDateTime


class TicketDraft(SQLModel, table=True):
    """What a member wrote into the form; kept for a while, so that a restart loses nothing."""

    __tablename__ = "ticket_drafts"
    __table_args__ = (Index("ix_ticket_drafts_opener", "guild_id", "opener_id"),)

    key: str = Field(primary_key=True, sa_type=String(48))  # of the ticket that it becomes
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    opener_id: int = Field(sa_type=BigInteger)
    opener_name: str = Field(sa_type=String(100))
    actor_id: int | None = Field(default=None, sa_type=BigInteger)  # who wrote it
    category_id: int | None = Field(default=None, sa_type=BigInteger)
    title: str = Field(sa_type=String(100))
    question: str = Field(sa_type=Text)  # secrets redacted
    environment: str = Field(default="", sa_type=String(500))
    source_channel_id: int | None = Field(default=None, sa_type=BigInteger)
    source_message_id: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
