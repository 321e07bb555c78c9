"""Tables of alerts: how servers want them, incidents with their reports, and nudges to helpers."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, JSON_OR_NULL, UtcDateTime, partial_index

WINDOW_MINUTES = 60
LEAST_MEMBERS = 3
WAIT_HOURS = 4
NUDGE_HOURS = 6


class AlertSettings(SQLModel, table=True):
    """What a server wants to be told of problems and of questions left alone."""

    __tablename__ = "alert_settings"

    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    incidents_on: bool = True
    window_minutes: int = WINDOW_MINUTES  # within which reports count together
    members: int = LEAST_MEMBERS  # who must report alike before staff are told
    cooldown_minutes: int = 60  # after "Resolved", before the same may be raised again
    wait_hours: int = WAIT_HOURS  # after which a question counts as unanswered
    nudge_on: bool = False
    helper_role_id: int | None = Field(default=None, sa_type=BigInteger)
    nudge_hours: int = NUDGE_HOURS  # between two nudges


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    RESOLVED = "resolved"  # by staff, or by itself after a day without a report


class Incident(SQLModel, table=True):
    """Reports of one fault, and the alert that staff were shown. It holds nobody's words."""

    __tablename__ = "incidents"
    __table_args__ = (
        partial_index("ix_incidents_open", "guild_id", "id", where="is_settled = false"),
        Index("ix_incidents_guild_id_opened_at", "guild_id", "opened_at"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    status: str = Field(default=IncidentStatus.OPEN, sa_type=String(8))
    opened_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)  # of its newest report
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_by: int | None = Field(default=None, sa_type=BigInteger)  # None: nobody, it went quiet
    before_id: int | None = Field(default=None, sa_type=BIG_KEY)  # the same fault's last incident
    channel_id: int = Field(sa_type=BigInteger)  # the alert's
    message_id: int | None = Field(default=None, sa_type=BigInteger)  # None: not posted yet, as far as known
    shown: str | None = Field(default=None, sa_type=String(32))  # digest of what the alert says
    is_settled: bool = False  # resolved, and its alert says so: nothing is left to do


class IncidentReport(SQLModel, table=True):
    """A message that reports a fault; a message belongs to one incident."""

    __tablename__ = "incident_reports"
    __table_args__ = (UniqueConstraint("message_id"),)

    incident_id: int = Field(
        primary_key=True, sa_type=BIG_KEY, foreign_key="incidents.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    message_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    place_id: int = Field(sa_type=BigInteger)
    author_id: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Nudge(SQLModel, table=True):
    """One call to the helper role; the row is there before the call."""

    __tablename__ = "nudges"
    __table_args__ = (Index("ix_nudges_guild_id_created_at", "guild_id", "created_at"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    place_id: int = Field(sa_type=BigInteger)
    message_ids: list[str] = Field(sa_type=JSON_OR_NULL)  # the questions, the oldest first
    created_at: datetime = Field(sa_type=UtcDateTime)
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # posted, or given up
