"""What comes in from a chat platform, before anything is decided about it."""

from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple


class Change(Enum):
    """What happened to a message."""

    CREATE = 1
    EDIT = 2
    DELETE = 3
    PASS = 5  # it was written by somebody of whom nothing is kept: only that it is read
    CLEAR = 4  # everything in the place is gone: a deleted channel or thread; message_id is 0


class Arrival(NamedTuple):
    """One create, edit or deletion. A tuple, because one is made for every message."""

    change: Change
    guild_id: int | None
    channel_id: int  # a thread's parent
    thread_id: int | None
    message_id: int
    reply_to_id: int | None = None
    author_id: int = 0
    author_name: str = ""
    content: str = ""
    attachments: list[dict[str, Any]] | None = None
    embeds: list[dict[str, Any]] | None = None
    mentions: list[str] | None = None  # "bot", "user:ID", "role:ID", "everyone"
    edited_at: datetime | None = None  # aware UTC; None when never edited
    backfilled: bool = False  # read from history, not heard live
    muted: bool = False  # its author has an ignored role: store, never answer
    to_bot: bool = False  # replies to a message of ours: a follow-up, whatever it says

    @property
    def place_id(self) -> int:
        """The thread where there is one, else the channel."""
        return self.thread_id or self.channel_id
