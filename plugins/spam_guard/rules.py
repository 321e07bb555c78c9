"""What counts as spam, and what is done about it. Pure: what is known in, a verdict with its reason out."""

import hashlib
import re
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, Field, model_validator

MEMBERS: Final = 5_000  # whose latest messages are remembered
REMEMBERED: Final = 40  # messages of each
REPEAT_SECONDS: Final = 300.0  # within which the same text in several channels counts
LEAST_REPEATED: Final = 12  # characters of a text that can be a repetition
EVERYONE: Final = re.compile(r"@(?:everyone|here)\b")


Lately = Sequence[tuple[datetime, int, str]]  # when, channel, fingerprint; oldest first


class Kind(StrEnum):
    """Why a message is taken for spam."""

    TAG = "tag"  # the bot's own judgement: phishing, scams, adverts
    FLOOD = "flood"
    REPEAT = "repeat"
    MENTIONS = "mentions"


class Config(BaseModel):
    """What a server's managers set with /plugins config."""

    dry_run: bool = Field(True, description="Only tell staff what would be done")
    staff_channel: int | None = Field(None, description="Where staff are told; else that of /config staff")
    kinds: list[Literal["tag", "flood", "repeat", "mentions"]] = Field(
        ["tag", "flood", "repeat", "mentions"], description="What is acted on; tag: the bot's judgement"
    )
    hold_at: float = Field(0.9, ge=0.5, le=1.01, description="Sureness from which it is held for staff")
    delete_at: float = Field(1.01, ge=0.5, le=1.01, description="From which it is deleted; 1.01: never")
    time_out_at: float = Field(1.01, ge=0.5, le=1.01, description="From which it times out; 1.01: never")
    time_out_after: int = Field(3, ge=1, le=20, description="Which time within strike_days times out, too")
    time_out_minutes: int = Field(60, ge=1, le=40_320, description="How long a time-out lasts")
    strike_days: int = Field(7, ge=1, le=30, description="How long a time counts")
    flood_messages: int = Field(8, ge=3, le=40, description="Messages of a member ...")
    flood_seconds: int = Field(10, ge=2, le=120, description="... within so many seconds are a flood")
    repeat_channels: int = Field(3, ge=2, le=20, description="Channels with the same text in 5 minutes")
    most_mentions: int = Field(8, ge=2, le=50, description="Members and roles in a message: too many")
    exempt_roles: list[int] = Field([], description="Roles that are left alone; staff always are")
    exempt_channels: list[int] = Field([], description="Channels that are left alone")
    actions_per_minute: int = Field(20, ge=1, le=60, description="What is more is only told to staff")
    held_days: int = Field(7, ge=1, le=30, description="How long a held text is kept")

    @model_validator(mode="after")
    def _in_order(self) -> "Config":
        if self.delete_at < self.hold_at:
            raise ValueError("delete_at must be at least hold_at: deleting can't be undone")
        return self


@dataclass(frozen=True, slots=True)
class Verdict:
    """That a message is spam; how sure, and why in a few words."""

    kind: Kind
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """What the rules need of a message."""

    user_id: int
    channel_id: int
    content: str
    at: datetime
    purpose: str = "unknown"
    sureness: float = 0.0
    reason: str = ""
    mentions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """What is done: with the message, and with its author."""

    message: Literal["", "hold", "delete"] = ""
    time_out: bool = False


@dataclass(slots=True)
class _Lately:
    messages: deque[tuple[datetime, int, str]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class Memory:
    """The latest messages of the latest members, as fingerprints; in memory only."""

    def __init__(self) -> None:
        self._members: OrderedDict[tuple[int, int], _Lately] = OrderedDict()

    def add(self, guild_id: int, message: Written) -> Lately:
        """Remember a message and return its author's latest, itself the last."""
        key = guild_id, message.user_id
        lately = self._members.pop(key, None) or _Lately()
        self._members[key] = lately
        if len(self._members) > MEMBERS:
            self._members.popitem(last=False)
        lately.messages.append((message.at, message.channel_id, fingerprint(message.content)))
        return list(lately.messages)

    def forget(self, user_id: int) -> None:
        """Forget a member."""
        for key in [each for each in self._members if each[1] == user_id]:
            del self._members[key]


def fingerprint(content: str) -> str:
    """Return what stands for a text without its words: the same for texts that differ in case and spaces."""
    plain = " ".join(content.casefold().split())
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:24]


def judge(message: Written, lately: Lately, config: Config) -> Verdict | None:
    """Return the surest reason to take a message for spam, None for none."""
    found = [
        each
        for each in (
            _tagged(message), _flood(message, lately, config), _repeated(message, lately, config),
            _mentions(message, config),
        )
        if each is not None and each.kind.value in config.kinds
    ]  # fmt: skip
    return max(found, key=lambda each: each.score, default=None)


def steps_for(verdict: Verdict, earlier: int, config: Config) -> Steps:
    """Return what is done about a message of somebody who was caught `earlier` times lately."""
    if verdict.score < config.hold_at:
        return Steps()
    message: Literal["hold", "delete"] = "delete" if verdict.score >= config.delete_at else "hold"
    return Steps(message, verdict.score >= config.time_out_at or earlier + 1 >= config.time_out_after)


def _tagged(message: Written) -> Verdict | None:
    if message.purpose != "spam":
        return None
    return Verdict(Kind.TAG, message.sureness, message.reason or "reads like an advert")


def _flood(message: Written, lately: Lately, config: Config) -> Verdict | None:
    since = message.at - timedelta(seconds=config.flood_seconds)
    count = sum(at > since for at, _, _ in lately)
    if count < config.flood_messages:
        return None
    return Verdict(Kind.FLOOD, 0.9, f"{count} messages within {config.flood_seconds} seconds")


def _repeated(message: Written, lately: Lately, config: Config) -> Verdict | None:
    if len(message.content.strip()) < LEAST_REPEATED:
        return None
    since = message.at - timedelta(seconds=REPEAT_SECONDS)
    same = fingerprint(message.content)
    channels = {channel for at, channel, text in lately if at > since and text == same}
    if len(channels) < config.repeat_channels:
        return None
    return Verdict(Kind.REPEAT, 0.92, f"the same text in {len(channels)} channels")


def _mentions(message: Written, config: Config) -> Verdict | None:
    named = {each for each in message.mentions if each.startswith(("user:", "role:"))}
    if len(named) >= config.most_mentions:
        return Verdict(Kind.MENTIONS, 0.9, f"{len(named)} members and roles mentioned")
    if EVERYONE.search(message.content) and "://" in message.content:
        return Verdict(Kind.MENTIONS, 0.9, "a link for @\u200beveryone")
    return None
