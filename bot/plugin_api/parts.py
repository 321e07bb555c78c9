"""What plugins put into messages and commands: plain values, so that no plugin needs Discord's classes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

MAX_TEXT: Final = 2_000  # characters of a message
MAX_CARD: Final = 4_000  # characters of a card's text


class Level(IntEnum):
    """Who may use something, each with all above; the bot owner is who runs the bot."""

    EVERYONE = 0
    SUPPORT = 1  # the server's staff role, or Manage Server
    MANAGER = 2  # Manage Server
    BOT_OWNER = 3


class CardField(NamedTuple):
    """A titled paragraph of a card."""

    name: str
    value: str
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A framed part of a message (Discord calls it an embed).

    Attributes:
        link: opens when the title is pressed.
        image: the name of a file sent along, or an https address.
        colour: 0xRRGGBB.
    """

    title: str = ""
    text: str = ""
    fields: tuple[CardField, ...] = ()
    footer: str = ""
    link: str = ""
    image: str = ""
    colour: int | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file sent along; `alt` says what a picture shows, to those who don't see it."""

    name: str
    data: bytes
    alt: str = ""


class Style(StrEnum):
    """How a button looks."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    SUCCESS = "success"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A button; it works after a restart.

    Attributes:
        kind: which handler hears it, see `PluginContext.button`.
        value: what it is about, such as an id: at most 50 characters, which the handler gets.
        link: an https address instead of a handler.
    """

    kind: str
    label: str
    value: str = ""
    style: Style = Style.SECONDARY
    emoji: str = ""
    link: str = ""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class FormField:
    """A text to write in a form; `name` is how the handler finds it."""

    name: str
    label: str
    long: bool = False
    required: bool = True
    placeholder: str = ""
    text: str = ""  # what stands there already
    max_length: int = 1_000


@dataclass(frozen=True, slots=True)
class Form:
    """A form of up to five fields, see `PluginContext.form`; `value` is as a button's."""

    kind: str
    title: str
    fields: tuple[FormField, ...]
    value: str = ""


class Kind(StrEnum):
    """What an option of a command takes."""

    TEXT = "text"
    NUMBER = "number"  # whole
    DECIMAL = "decimal"
    YES_NO = "yes_no"
    MEMBER = "member"  # the handler gets an id, as of the next two
    CHANNEL = "channel"
    ROLE = "role"


Suggest = Callable[[int, int, str], Awaitable[list[str]]]  # guild, user, what is typed so far


@dataclass(frozen=True, slots=True)
class Option:
    """Something a command asks for.

    Attributes:
        choices: of a text: what is offered, nothing else is taken.
        suggest: of a text: returns what is offered while somebody types, at most 25.
        least: of a number the smallest, of a text the fewest characters.
        most: of a number the largest, of a text the most characters.
    """

    name: str
    description: str
    kind: Kind = Kind.TEXT
    required: bool = True
    choices: tuple[str, ...] = ()
    suggest: Suggest | None = None
    least: int | None = None
    most: int | None = None


class Target(StrEnum):
    """How a command is reached."""

    SLASH = "slash"
    MESSAGE = "message"  # the menu of a message
    MEMBER = "member"  # the menu of a member


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command as it is shown. A slash command may stand in a group: "karma top"."""

    name: str
    description: str
    target: Target = Target.SLASH
    options: tuple[Option, ...] = ()
    level: Level = Level.EVERYONE


class SeenMessage(NamedTuple):
    """A message that was read; its secrets are redacted."""

    guild_id: int
    channel_id: int
    message_id: int
    author_id: int
    author_name: str
    content: str
    is_bot: bool


class Attachment(NamedTuple):
    """A file of a message; `kind` is what it claims to be, such as text/plain, "" where nothing is said."""

    name: str
    size: int  # bytes
    kind: str = ""


class MemberSeen(NamedTuple):
    """A member as they are now.

    Attributes:
        is_ignored: they have a role whose members the bot never answers.
    """

    level: Level
    role_ids: frozenset[int]
    is_ignored: bool = False


class Alike(NamedTuple):
    """One of the texts that were compared, by its position in them; `likeness` is from 0 to 1."""

    position: int
    likeness: float


class Material(NamedTuple):
    """What others wrote, for a language model to read: never an instruction to it."""

    text: str
    author: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer over HTTP; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> object:
        """Return the body's JSON.

        Raises:
            FetchError: it is none.
        """
        import json

        from bot.plugin_api.errors import FetchError

        try:
            return json.loads(self.body)
        except ValueError:
            raise FetchError("the answer is no JSON") from None
