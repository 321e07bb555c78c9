"""Tables of tickets: a server's choices, its tickets, what was said in them and what happened to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.domain.tickets import Priority, TicketMode, TicketState
from bot.models.types import BIG_KEY, JSON_OR_NULL, UtcDateTime, partial_index


class TicketSettings(SQLModel, table=True):
    """How a server wants its tickets."""

    __tablename__ = "ticket_settings"

    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    mode: str = Field(default=TicketMode.FORUM, sa_type=String(8))
    parent_id: int | None = Field(default=None, sa_type=BigInteger)  # the forum, or private threads' channel
    staff_role_id: int | None = Field(default=None, sa_type=BigInteger)
    log_channel_id: int | None = Field(default=None, sa_type=BigInteger)
    answer_mode: str = Field(default="grounded", sa_type=String(16))  # grounded, open or trained_only
    threshold: float | None = None  # of a trained answer's score; None: the calibration's
    low_threshold: float | None = None
    working_hours: str | None = Field(default=None, sa_type=String(32))  # "mon-fri 09:00-17:00"
    max_open: int = 3  # tickets of one member at the same time
    cooldown_seconds: int = 60  # between two tickets of one member
    remind_hours: int | None = 24
    close_hours: int | None = 72
    transcript_dm: bool = True
    adopt_posts: bool = True  # whether what members post in the forum past the panel becomes a ticket
    posts_after: int | None = Field(default=None, sa_type=BigInteger)  # posts up to here were looked at
    tags: dict[str, str] | None = Field(default=None, sa_type=JSON_OR_NULL)  # "state:open" -> a tag's id
    tickets_opened: int = 0  # the number of the newest


class TicketCategory(SQLModel, table=True):
    """What a ticket may be about."""

    __tablename__ = "ticket_categories"
    __table_args__ = (UniqueConstraint("guild_id", "name"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    name: str = Field(sa_type=String(50))
    emoji: str = Field(default="", sa_type=String(64))
    description: str = Field(default="", sa_type=String(100))
    position: int = 0
    staff_role_id: int | None = Field(default=None, sa_type=BigInteger)


class Ticket(SQLModel, table=True):
    """One ticket. Its row is written before its thread; `key` keeps one wish from being granted twice."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("guild_id", "number"),
        Index("ix_tickets_opener", "guild_id", "opener_id"),
        partial_index("ix_tickets_remind", "remind_at", where="remind_at IS NOT NULL"),
        partial_index("ix_tickets_close", "close_at", where="close_at IS NOT NULL"),
        partial_index("ix_tickets_closed", "closed_at", where="closed_at IS NOT NULL"),
        partial_index("ix_tickets_unshown", "id", where="shown_version <> version"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    number: int
    key: str = Field(sa_type=String(48), unique=True)  # the form or the message that opened it
    thread_id: int | None = Field(default=None, sa_type=BigInteger, unique=True)
    parent_id: int = Field(sa_type=BigInteger)
    card_message_id: int | None = Field(default=None, sa_type=BigInteger)  # edited in place
    queue_message_id: int | None = Field(default=None, sa_type=BigInteger)  # in the staff channel
    is_private: bool = False
    opener_id: int = Field(sa_type=BigInteger)
    opener_name: str = Field(sa_type=String(100))
    category_id: int | None = Field(
        default=None, sa_type=BigInteger, foreign_key="ticket_categories.id", ondelete="SET NULL"
    )
    state: str = Field(default=TicketState.OPEN, sa_type=String(16))
    priority: str = Field(default=Priority.NORMAL, sa_type=String(8))
    title: str = Field(sa_type=String(100))
    question: str = Field(sa_type=Text)
    environment: str = Field(default="", sa_type=String(500))
    source_channel_id: int | None = Field(default=None, sa_type=BigInteger)  # of the message it came from
    source_message_id: int | None = Field(default=None, sa_type=BigInteger)
    claimed_by: int | None = Field(default=None, sa_type=BigInteger)
    bot_muted: bool = False  # staff speak there: the bot doesn't, until told to
    member_left: bool = False
    opened_at: datetime = Field(sa_type=UtcDateTime)
    first_response_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    first_response_by: str | None = Field(default=None, sa_type=String(16))  # training, llm or staff
    handed_over_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: int | None = Field(default=None, sa_type=BigInteger)  # None: by itself
    close_reason: str = Field(default="", sa_type=String(500))
    reopened: int = 0  # how often
    last_member_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_staff_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    close_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rating: int | None = None  # 1 to 5
    rated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    summary: str | None = Field(default=None, sa_type=Text)
    version: int = 1  # rises with every change that Discord is to show
    shown_version: int = 0  # what card and tags in Discord show


class TicketMessage(SQLModel, table=True):
    """What was said in a ticket's thread; a deleted message keeps its row without its text."""

    __tablename__ = "ticket_messages"

    message_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    ticket_id: int = Field(sa_type=BIG_KEY, foreign_key="tickets.id", index=True, ondelete="CASCADE")
    author_id: int = Field(sa_type=BigInteger)
    author_name: str = Field(sa_type=String(100))
    role: str = Field(sa_type=String(8))
    content: str = Field(sa_type=Text)  # secrets redacted
    attachments: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON_OR_NULL)
    created_at: datetime = Field(sa_type=UtcDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TicketEvent(SQLModel, table=True):
    """What happened to a ticket. Notes are events, too, and for staff's eyes alone."""

    __tablename__ = "ticket_events"

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    ticket_id: int = Field(sa_type=BIG_KEY, foreign_key="tickets.id", index=True, ondelete="CASCADE")
    kind: str = Field(sa_type=String(16))
    actor_id: int | None = Field(default=None, sa_type=BigInteger)  # None: the bot itself
    detail: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
    at: datetime = Field(sa_type=UtcDateTime)
