"""Table `errors`: what went wrong on the bot's side, each kind in a place once; never a member's words."""

from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlmodel import Field, SQLModel

from bot.models.types import UtcDateTime


class ErrorRecord(SQLModel, table=True):
    """One fault of one server, or of none, with how often it happened."""

    __tablename__ = "errors"

    reference: str = Field(primary_key=True, sa_type=String(12))  # what people are told
    # No foreign key: a fault may be noted before the server is.
    guild_id: int | None = Field(default=None, sa_type=BigInteger, index=True)  # None: of no server alone
    place: str = Field(sa_type=String(100))  # "/audit message", "worker observer", a module's name
    kind: str = Field(sa_type=String(100))  # the exception's class; "" where something was only logged
    about: str = Field(default="", sa_type=String(300))
    trace: str = Field(default="", sa_type=Text)
    is_critical: bool = False
    count: int = 1
    reported: int = 0  # how many of them the owner's daily list has told
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime, index=True)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # to the owner, at once
    explanation: str | None = Field(default=None, sa_type=Text)  # a model's
    explained_by: str | None = Field(default=None, sa_type=String(300))  # "provider/model"
