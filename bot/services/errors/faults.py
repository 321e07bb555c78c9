"""What is kept of an exception: its class, where it came from, and nothing that somebody wrote. Pure."""

import errno
import linecache
import os
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Final

from bot.domain.errors import StartupError
from bot.llm.errors import LLMError
from bot.nlp.redaction import redact
from bot.services.tools import ToolError

Mask = Callable[[str], str]

ROOT: Final = Path(__file__).resolve().parent.parent.parent.parent
MAX_PLACE, MAX_KIND, MAX_ABOUT, MAX_TRACE = 100, 100, 300, 6_000  # characters
MAX_CHAIN: Final = 4  # exceptions that led to one another
FIRST_FRAMES, LAST_FRAMES = 3, 9  # of each
REFERENCE_BYTES: Final = 5
OWN: Final = (LLMError, ToolError, StartupError)  # whose texts are ours and hold nobody's words
# What the interpreter says by itself: names of types and of our own functions.
_SAFE: Final = re.compile(
    r"'?[\w.]+'? object (?:is not \w+|can't be \w+|does not support item \w+|cannot be \w+[\w ]*)"
    r"|unsupported operand type\(s\) for \S+: '[\w.]+' and '[\w.]+'"
    r"|[\w.<>]+\(\) (?:missing|takes|got) [\w ,']+"
    r"|(?:float |integer )?division (?:by zero|or modulo by zero)"
    r"|(?:list|tuple|string|deque) index out of range"
    r"|maximum recursion depth exceeded[\w ]*"
    r"|There is no current event loop|Event loop is closed|Session is closed"
)
# Somebody's folder, also of another user than the bot's: the name is mostly a person's.
_HOME: Final = re.compile(
    r"/(?:home|Users)/[^/\s:'\"]+|[A-Za-z]:\\Users\\(?:[^\\\n:'\"]+(?=\\)|[^\\\s:'\"]+)"
)
_FULL: Final = ("is full", "no space left")
_PASSING: Final = ("database is locked", "database or disk is full", "disk i/o error", "readonly database")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is kept of something that went wrong.

    Attributes:
        reference: what people are told; the same for the same fault of the same server.
        guild_id: whose it is; None for no server alone.
        place: where it was noticed.
        kind: the exception's class, "" where something was only logged.
    """

    reference: str
    guild_id: int | None
    place: str
    kind: str
    about: str
    trace: str
    is_critical: bool


def reference_of(place: str, guild_id: int | None, error: BaseException | None, spot: str = "") -> str:
    """Return what names a fault, without making more of it.

    Args:
        place: where it was noticed.
        guild_id: whose it is.
        error: what was raised; None where something was only logged.
        spot: the line that logged it.
    """
    parts = [_generic(place), str(guild_id or ""), spot if error is None else type(error).__name__]
    if error is not None:
        parts += [f"{code}:{line}" for code, line in _innermost(error)]
    return blake2b("\n".join(parts).encode(), digest_size=REFERENCE_BYTES).hexdigest()


def fault_of(  # noqa: PLR0913  (everything that is known)
    place: str,
    guild_id: int | None,
    error: BaseException | None,
    mask: Mask,
    *,
    said: str = "",
    spot: str = "",
    is_critical: bool = False,
) -> Fault:
    """Return what is kept of an exception, or of a line of the log.

    Args:
        place: where it was noticed.
        guild_id: whose it is.
        error: what was raised; None where something was only logged.
        mask: takes out the bot's own secrets.
        said: the line; kept only where there is no exception.
        spot: which line of code logged it.
        is_critical: whether it is so whatever the exception says.
    """

    def clean(text: str, limit: int) -> str:
        placed = text.replace(str(ROOT), "").replace(str(Path.home()), "~")
        return redact(mask(_HOME.sub("~", placed)))[:limit]

    return Fault(
        reference_of(place, guild_id, error, spot),
        guild_id,
        clean(_generic(place), MAX_PLACE),
        type(error).__name__[:MAX_KIND] if error is not None else "",
        clean(about(error) if error is not None else said, MAX_ABOUT),
        clean("\n".join(_told(error)), MAX_TRACE) if error is not None else "",
        is_critical or (error is not None and is_disk_full(error)),
    )


def about(error: BaseException) -> str:
    """Return what an exception says, as far as nobody else's words can be in it; "" for nothing."""
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    origin = getattr(error, "orig", None)
    if isinstance(status, int) and isinstance(code, int):
        text = f"Discord answered {status}, code {code}"
    elif isinstance(origin, BaseException):
        text = " ".join(filter(None, (type(origin).__name__, _state(origin), _said_in_passing(origin))))
    elif isinstance(error, OSError) and error.errno:
        text = os.strerror(error.errno)
    elif isinstance(error, OWN):
        text = str(error)
    elif isinstance(error, AttributeError | NameError | ImportError):
        name = str(error.name or "").rpartition(".")[2]
        text = f"no {name}" if name.isidentifier() else ""
    else:
        text = str(error)
        text = text if _SAFE.fullmatch(text) else ""
    return text


def is_disk_full(error: BaseException) -> bool:
    """Whether an exception says that nothing more can be stored."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return True
    origin = getattr(error, "orig", None)
    return origin is not None and any(word in str(origin).lower() for word in _FULL)


def _state(origin: BaseException) -> str:
    state = getattr(origin, "sqlstate", None)
    return f"({state})" if isinstance(state, str) and state.isalnum() else ""


def _said_in_passing(origin: BaseException) -> str:
    said = str(origin).lower()
    return next((words for words in _PASSING if words in said), "")


def _generic(place: str) -> str:
    """Return a place without what differs each time: ids are no places."""
    return re.sub(r"\d{4,}", "#", place)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that led to it, at most MAX_CHAIN."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < MAX_CHAIN:
        seen.add(id(current))
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _innermost(error: BaseException) -> Iterator[tuple[str, int]]:
    """Yield where each exception of a chain was raised."""
    for each in _chain(error):
        frames = _frames(each.__traceback__)
        if frames:
            yield _path(frames[-1][0]) + ":" + frames[-1][2], frames[-1][1]


def _frames(trace: TracebackType | None) -> list[tuple[str, int, str]]:
    walked = traceback.walk_tb(trace)
    return [(frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in walked]


def _told(error: BaseException) -> Iterator[str]:
    for number, each in enumerate(_chain(error)):
        if number:
            yield "After:"
        frames = _frames(each.__traceback__)
        left_out = len(frames) - FIRST_FRAMES - LAST_FRAMES
        if left_out > 0:
            frames = [*frames[:FIRST_FRAMES], ("", left_out, ""), *frames[-LAST_FRAMES:]]
        for file, line, name in frames:
            if not file:
                yield f"  ... {line} calls left out"
                continue
            yield f"  {_path(file)}:{line} in {name}"
            if source := linecache.getline(file, line).strip():
                yield f"    {source[:160]}"
        said = about(each)
        yield f"{type(each).__name__}{f': {said}' if said else ''}"


def _path(file: str) -> str:
    """Return a file's name without where this machine keeps it."""
    path = Path(file)
    if path.is_relative_to(ROOT):
        return path.relative_to(ROOT).as_posix()
    parts = path.parts
    for folder in ("site-packages", "plugins"):
        if folder in parts:
            return "/".join(parts[parts.index(folder) + (folder == "site-packages") :])
    return path.name
