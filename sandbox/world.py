"""The state of the little Discord: plain records and the look-ups between them. No I/O, no events."""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from sandbox.errors import unknown


class ChannelType(IntEnum):
    """Channel types of the API."""

    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    NEWS = 5
    NEWS_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


THREAD_TYPES = frozenset({ChannelType.NEWS_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD})


@dataclass(slots=True)
class User:
    """An account: a person, a bot or a webhook's face."""

    id: int
    username: str
    global_name: str | None = None
    bot: bool = False
    avatar: str | None = None
    takes_dms: bool = True


@dataclass(slots=True)
class Role:
    """A role of one guild; @everyone has the guild's id."""

    id: int
    name: str
    permissions: int = 0
    position: int = 0
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False
    bot_id: int | None = None


@dataclass(slots=True)
class Overwrite:
    """What a channel allows or denies to a role (type 0) or a member (type 1)."""

    id: int
    type: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Member:
    """A user in a guild."""

    user: User
    joined_at: datetime
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    timeout_until: datetime | None = None


@dataclass(slots=True)
class Message:
    """A message; `visible_to` is the one user who sees an ephemeral one, `note` what the chat page adds."""

    id: int
    channel_id: int
    author: User
    timestamp: datetime
    content: str = ""
    type: int = 0
    guild_id: int | None = None
    edited: datetime | None = None
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reference: dict[str, Any] | None = None
    allowed_mentions: dict[str, Any] | None = None
    flags: int = 0
    nonce: str | int | None = None
    tts: bool = False
    pinned_at: datetime | None = None
    webhook_id: int | None = None
    application_id: int | None = None
    interaction: "Interaction | None" = None
    reactions: dict[str, list[int]] = field(default_factory=dict)
    thread_id: int | None = None
    visible_to: int | None = None
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    note: dict[str, Any] | None = None


@dataclass(slots=True)
class Channel:
    """A guild channel, a thread or a DM. Thread fields mean nothing elsewhere.

    `acted` says when members last wrote ("message") or started a thread here, in the clock's seconds.
    """

    id: int
    type: int
    name: str = ""
    guild_id: int | None = None
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    slowmode: int = 0
    parent_id: int | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    last_message_id: int | None = None
    recipients: list[User] = field(default_factory=list)
    available_tags: list[dict[str, Any]] = field(default_factory=list)
    owner_id: int | None = None
    archived: bool = False
    archive_time: datetime | None = None
    locked: bool = False
    invitable: bool = True
    auto_archive: int = 1440
    thread_members: dict[int, datetime] = field(default_factory=dict)
    applied_tags: list[str] = field(default_factory=list)
    message_count: int = 0
    flags: int = 0
    last_pin: datetime | None = None
    followers: list[int] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    acted: dict[tuple[int, str], float] = field(default_factory=dict)

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread of any kind."""
        return self.type in THREAD_TYPES

    @property
    def is_private_thread(self) -> bool:
        """Whether only invited members see this thread."""
        return self.type == ChannelType.PRIVATE_THREAD

    def add(self, message: Message) -> None:
        """Store a message in order of its id and move `last_message_id` up to it."""
        self.messages[message.id] = message
        if message.visible_to is not None:
            return
        if self.order and message.id < self.order[-1]:
            insort(self.order, message.id)
        else:
            self.order.append(message.id)
        self.last_message_id = max(self.last_message_id or 0, message.id)

    def remove(self, message_id: int) -> Message | None:
        """Take a message out; `last_message_id` keeps pointing at it, as Discord's does."""
        message = self.messages.pop(message_id, None)
        index = bisect_left(self.order, message_id)
        if index < len(self.order) and self.order[index] == message_id:
            del self.order[index]
        return message

    def history(self, limit: int, before: int | None = None, after: int | None = None) -> list[Message]:
        """Return up to `limit` messages, newest first; `after` counts from the oldest, like the API."""
        if after is not None:
            start = bisect_left(self.order, after + 1)
            ids = self.order[start : start + limit]
        else:
            end = len(self.order) if before is None else bisect_left(self.order, before)
            ids = self.order[max(0, end - limit) : end]
        return [self.messages[message_id] for message_id in reversed(ids)]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A line of a guild's audit log: who did what to whom."""

    id: int
    action: int
    user_id: int
    target_id: int


