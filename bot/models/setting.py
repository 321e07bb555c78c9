"""Table `setting_changes`: what was set in a server, by whom and when."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String
from sqlmodel import Field, SQLModel

from bot.models.types import BIG_KEY, JSON_OR_NULL, UtcDateTime


class SettingChange(SQLModel, table=True):
    """One change of one setting. Processes learn of each other's changes by these rows."""

    __tablename__ = "setting_changes"
    __table_args__ = (Index("ix_setting_changes_guild_id_key", "guild_id", "key", "id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE")
    key: str = Field(sa_type=String(80))  # "summaries.time"
    old: Any = Field(default=None, sa_type=JSON_OR_NULL, nullable=True)  # ids as strings; None: the default
    new: Any = Field(default=None, sa_type=JSON_OR_NULL, nullable=True)
    by_id: int | None = Field(default=None, sa_type=BigInteger)  # None: the bot itself
    at: datetime = Field(sa_type=UtcDateTime)
