"""Tables of figures: reactions, what has been counted, and the sums by day and month.

`date` and `hour` are those of the server's clocks when a message was written; `user_id` and `channel_id` may
be `NOBODY` and `EVERYWHERE` of `bot/domain/statistics.py`.
"""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Index, SmallInteger, String
from sqlmodel import Field, SQLModel

from bot.models.types import partial_index

_ONE_TREE = {"sqlite_with_rowid": False}


def _key() -> Any:
    """Return a part of a key that Discord gives."""
    return Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


def _guild(*, key: bool) -> Any:
    """Return the server, with which the row goes."""
    return Field(
        primary_key=key, sa_type=BigInteger, foreign_key="guilds.id", ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip


class MessageReaction(SQLModel, table=True):
    """A reaction of a member to a stored message of somebody else."""

    __tablename__ = "message_reactions"
    __table_args__ = (Index("ix_message_reactions_user", "user_id", "guild_id"), _ONE_TREE)

    message_id: int = _key()
    user_id: int = _key()
    emoji: str = Field(primary_key=True, sa_type=String(64))  # the character, or the id of a server's own
    guild_id: int = _guild(key=False)
    kind: str = Field(sa_type=String(8))  # a `ReactionKind`


class StatisticsMark(SQLModel, table=True):
    """Some seconds (`slot_of`) in which messages have changed since they were counted."""

    __tablename__ = "statistics_marks"

    slot: int = _key()
    after_id: int = Field(default=0, sa_type=BigInteger)  # counted up to and including this message


class CountedMessage(SQLModel, table=True):
    """What a message has been counted as, so that a change of it can be told from that; see `Counted`."""

    __tablename__ = "counted_messages"
    __table_args__ = (
        partial_index("ix_counted_messages_thanks", "thanks_to", where="thanks_to IS NOT NULL"),
        _ONE_TREE,
    )

    message_id: int = _key()
    guild_id: int = _guild(key=False)
    user_id: int = Field(sa_type=BigInteger)
    channel_id: int = Field(sa_type=BigInteger)
    date: dt.date
    hour: int = Field(sa_type=SmallInteger)
    mood: int = Field(sa_type=SmallInteger)
    feeling: int = Field(sa_type=SmallInteger)
    asks: bool
    replies: bool
    thanks_to: int | None = Field(default=None, sa_type=BigInteger)
    helped: bool


class _Figures(SQLModel):
    """The columns of `Figures`."""

    messages: int = 0
    replies: int = 0
    questions: int = 0
    helped: int = 0
    mood: int = Field(default=0, sa_type=BigInteger)
    positive: int = 0
    negative: int = 0


class DailyUserStatistics(_Figures, table=True):
    """What a member's messages of a day come to, by channel and in all of them together."""

    __tablename__ = "daily_user_statistics"
    __table_args__ = (Index("ix_daily_user_statistics_user", "guild_id", "user_id", "date"), _ONE_TREE)

    guild_id: int = _guild(key=True)
    channel_id: int = _key()
    date: dt.date = Field(primary_key=True)
    user_id: int = _key()


class MonthlyUserStatistics(_Figures, table=True):
    """What a member's messages of a month come to; `month` is its first day."""

    __tablename__ = "monthly_user_statistics"
    __table_args__ = (_ONE_TREE,)

    guild_id: int = _guild(key=True)
    month: dt.date = Field(primary_key=True)
    user_id: int = _key()


class DailyChannelStatistics(_Figures, table=True):
    """What the messages of a day come to, by channel and in all of them together."""

    __tablename__ = "daily_channel_statistics"
    __table_args__ = (_ONE_TREE,)

    guild_id: int = _guild(key=True)
    channel_id: int = _key()
    date: dt.date = Field(primary_key=True)


class HourlyChannelStatistics(SQLModel, table=True):
    """How many messages an hour of a day had, by channel and in all of them together."""

    __tablename__ = "hourly_channel_statistics"
    __table_args__ = (_ONE_TREE,)

    guild_id: int = _guild(key=True)
    channel_id: int = _key()
    date: dt.date = Field(primary_key=True)
    hour: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    messages: int = 0
