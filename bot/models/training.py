"""Tables `training_entries`, `training_phrasings`, `training_changes`: what staff taught the bot."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, JSON_OR_NULL, UtcDateTime


class ChangeKind(StrEnum):
    """How an entry came to be what it is."""

    ADD = "add"
    EDIT = "edit"
    REMOVE = "remove"
    IMPORT = "import"
    UNDO = "undo"


class TrainingEntry(SQLModel, table=True):
    """An answer written by staff; its questions are `TrainingPhrasing`s."""

    __tablename__ = "training_entries"
    __table_args__ = (Index("ix_training_entries_living", "guild_id", "deleted_at"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    answer: str = Field(sa_type=Text)
    category: str = Field(default="", sa_type=String(100))  # "" for none
    links: list[str] | None = Field(default=None, sa_type=JSON_OR_NULL)  # attachments
    valid_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    valid_until: datetime | None = Field(default=None, sa_type=UtcDateTime)  # not at that moment any more
    source_url: str = Field(default="", sa_type=String(200))  # the message it was made from, "" for none
    source_author_id: int | None = Field(default=None, sa_type=BigInteger)  # who wrote that, where known
    used_count: int = 0
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    helpful: int = 0
    unhelpful: int = 0
    created_by: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_by: int = Field(sa_type=BigInteger)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # None: living


class TrainingPhrasing(SQLModel, table=True):
    """One way to ask what an entry answers; a removed entry keeps its phrasings, for undo."""

    __tablename__ = "training_phrasings"
    __table_args__ = (
        UniqueConstraint("entry_id", "same_key"),
        Index("ix_training_phrasings_same", "guild_id", "same_key"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    entry_id: int = Field(sa_type=BigInteger, foreign_key="training_entries.id", ondelete="CASCADE")
    guild_id: int = Field(sa_type=BigInteger)
    text: str = Field(sa_type=Text)
    normal: str = Field(sa_type=Text)  # as exact matches compare it
    # A digest of `normal`: PostgreSQL's indexes take no rows as long as a question may be.
    same_key: str = Field(sa_type=String(32))
    encoder: str | None = Field(default=None, sa_type=String(100))  # whose vector it is
    vector: bytes | None = Field(default=None, sa_type=LargeBinary)  # float16


class TrainingChange(SQLModel, table=True):
    """One change of one entry: what it was and what it became."""

    __tablename__ = "training_changes"
    __table_args__ = (
        Index("ix_training_changes_entry", "guild_id", "entry_id"),
        Index("ix_training_changes_batch", "guild_id", "batch"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    entry_id: int = Field(sa_type=BigInteger)  # no foreign key: the history outlives the entry
    batch: str = Field(sa_type=String(32))  # one command or import
    actor_id: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=String(8))
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)  # None: there was none
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)  # None: there is none any more
    at: datetime = Field(sa_type=UtcDateTime)
    undone_by: int | None = Field(default=None, sa_type=BigInteger)  # the change that took it back
