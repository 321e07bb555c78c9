"""Table `ticket_deliveries`: what is posted when a ticket closes, written before and after."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, UtcDateTime


class DeliveryKind(StrEnum):
    """What is delivered when a ticket closes."""

    RATING = "rating"  # asked for in its thread
    LOG = "log"  # transcript or notice for staff
    MEMBER = "member"  # transcript for its member
    LESSON = "lesson"  # what could be taught, for staff
    CLOSED_DOORS = "closed_doors"  # its member is told that they can't be written to
    ALL = "all"  # posts nothing: the others are done


class DeliveryStatus(StrEnum):
    """Where a delivery stands; everything but PENDING is final."""

    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"  # not wanted
    FAILED = "failed"  # Discord will never take it


class TicketDelivery(SQLModel, table=True):
    """One post; the row is the lock for (ticket, closing, kind)."""

    __tablename__ = "ticket_deliveries"
    __table_args__ = (UniqueConstraint("ticket_id", "closing", "kind"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    ticket_id: int = Field(sa_type=BIG_KEY, foreign_key="tickets.id", ondelete="CASCADE")
    closing: int  # how often the ticket had been reopened when it closed
    kind: str = Field(sa_type=String(16))
    status: str = Field(default=DeliveryStatus.PENDING, sa_type=String(16))
    detail: str = Field(default="", sa_type=String(200))
    message_id: int | None = Field(default=None, sa_type=BigInteger)  # what Discord made of it
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
