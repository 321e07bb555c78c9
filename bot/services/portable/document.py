"""What an exported server looks like (docs/BACKUP.md): settings and training, nobody's words, nobody's id."""

import json
from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
)

from bot.domain.emoji import is_emoji
from bot.domain.errors import BackupError, UserFacingError
from bot.domain.languages import parse_languages
from bot.domain.quiet_hours import QuietHours
from bot.domain.summaries import Reading
from bot.domain.tickets import TicketMode, WorkingHours
from bot.models import AutoReply, Watch, WatchDefault
from bot.services.guilds import MAX_TIP
from bot.services.plugins.servers import MAX_CONFIG
from bot.services.summaries.settings import Section
from bot.services.tickets.settings import (
    MAX_CATEGORIES,
    MAX_COOLDOWN,
    MAX_DESCRIPTION,
    MAX_HOURS,
    MAX_OPEN,
    MAX_TAG,
    STATE_TAGS,
)
from bot.services.training.drafts import MAX_ENTRIES

FORMAT: Final = "lookout-server"
VERSION: Final = 1
MAX_BYTES: Final = 100_000_000
MAX_PLUGINS: Final = 200
_UNKEPT: Final = "has a character that no database keeps"
MAX_ID: Final = 2**63 - 1  # what databases keep
T = TypeVar("T")


def _checked(check: Callable[[Any], object], told: str = "") -> AfterValidator:
    """Return what has a value looked at by the rules that hold for commands."""

    def look(value: T) -> T:
        try:
            if value:
                check(value)
        except (UserFacingError, ValueError, KeyError, OSError) as error:
            raise ValueError(told or str(error)) from None
        return value

    return AfterValidator(look)


def _quiet(value: str) -> None:
    if value != "none":
        QuietHours.parse(value)


def _languages(codes: list[str]) -> None:
    parse_languages(",".join(codes))


def _emoji(value: str) -> None:
    if not is_emoji(value):
        raise ValueError


def _id(value: str) -> None:
    if int(value) > MAX_ID:
        raise ValueError


def _config(value: dict[str, JsonValue]) -> None:
    told = json.dumps(value)
    if "\\u0000" in told:
        raise ValueError(_UNKEPT)
    if len(told) > MAX_CONFIG:
        raise ValueError(f"has more than {MAX_CONFIG:,} characters")


Id = Annotated[  # JSON's numbers end at 53 bits
    str, Field(pattern=r"^[0-9]{1,20}$"), _checked(_id, "is no id")
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", use_enum_values=True, hide_input_in_errors=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: T) -> T:
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, str) and "\0" in each:
                raise ValueError(_UNKEPT)
        return value


class Server(_Part):
    """Whose it is."""

    id: Id
    name: str = Field(max_length=100)


class Names(_Part):
    """What channels and roles that the rest refers to by id are called."""

    channels: dict[Id, str] = {}
    roles: dict[Id, str] = {}


class Answering(_Part):
    """When the bot answers; null: the default of the bot's settings."""

    auto_reply: AutoReply
    staff_channel_id: Id | None
    timezone: Annotated[str, Field(max_length=64), _checked(ZoneInfo, "write a time zone as Europe/Berlin")]
    quiet_hours: Annotated[str | None, Field(max_length=16), _checked(_quiet)]  # "none": none
    min_confidence: float | None = Field(ge=0, le=1)
    ignored_role_ids: list[Id] | None = Field(max_length=250)
    watch_default: WatchDefault
    warn_leaks: bool | None  # whether who posts a password or key is told; null: yes
    admin_role_id: Id | None  # counts as Manage Server
    suggest_channel_id: Id | None  # null: the staff channel
    fits: bool | None  # whether feedback may move the confidence asked for; null: yes
    languages: Annotated[list[str] | None, Field(max_length=100), _checked(_languages)]


class ChannelChoice(_Part):
    """What was chosen for a channel."""

    channel_id: Id
    watch: Watch
    tip: str | None = Field(max_length=MAX_TIP)


class Category(_Part):
    """What a ticket may be about."""

    name: str = Field(min_length=1, max_length=MAX_TAG)
    emoji: Annotated[str, Field(max_length=64), _checked(_emoji, "is no emoji")]
    description: str = Field(max_length=MAX_DESCRIPTION)
    staff_role_id: Id | None


