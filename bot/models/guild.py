"""Tables `guilds`, `channels`, `members`: what the bot knows of a server, and its owner's choices."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

from bot.models.types import JSON_OR_NULL, UtcDateTime


class AutoReply(StrEnum):
    """Whether the orchestrator may answer in a guild."""

    ON = "on"
    SUGGEST = "suggest"  # staff are asked first
    OFF = "off"


class Watch(StrEnum):
    """Whether a channel is observed."""

    DEFAULT = "default"  # observed when @everyone can read it
    TRACK = "track"
    IGNORE = "ignore"


class WatchDefault(StrEnum):
    """What is watched of the channels for which nothing was chosen."""

    PUBLIC = "public"  # those that @everyone can read
    CHOSEN = "chosen"  # none


class Guild(SQLModel, table=True):
    """A server and its settings; None means the default of config/settings.yaml."""

    __tablename__ = "guilds"

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    name: str = Field(sa_type=String(100))
    first_seen_at: datetime = Field(sa_type=UtcDateTime)  # since it was last left, if it was
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    auto_reply: str = Field(default=AutoReply.ON, sa_type=String(8))
    staff_channel_id: int | None = Field(default=None, sa_type=BigInteger)
    timezone: str = Field(default="UTC", sa_type=String(64))  # IANA name
    quiet_hours: str | None = Field(default=None, sa_type=String(16))  # "22:00-07:00" in `timezone`
    min_confidence: float | None = None
    ignored_role_ids: list[int] | None = Field(default=None, sa_type=JSON_OR_NULL)
    languages: list[str] | None = Field(
        default=None, sa_type=JSON_OR_NULL
    )  # answered beside English, or "all"
    warn_leaks: bool | None = None  # whether who posts a password or key is told; None: yes
    watch_default: str = Field(default=WatchDefault.PUBLIC, sa_type=String(8))
    admin_role_id: int | None = Field(default=None, sa_type=BigInteger)  # counts as Manage Server here
    suggest_channel_id: int | None = Field(default=None, sa_type=BigInteger)  # None: the staff channel
    fits: bool | None = None  # whether feedback may move the confidence asked for; None: yes
    fitted_confidence: float | None = None  # what feedback made of it
    fitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Channel(SQLModel, table=True):
    """A channel or thread, the owner's choice for it, and how far it has been read."""

    __tablename__ = "channels"

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    guild_id: int = Field(sa_type=BigInteger, foreign_key="guilds.id", index=True, ondelete="CASCADE")
    parent_id: int | None = Field(default=None, sa_type=BigInteger)
    name: str = Field(default="", sa_type=String(100))
    watch: str = Field(default=Watch.DEFAULT, sa_type=String(8))
    chosen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # `watch`; read only from there on
    tip: str | None = Field(default=None, sa_type=String(300))  # a pointer that replies there may show
    cursor: int | None = Field(
        default=None, sa_type=BigInteger
    )  # newest message id with nothing missing below
    next_reply_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the throttle
    owner_told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # of a missing permission


class Member(SQLModel, table=True):
    """A member who wrote where the bot watches."""

    __tablename__ = "members"

    guild_id: int = Field(
        primary_key=True, sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    user_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    name: str = Field(sa_type=String(100))
    first_seen_at: datetime = Field(sa_type=UtcDateTime)
    next_reply_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the cooldown
