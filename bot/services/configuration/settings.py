"""What a setting is: its key, what may be chosen, and who writes it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.texts import text

Write = Callable[[int, Any], Awaitable[object]]
UNITS = ("seconds", "minutes", "hours")
Read = Callable[[int], Awaitable[Mapping[str, Any]]]


class Kind(StrEnum):
    """What a setting holds."""

    BOOL = "bool"
    CHOICE = "choice"
    CHOICES = "choices"  # a list of names
    WHOLE = "whole"  # a number
    SHARE = "share"  # a number from 0 to 1
    TIME = "time"  # of day
    ZONE = "zone"
    HOURS = "hours"  # a stretch of the day, read by the service that owns it
    DAYS = "days"
    LANGUAGES = "languages"
    TEXT = "text"
    LINES = "lines"
    CHANNEL = "channel"
    CHANNELS = "channels"
    ROLE = "role"
    ROLES = "roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a server.

    Attributes:
        key: "summaries.time"; what is before the point is its topic.
        kind: what it holds.
        write: stores a value for a server, through the service that owns it; None: `/config` can't set it.
        default: what it is without a choice.
        reset: takes the choice back, where writing the default doesn't.
        choices: of a choice or choices.
        bounds: of a number, both included.
        none: what having no value means, in words; "" where it must have one.
        unset: what is in force in a server that has chosen nothing, where that isn't the default.
        channel_types: those that a channel may have, for a server: "text", "forum", "voice".
        elsewhere: the command that sets it, where `/config` can't.
        gone: notes that the channel or role it names was deleted, where writing None doesn't.
        cleans: whether its own topic looks after channels and roles that go.
        discord_only: whether only those whom Discord lets manage the server may change it.
        title, about: where the catalogue has none: what it is called, and what it does.
    """

    key: str
    kind: Kind
    write: Write | None
    default: Any = None
    reset: Callable[[int], Awaitable[object]] | None = None
    choices: Sequence[str] = ()
    bounds: tuple[float, float] | None = None
    none: str = ""
    unset: Callable[[int], Any] | None = None
    channel_types: Callable[[int], Sequence[str]] = lambda _guild_id: ("text",)
    elsewhere: str = ""
    gone: Callable[[int], Awaitable[object]] | None = None
    cleans: bool = False
    discord_only: bool = False
    title: str = ""
    about: str = ""

    @property
    def topic(self) -> str:
        """Return what it belongs to."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self.title or text(f"config.title.{self.key}")

    @property
    def unit(self) -> str:
        """Return what its number counts, "" where its name says so or it is none; its key's ending tells."""
        if self.kind is not Kind.WHOLE:
            return ""
        return next((text(f"config.unit.{each}") for each in UNITS if self.key.endswith(f"_{each}")), "")

    @property
    def description(self) -> str:
        """Return what it does, in one line."""
        return self.about or text(f"config.about.{self.key}")


@dataclass(frozen=True, slots=True)
class Named:
    """A channel or role as people know it."""

    id: int
    name: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """The channels and roles of a server, for settings that are given by name."""

    guild_id: int
    channels: Sequence[Named] = field(default=())
    roles: Sequence[Named] = field(default=())
