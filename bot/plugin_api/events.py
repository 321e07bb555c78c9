"""What plugins can listen to."""

from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from bot.plugin_api.manifest import Permission
from bot.plugin_api.parts import Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base class of what plugins can listen to.

    Attributes:
        guild_id: the server it happened in; None where it concerns all of them.
    """

    guild_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Event):
    """A member's message in a watched channel, with the bot's judgement. Secrets in `content` are redacted.

    Attributes:
        channel_id: where it stands: a thread's own id where it is in one.
        parent_id: of a thread its channel, else the same as `channel_id`.
        reply_to_id: the message it replies to.
        intent: help_request, problem_report or other, with its confidence from 0 to 1 (of spam: that it is
            spam).
        purpose: support, chatter, spam or unknown.
        reason: what the judgement rests on, in the message's words; "" where nothing stood out.
        mentions: "user:ID", "role:ID", "everyone", or "bot" for this one.
        sentiment: neg, neu or pos.
        urgency: low, med or high.
        toxicity: a probability from 0 to 1.
        language: ISO 639-1, or "und".
    """

    guild_id: int
    channel_id: int
    parent_id: int
    message_id: int
    author_id: int
    author_name: str
    content: str
    reply_to_id: int | None = None
    intent: str = "other"
    confidence: float = 0.0
    purpose: str = "unknown"
    sentiment: str = "neu"
    urgency: str = "low"
    toxicity: float = 0.0
    language: str = "und"
    reason: str = ""
    mentions: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def link(self) -> str:
        """The address that opens the message in Discord."""
        return f"https://discord.com/channels/{self.guild_id}/{self.channel_id}/{self.message_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageObserved(Message):
    """A member wrote a message in a watched channel, and the bot has judged it.

    After any intent but `other` a `DecisionMade` follows. Messages read later from history are not told.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited(Message):
    """A member changed the text or files of a message in a watched channel; this is how it is now.

    Judged anew, by the bot's quick judgement alone; no `DecisionMade` follows. It is told of messages of any
    age, so also of such as the plugin has never heard of, and may come before the `MessageObserved` of one
    that the bot still looks at.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted(Event):
    """A message in a watched channel was deleted, by whomever; not told of channels that go as a whole."""

    guild_id: int
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade(Event):
    """The bot decided what to do about a message that asks something.

    Attributes:
        plan: reply, escalate or noop.
        reason: in a few words.
        is_open: the bot has no answer of its own to give, and a plugin may.
        left_to: the id of the plugin that answers instead of the bot, see `PluginContext.answers`.
    """

    guild_id: int
    channel_id: int
    message_id: int
    author_id: int
    plan: str
    reason: str
    intent: str
    confidence: float
    left_to: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOpened(Event):
    """A ticket has its thread; what was asked isn't told."""

    guild_id: int
    ticket_id: int
    number: int
    thread_id: int | None
    member_id: int
    is_private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClosed(Event):
    """A ticket was closed; `reason` is for people, "" for none."""

    guild_id: int
    ticket_id: int
    number: int
    thread_id: int | None
    member_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryPosted(Event):
    """A server's daily summary stands in a channel."""

    guild_id: int
    channel_id: int
    message_id: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberErased(Event):
    """A member's data was deleted, in a server or (None) everywhere.

    For what is kept in memory. What is kept elsewhere goes in `delete_user_data`, which is waited for.
    """

    user_id: int


EventT = TypeVar("EventT", bound=Event)

NEEDED: Final[dict[type[Event], Permission | None]] = {
    MessageObserved: Permission.READ_MESSAGES,
    MessageEdited: Permission.READ_MESSAGES,
    MessageDeleted: Permission.READ_MESSAGES,
    DecisionMade: Permission.READ_MESSAGES,
    TicketOpened: Permission.READ_TICKETS,
    TicketClosed: Permission.READ_TICKETS,
    SummaryPosted: Permission.READ_SUMMARIES,
    MemberErased: None,
}
