"""What tickets need of the chat platform, and what others may add to them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from bot.models import Ticket, TicketCategory, TicketMessage


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket with all that its card and tags show."""

    ticket: Ticket
    category: TicketCategory | None = None
    tags: Mapping[str, str] = field(default_factory=dict)  # "state:open", "category:3" -> a forum tag's id


class Placed(NamedTuple):
    """Where a ticket lives."""

    thread_id: int
    card_message_id: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A message in a ticket's thread as the platform tells of it."""

    message_id: int
    author_id: int
    author_name: str
    role: str  # staff, bot or other: whose ticket it is, is known here
    content: str
    attachments: list[dict[str, Any]] | None
    created_at: datetime
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ForumPost:
    """A post that a member made in the forum, as they wrote it."""

    post_id: int
    title: str
    author_id: int
    author_name: str
    text: str
    tags: tuple[str, ...] = ()  # ids


class PostDesk(Protocol):
    """Looks for posts in the platform's forums. Every method raises a `ToolError` where it can't."""

    async def newest(self, guild_id: int, forum_id: int) -> int:
        """Return an id that no post there exceeds yet."""
        ...

    async def posts(self, guild_id: int, forum_id: int, after: int) -> Sequence[int]:
        """Return the open posts after an id that may be members' questions, oldest first."""
        ...

    async def read(self, guild_id: int, post_id: int) -> ForumPost | None:
        """Return a post; None when no member wrote it.

        Raises:
            TargetGoneError: its first message isn't there, or not yet.
        """
        ...

    async def decline(self, guild_id: int, post: ForumPost, text: str) -> None:
        """Say in a post why it is no ticket, pinging its author, unless something was said there."""
        ...


class TicketDesk(Protocol):
    """Does for tickets what is done in Discord. Every method raises a `ToolError` where it can't."""

    async def open(self, view: TicketView, *, again: bool) -> Placed:
        """Make the ticket's thread with its card and its member in it.

        With `again`, what an interrupted try has made is looked for and completed. What a member posted
        by themselves is its thread already.
        """
        ...

    async def show(self, view: TicketView) -> str:
        """Make card, tags, archive and lock what the ticket says; return the permission lacking, or ""."""
        ...

    async def say(self, ticket: Ticket, text: str, key: str, since: datetime) -> None:
        """Post in the thread, pinging the ticket's member at most, unless the same was said after `since`."""
        ...

    async def tell(self, channel_id: int, text: str) -> None:
        """Post in a channel of staff, pinging nobody."""
        ...

    def last_said(self, ticket: Ticket) -> int | None:
        """Return the newest message of the thread when its session began; None where that isn't known."""
        ...

    async def history(self, ticket: Ticket, back_to: int, roles: Mapping[int, str]) -> Sequence[Heard]:
        """Return the newest page of what was said in the thread, and pages before it down to `back_to`.

        `roles` are those of messages that are known; who wrote the others is looked up.
        """
        ...

    async def is_member(self, guild_id: int, user_id: int) -> bool:
        """Whether somebody is in the server."""
        ...

    async def create_forum(self, guild_id: int, name: str, tags: Sequence[str]) -> int:
        """Make a forum with these tags; return its id."""
        ...

    async def set_tags(
        self, forum_id: int, names: Mapping[str, str], known: Mapping[str, str]
    ) -> dict[str, str]:
        """Make a forum's tags those of `names`, by what they say; return the ids of those it has now.

        Of `known` ids, by what they say, those not in `names` go, and those named otherwise are renamed;
        tags that are in neither stay.
        """
        ...


class Responder(Protocol):
    """Answers in tickets."""

    async def opened(self, ticket: Ticket) -> None:
        """Answer what a new ticket asks."""
        ...

    async def member_wrote(self, ticket: Ticket, message: TicketMessage) -> None:
        """Answer what its member wrote in a ticket in which staff don't speak yet."""
        ...


ClosedHook = Callable[[Ticket], Awaitable[None]]
OptedOut = Callable[[int, int], bool]  # guild and user: nothing they say is stored
Erased = Callable[[int, int, int], bool]  # guild, user and message: they had it erased
