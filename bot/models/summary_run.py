"""Tables of the daily post: how servers want it, and what became of each date's."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Date, Index, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.domain.summaries import Reading
from bot.models.types import BIG_KEY, JSON_OR_NULL, UtcDateTime


class RunStatus(StrEnum):
    """Where a date's run stands; everything but PENDING is final."""

    PENDING = "pending"
    POSTED = "posted"
    QUIET = "quiet"  # nothing was said that its readers may read
    FAILED = "failed"


class SummarySettings(SQLModel, table=True):
    """How a server wants its daily summary; its clock is the server's `timezone`."""

    __tablename__ = "summary_settings"

    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    is_on: bool = False
    channel_id: int | None = Field(default=None, sa_type=BigInteger)  # None: to `admin_ids`
    admin_ids: list[str] | None = Field(default=None, sa_type=JSON_OR_NULL)  # by direct message
    at: str = Field(default="00:00", sa_type=String(5))
    weekdays: list[int] | None = Field(default=None, sa_type=JSON_OR_NULL)  # 0: Monday; None: every day
    style: str = Field(default=Reading.SHORT, sa_type=String(8))
    language: str | None = Field(default=None, sa_type=String(32))  # None: as people wrote
    sections_off: list[str] | None = Field(default=None, sa_type=JSON_OR_NULL)
    excluded_ids: list[str] | None = Field(default=None, sa_type=JSON_OR_NULL)  # channels never read
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # its times: not due before


class SummaryRun(SQLModel, table=True):
    """One date's run; the row is the lock for (server, date)."""

    __tablename__ = "summary_runs"
    __table_args__ = (Index("ix_summary_runs_try", "status", "try_at"),)

    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    local_date: date = Field(primary_key=True, sa_type=Date)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    status: str = Field(default=RunStatus.PENDING, sa_type=String(8))
    attempts: int = 0
    try_at: datetime = Field(sa_type=UtcDateTime)  # not before
    detail: str = Field(default="", sa_type=String(300))
    is_told: bool = False  # its failure, to the admins
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SummaryPost(SQLModel, table=True):
    """One message of a run; the row is the lock for (server, date, target, part)."""

    __tablename__ = "summary_posts"
    __table_args__ = (UniqueConstraint("guild_id", "local_date", "target_id", "part"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    local_date: date = Field(sa_type=Date)
    target_id: int = Field(sa_type=BigInteger)  # a channel, or the member it goes to
    part: int
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
