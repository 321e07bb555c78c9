"""Reads a real log to replay: JSON lines of messages, or one line that holds `messages`."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.demo.errors import DemoError

MAX_CHARACTERS = 2_000  # of a Discord message


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of a log."""

    at: datetime  # aware
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A log, fit for Discord."""

    name: str
    messages: list[Spoken]
    empty: int = 0  # left out: Discord takes no empty messages
    cut: int = 0  # shortened to what Discord takes


def read_transcript(path: Path, line: int | None = None) -> Transcript:
    """Read a log.

    Args:
        path: of the file.
        line: which line (from 1) of a file whose lines hold `messages` each; None: the first.

    Raises:
        DemoError: it can't be read or is malformed; names file and line, and the fix.
    """
    lines = _lines(path)
    first_number, first = _parsed(path, lines[0])
    if "messages" not in first:
        if line is not None:
            raise DemoError(
                f"{path}:{first_number}: --line is for files whose lines hold `messages`. Leave it out."
            )
        return _fit(
            path.name,
            [_spoken(f"{path}:{number}", _parsed(path, (number, text))[1]) for number, text in lines],
        )
    number, day = _chosen(path, lines, line)
    messages = day.get("messages")
    if not isinstance(messages, list) or not messages:
        raise DemoError(f"{path}:{number}: `messages` must be a list that isn't empty.")
    spoken = []
    for index, item in enumerate(messages, 1):
        place = f"{path}:{number}: message {index}"
        spoken.append(_spoken(place, item if isinstance(item, dict) else _no_object(place)))
    return _fit(str(day.get("id") or path.name), spoken)


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DemoError(f"{path}: is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise DemoError(f"{path}: can't be read: {error.strerror}. Check the path.") from None
    # Not splitlines(): a message may hold U+2028, which JSON needn't escape.
    found = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not found:
        raise DemoError(f'{path}:1: is empty. Each line is {{"ts": ..., "author": ..., "text": ...}}.')
    return found


def _parsed(path: Path, numbered: tuple[int, str]) -> tuple[int, dict[str, Any]]:
    number, line = numbered
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        problem = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise DemoError(f"{path}:{number}: is not JSON ({problem}). Each line is one JSON object.") from None
    return number, value if isinstance(value, dict) else _no_object(f"{path}:{number}")


def _no_object(place: str) -> dict[str, Any]:
    raise DemoError(f"{place}: is no JSON object. Write it as {{...}}.")


def _chosen(path: Path, lines: list[tuple[int, str]], line: int | None) -> tuple[int, dict[str, Any]]:
    if line is None:
        return _parsed(path, lines[0])
    for number, text in lines:
        if number == line:
            return _parsed(path, (number, text))
    raise DemoError(f"{path}:{line}: there is no such line. Choose --line from 1 to {lines[-1][0]}.")


def _spoken(place: str, item: dict[str, Any]) -> Spoken:
    missing = [name for name in ("ts", "author", "text") if name not in item]
    if missing:
        raise DemoError(
            f"{place}: has no {' and no '.join(missing)}. Every message needs ts, author and text."
        )
    author, text = item["author"], item["text"]
    if not isinstance(author, str) or not author.strip() or not isinstance(text, str):
        raise DemoError(f"{place}: author and text must be text, author not empty. Put them in quotes.")
    return Spoken(_moment(place, item["ts"]), author.strip(), text)


def _moment(place: str, value: Any) -> datetime:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(value)
    except (ValueError, TypeError, OverflowError, OSError):
        raise DemoError(
            f"{place}: ts {value!r} is no time. Write it as 2026-03-01T12:00:00Z, or in seconds since 1970."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _fit(name: str, messages: list[Spoken]) -> Transcript:
    kept = [message for message in messages if message.text.strip()]
    fitting = [
        message
        if len(message.text) <= MAX_CHARACTERS
        else Spoken(message.at, message.author, message.text[: MAX_CHARACTERS - 1] + "…")
        for message in kept
    ]
    cut = sum(len(message.text) > MAX_CHARACTERS for message in kept)
    return Transcript(name, fitting, len(messages) - len(kept), cut)
