"""Tables of plugins: how each is, where it is on and how it is set there, and what it keeps."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text
from sqlmodel import Field, SQLModel

from bot.models.types import JSON_OR_NULL, UtcDateTime

NOBODY = 0  # as a value's user: it is about no member in particular


class PluginState(SQLModel, table=True):
    """How a plugin is in all servers; no row as long as nothing was decided about it."""

    __tablename__ = "plugin_states"

    plugin: str = Field(primary_key=True, sa_type=String(32))
    is_off: bool = False  # by whoever runs the bot
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # by the bot itself
    why: str = Field(default="", sa_type=Text)  # it was suspended


class PluginGuild(SQLModel, table=True):
    """A plugin in a server that has switched it on at least once."""

    __tablename__ = "plugin_guilds"

    plugin: str = Field(primary_key=True, sa_type=String(32))
    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    is_on: bool = True
    config: dict[str, Any] | None = Field(
        default=None, sa_type=JSON_OR_NULL
    )  # what differs from its defaults


class PluginValue(SQLModel, table=True):
    """Something a plugin keeps in a server, of a member where `user_id` isn't 0."""

    __tablename__ = "plugin_values"
    __table_args__ = (Index("ix_plugin_values_guild_id_user_id", "guild_id", "user_id"),)

    plugin: str = Field(primary_key=True, sa_type=String(32))
    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    user_id: int = Field(
        primary_key=True, sa_type=BigInteger, default=NOBODY, sa_column_kwargs={"autoincrement": False}
    )
    key: str = Field(primary_key=True, sa_type=String(128))
    value: Any = Field(default=None, sa_type=JSON, nullable=True)
    changed_at: datetime = Field(sa_type=UtcDateTime)
