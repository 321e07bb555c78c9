"""What answering in tickets and handing over need of the chat platform."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from bot.models import Ticket


class Press(StrEnum):
    """A button under an answer."""

    YES = "yes"  # it helped
    NO = "no"
    PERSON = "person"  # talk to one
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Post:
    """What the bot says to a question; `presses` carry the question's id, by which it is found again."""

    question_id: int
    text: str  # at most 4,096 characters
    presses: tuple[Press, ...] = (Press.PERSON,)


@dataclass(frozen=True, slots=True)
class Brief:
    """What staff are told of a ticket that is handed over. Text of members is as they wrote it."""

    asked: str
    environment: str
    said: tuple[str, ...]  # by its member since, newest last
    tried: tuple[str, ...]  # by the bot
    account_made: datetime
    sentiment: str
    similar: tuple[str, ...] = ()  # links


@dataclass(frozen=True, slots=True)
class QueueCard:
    """A ticket in the staff channel.

    Attributes:
        reason: why it is there.
        brief: None where its readers may not all read the ticket: then there is a link alone.
        role_id: that is pinged when it is posted, None for nobody.
    """

    ticket: Ticket
    reason: str
    brief: Brief | None = None
    role_id: int | None = None


class Queued(NamedTuple):
    """A ticket's message in the staff channel."""

    message_id: int
    pinged: bool  # whether it pinged a role when it was posted


class AnswerDesk(Protocol):
    """Does in Discord what answers need. Every method raises a `ToolError` where it can't."""

    def typing(self, ticket: Ticket) -> AbstractAsyncContextManager[None]:
        """Show that an answer is being written, as long as the block lasts; never fails."""
        ...

    async def post(self, ticket: Ticket, post: Post) -> int:
        """Post an answer, pinging nobody; return the message's id."""
        ...

    async def edit(self, ticket: Ticket, message_id: int, post: Post) -> None:
        """Replace an answer that was posted."""
        ...

    async def find(self, ticket: Ticket, post: Post, after: int) -> int | None:
        """Return the message younger than `after` that answers the question; None where there is none."""
        ...

    async def call(self, ticket: Ticket, role_id: int, *, again: bool) -> None:
        """Ping this role alone in the ticket's thread.

        With `again`, what an interrupted try has posted is looked for first.
        """
        ...

    async def queue(self, channel_id: int, card: QueueCard, *, again: bool) -> Queued:
        """Post a ticket in the staff channel, pinging the card's role alone.

        With `again`, what an interrupted try has posted is looked for first.
        """
        ...

    async def find_queued(self, channel_id: int, ticket: Ticket) -> Queued | None:
        """Return a ticket's message in the staff channel, posted since its hand-over, if there is one."""
        ...

    async def update_queue(self, channel_id: int, message_id: int, card: QueueCard) -> None:
        """Make a ticket's message in the staff channel what the ticket is now."""
        ...


class SimilarTickets(Protocol):
    """Finds solved tickets like one."""

    async def links(self, ticket: Ticket, channel_id: int) -> Sequence[str]:
        """Return links to those that everyone who reads the channel may read."""
        ...
