"""Table `questions`: what members asked, and what became of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, String, Text
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, UtcDateTime, partial_index


class Outcome(StrEnum):
    """What came of a question."""

    PENDING = "pending"  # nothing is decided yet
    ANSWERED = "answered"
    CLARIFIED = "clarified"  # asked back
    HANDED_OVER = "handed_over"  # to staff
    SILENT = "silent"  # nothing was said to it, or only a template
    JOINED = "joined"  # answered together with what the member wrote right after it
    THANKED = "thanked"  # it was none: thanks, or a word that it works


class Question(SQLModel, table=True):
    """One question of a member; the row is the lock for answering it.

    It keeps no copy of the member's words: they stand in the ticket, its message or the signal, and are gone
    when those are.
    """

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_guild_id_asked_at", "guild_id", "asked_at"),
        partial_index("ix_questions_unfinished", "id", where="finished_at IS NULL"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    key: str = Field(sa_type=String(64), unique=True)  # "ticket/message" or the signal's id
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    ticket_id: int | None = Field(
        default=None, sa_type=BIG_KEY, foreign_key="tickets.id", index=True, ondelete="CASCADE"
    )
    signal_id: str | None = Field(
        default=None, sa_type=String(48), foreign_key="signals.id", index=True, ondelete="CASCADE"
    )
    message_id: int | None = Field(default=None, sa_type=BigInteger)  # that asked; None: the ticket's opening
    band: str | None = Field(default=None, sa_type=String(16))  # of the best trained answer
    outcome: str = Field(default=Outcome.PENDING, sa_type=String(16))
    entry_id: int | None = Field(default=None, sa_type=BigInteger)  # that answered, or came nearest
    score: float | None = None  # of that entry
    reason: str = Field(default="", sa_type=String(200))  # why it wasn't answered
    written_by: str | None = Field(default=None, sa_type=String(300))  # "trained #12" or "provider/model"
    answer: str | None = Field(default=None, sa_type=Text)  # as posted in a ticket
    answer_id: int | None = Field(default=None, sa_type=BigInteger, index=True)  # the bot's message with it
    helpful: bool | None = None
    asked_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime
    )  # None: what was decided isn't done
