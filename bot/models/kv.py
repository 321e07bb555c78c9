"""Table `kv`: small things to remember that deserve no table of their own."""

from typing import Any

from sqlalchemy import String
from sqlmodel import Field, SQLModel

from bot.models.types import JSON_OR_NULL


class KeyValue(SQLModel, table=True):
    """A JSON value under (scope, key); the scope is a guild's id or a feature's name."""

    __tablename__ = "kv"

    scope: str = Field(primary_key=True, sa_type=String(64))
    key: str = Field(primary_key=True, sa_type=String(128))
    value: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