@dataclass(slots=True)
class Guild:
    """A server with its roles, channels (threads included) and members; `settings` override the payload."""

    id: int
    name: str
    owner_id: int
    joined_at: datetime
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    bans: dict[int, str | None] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)

    def threads(self, parent_id: int | None = None) -> list[Channel]:
        """Return the threads of the guild, or of one channel, oldest first."""
        found = [c for c in self.channels.values() if c.is_thread and parent_id in (None, c.parent_id)]
        return sorted(found, key=lambda thread: thread.id)


@dataclass(slots=True)
class Webhook:
    """A webhook of a channel: its own (type 1), or (2) one that brings in what `source` publishes.

    `source` is the guild and the channel that is followed.
    """

    id: int
    token: str
    channel_id: int
    guild_id: int | None
    name: str
    application_id: int | None
    creator: User
    avatar: str | None = None
    type: int = 1
    source: tuple[int, int] | None = None


@dataclass(slots=True)
class Interaction:
    """Something a member did that an application must answer."""

    id: int
    token: str
    type: int
    application_id: int
    channel_id: int
    guild_id: int | None
    user: User
    data: dict[str, Any]
    created: float
    message: Message | None = None
    callback: int | None = None
    ephemeral: bool = False
    loading: bool = False
    original_id: int | None = None
    followups: list[int] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None
    name: str = ""


@dataclass(slots=True)
class Application:
    """An application and its bot: the token it uses and the privileged intents its owner enabled.

    `command_permissions` are by guild and command; under the application's own id are those for all.
    """

    id: int
    name: str
    bot: User
    token: str
    owner: User
    public_key: str
    privileged: int = 0
    commands: dict[int | None, dict[int, dict[str, Any]]] = field(default_factory=dict)
    command_permissions: dict[tuple[int, int], list[dict[str, Any]]] = field(default_factory=dict)


class World:
    """Everything there is, by id."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.applications: dict[int, Application] = {}
        self.tokens: dict[str, Application] = {}
        self.bots: dict[int, Application] = {}
        self.interactions: dict[str, Interaction] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.nonces: dict[tuple[int, int, str], tuple[float, int]] = {}

    def channel(self, channel_id: int) -> Channel:
        """Return a channel.

        Raises:
            ApiError: 10003.
        """
        channel = self.channels.get(channel_id)
        if channel is None:
            raise unknown("channel")
        return channel

    def guild(self, guild_id: int) -> Guild:
        """Return a guild.

        Raises:
            ApiError: 10004.
        """
        guild = self.guilds.get(guild_id)
        if guild is None:
            raise unknown("guild")
        return guild

    def guild_of(self, channel: Channel) -> Guild | None:
        """Return the guild of a channel, None for a DM."""
        return self.guilds[channel.guild_id] if channel.guild_id is not None else None

    def member(self, guild_id: int | None, user_id: int) -> Member | None:
        """Return a user as member of a guild, None when they aren't in it."""
        guild = self.guilds.get(guild_id) if guild_id is not None else None
        return guild.members.get(user_id) if guild else None

    def add_channel(self, channel: Channel) -> None:
        """Store a channel here and in its guild."""
        self.channels[channel.id] = channel
        if channel.guild_id is not None:
            self.guilds[channel.guild_id].channels[channel.id] = channel

    def remove_channel(self, channel: Channel) -> None:
        """Forget a channel and its threads."""
        self.channels.pop(channel.id, None)
        guild = self.guild_of(channel)
        if guild is not None:
            guild.channels.pop(channel.id, None)
            for thread in guild.threads(channel.id):
                self.remove_channel(thread)