class Tickets(_Part):
    """How tickets work."""

    mode: TicketMode
    parent_id: Id | None  # the forum, or private threads' channel
    staff_role_id: Id | None
    log_channel_id: Id | None
    answer_mode: Literal["grounded", "open", "trained_only"]
    threshold: float | None = Field(ge=0, le=1)
    low_threshold: float | None = Field(ge=0, le=1)
    working_hours: Annotated[str | None, Field(max_length=32), _checked(WorkingHours.parse)]
    max_open: int = Field(ge=1, le=MAX_OPEN)
    cooldown_seconds: int = Field(ge=0, le=MAX_COOLDOWN)
    remind_hours: int | None = Field(ge=1, le=MAX_HOURS)
    close_hours: int | None = Field(ge=1, le=MAX_HOURS)
    transcript_dm: bool
    adopt_posts: bool


class Summaries(_Part):
    """The daily summary. Those who get it by direct message are not told of: they are members."""

    is_on: bool
    channel_id: Id | None
    at: Annotated[str, Field(max_length=5), _checked(time.fromisoformat, "write a time of day as 09:30")]
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] | None = Field(max_length=7)  # 0: Monday; null: all
    style: Reading
    language: str | None = Field(max_length=32)
    sections_off: list[Section] | None = Field(max_length=20)
    excluded_ids: list[Id] | None = Field(max_length=1_000)


class Alerts(_Part):
    """What staff and helpers are told."""

    incidents_on: bool
    window_minutes: int = Field(ge=5, le=1_440)
    members: int = Field(ge=2, le=50)
    cooldown_minutes: int = Field(ge=0, le=1_440)
    wait_hours: int = Field(ge=1, le=48)
    nudge_on: bool
    helper_role_id: Id | None
    nudge_hours: int = Field(ge=1, le=168)


class Statistics(_Part):
    """Who sees figures."""

    own: bool  # members their own


class Plugin(_Part):
    """A plugin that was switched on at least once; its ids, too, are text."""

    plugin: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    is_on: bool
    config: Annotated[dict[str, JsonValue], _checked(_config)]


class Entry(_Part):
    """An answer that staff taught, with the ways to ask for it."""

    questions: list[str] = Field(min_length=1)
    answer: str
    category: str = ""
    links: list[str] = []
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None


class Document(_Part):
    """The whole file; a part that is null was never set up and changes nothing."""

    format: Literal["lookout-server"]
    version: Literal[1]
    lookout: str = Field(max_length=50)
    exported_at: datetime
    server: Server
    names: Names
    answering: Answering
    channels: list[ChannelChoice] = Field(max_length=10_000)
    tickets: Tickets | None
    ticket_categories: list[Category] = Field(max_length=MAX_CATEGORIES)
    summaries: Summaries | None
    alerts: Alerts | None
    statistics: Statistics | None = None
    plugins: list[Plugin] = Field(default=[], max_length=MAX_PLUGINS)
    training: list[Entry] = Field(max_length=MAX_ENTRIES)

    @field_validator("ticket_categories")
    @classmethod
    def _distinct(cls, categories: list[Category]) -> list[Category]:
        taken = {name.casefold() for name in STATE_TAGS.values()}
        for each in categories:
            if each.name.casefold() in taken:
                raise ValueError(f"{each.name!r} is there twice, or is the name of a state")
            taken.add(each.name.casefold())
        return categories


def read_document(path: Path) -> Document:
    """Return what a file says.

    Raises:
        BackupError: it is none of ours, or something in it is wrong; the text says what and the fix.
        OSError: it can't be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise BackupError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB. Fix: split its training.")
    try:
        return Document.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BackupError(_explained(error, path.name)) from None


def _explained(error: ValidationError, name: str) -> str:
    """Return what is wrong, with the place; what the file says stands nowhere in it."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    kinds = {each["loc"]: each["type"] for each in found}
    if () in kinds:
        return f"{name} is no JSON object. Fix: name a file that `python run.py export` wrote."
    if kinds.get(("format",)) is not None:
        return f"{name} isn't an exported server. Fix: name a file that `python run.py export` wrote."
    if kinds.get(("version",)) is not None:
        return f"{name} has another version than {VERSION}, the one I know. Fix: update Lookout."
    first = found[0]
    place = ".".join(str(part) for part in first["loc"])
    is_extra = first["type"] == "extra_forbidden"
    told = "unknown key; remove it" if is_extra else first["msg"].removeprefix("Value error, ")
    more = f" ({len(found) - 1} more like it)" if len(found) > 1 else ""
    return f"{name}: {place[:200]}: {told}{more}. Fix: correct it there, nothing was changed."
