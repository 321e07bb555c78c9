"""Logging: loguru to the console and to files of this process, the standard library's too, secrets masked.

Lines are written by whoever logs (no queue): some 35 µs each, fine per batch and too slow per message.
A queue would cost a thread and lose the last lines of a crash, the ones that matter.
"""

import json
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from bot.domain.errors import StartupError
from bot.settings import LogSettings

if TYPE_CHECKING:
    from loguru import Message, Record

MASK = "[secret]"
MAX_FILES = 20  # per log, whatever their age: a flood of errors must not fill the disk
SHORTEST_SECRET = 4  # characters; masking "on" would garble every line
# Debug lines of these come per frame, query or wake-up: only LOG_LEVEL=TRACE shows them.
NOISY = (
    *("discord", "alembic", "aiosqlite", "asyncio", "sqlalchemy", "httpx", "httpcore", "apscheduler"),
    *("anthropic", "openai", "httpx2", "httpcore2"),  # whose debug lines hold whole requests: members' words
)
# How discord.py's error about a lost connection begins; it comes with a traceback, at each try.
RECONNECTING = "Attempting a reconnect in "
_PATTERNS = re.compile(
    r"(?P<webhook>/webhooks/\d+/)[\w-]+"
    r"|(?P<interaction>/interactions/\d+/)[\w-]+"
    r"|(?P<mention><@!?)\d+(?=>)"  # members' ids: those who have their data deleted are in no line
    r"|(?P<member>/(?:users|members|thread-members)/)\d+"
    r"|(?P<url>\b[a-z][a-z0-9+.]*://[^\s:/@]*:)[^\s/@]+(?=@)"
    r"|(?P<scheme>\b(?:Bot|Bearer) )[\w.~+/=-]{16,}"
    r"|\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"  # a Discord token
    r"|\bsk-[\w-]{16,}"
)


class Masker:
    """Replaces known secrets, and what looks like one, in a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        texts = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        texts |= {json.dumps(secret)[1:-1] for secret in texts} | {repr(secret)[1:-1] for secret in texts}
        # The longest first: one secret may be part of another.
        ordered = sorted(texts, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return `text` with every secret, and members' ids, replaced by MASK."""
        if self._known:
            text = self._known.sub(MASK, text)
        return _PATTERNS.sub(_mask_match, text)

    def secrets(self, text: str) -> str:
        """Return `text` with every secret replaced by MASK: for what isn't a log, where members are named."""
        if self._known:
            text = self._known.sub(MASK, text)
        return _PATTERNS.sub(_mask_secret, text)


def _mask_match(match: re.Match[str]) -> str:
    return next((part for part in match.groups() if part), "") + MASK


def _mask_secret(match: re.Match[str]) -> str:
    is_member = match["mention"] or match["member"]
    return match[0] if is_member else _mask_match(match)


def setup_logging(settings: LogSettings, secrets: Iterable[str]) -> None:
    """Send all logging to the console, `lookout.log` and `errors.log`; may be called again.

    Args:
        settings: level, shape and folder.
        secrets: texts that must not appear in any line.

    Raises:
        StartupError: the folder can't be written to.
    """
    masker = Masker(secrets)
    line = _json_line if settings.json_lines else _text_line
    logger.remove()
    logger.configure(patcher=lambda record: _prepare(record, masker))
    logger.add(sys.stderr, level=settings.level, format=line, diagnose=False, backtrace=False)
    retention = _Retention(settings.keep_days, settings.folder)
    for file, level in (("lookout", settings.level), ("errors", "ERROR")):
        try:
            retention.look_at(f"{file}.log")
            logger.add(
                settings.folder / f"{file}.log",
                level=level,
                format=line,
                rotation=_Rotation(settings.max_megabytes * 1_000_000),
                retention=retention,
                encoding="utf-8",
                diagnose=False,
                backtrace=False,
            )
        except OSError as error:
            raise StartupError(
                f"Logs can't be written to {settings.folder} ({error.strerror}): free it, or set log.folder."
            ) from None
    _take_over_standard_logging(settings.level)


def _prepare(record: "Record", masker: Masker) -> None:
    """Mask a record for every sink at once; the traceback becomes text, so that it can be masked too."""
    record["message"] = masker(record["message"])
    extra = {key: _masked(value, masker) for key, value in record["extra"].items()}
    if exception := record["exception"]:
        lines = traceback.format_exception(exception.type, exception.value, exception.traceback)
        extra["trace"] = masker("".join(lines))
        record["raised"] = exception.value  # type: ignore[typeddict-unknown-key]  # for who keeps errors
        record["exception"] = None
    record["extra"] = extra


def _masked(value: object, masker: Masker) -> object:
    return value if value is None or isinstance(value, int | float) else masker(str(value))


def _text_line(record: "Record") -> str:
    bound = "".join(f" {key}={{extra[{key}]}}" for key in record["extra"] if key != "trace")
    trace = "{extra[trace]}" if "trace" in record["extra"] else ""
    return (
        "<green>{time:YYYY-MM-DD HH:mm:ss.SSS}</green> <level>{level:<8}</level> {name}:"
        f" <level>{{message}}</level><cyan>{bound}</cyan>\n{trace}"
    )


def _json_line(record: "Record") -> str:
    if "json" in record["extra"]:  # another sink has made it
        return "{extra[json]}\n"
    fields = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "logger": record["name"],
        "message": record["message"],
        **record["extra"],
    }
    record["extra"]["json"] = json.dumps(fields, default=str, ensure_ascii=False)
    return "{extra[json]}\n"


class _Rotation:
    """Begins a new file each local day, and when one has grown too large."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._day: date | None = None

    def __call__(self, message: "Message", file: TextIO) -> bool:
        today = message.record["time"].date()
        if self._day is None:  # the file may be one an earlier run left
            self._day = datetime.fromtimestamp(Path(file.name).stat().st_mtime).astimezone().date()
        file.seek(0, 2)
        size = file.tell()
        if size and (today != self._day or size + len(message.encode()) > self._max_bytes):
            self._day = today
            return True
        return False


class _Retention:
    """Deletes what is too old, and the oldest files where there are too many.

    loguru asks when a file is put aside. All logs are looked at then: that of errors may be quiet for weeks.
    """

    def __init__(self, keep_days: int, folder: Path) -> None:
        self._keep_seconds = keep_days * 86_400
        self._folder = folder
        self._current: list[str] = []

    def look_at(self, name: str) -> None:
        """Take care of a log from now on: of the file `name`, and those put aside from it."""
        self._current.append(name)
        self([])

    def __call__(self, _files: list[str]) -> None:
        oldest = time.time() - self._keep_seconds
        for name in self._current:
            log = self._folder / name
            with suppress(FileNotFoundError):  # it is just being put aside
                if log.stat().st_mtime < oldest:
                    os.truncate(log, 0)  # not deleted: it is open
            aside = self._folder.glob(f"{log.stem}.*{log.suffix}")
            newest_first = sorted(aside, key=lambda path: path.stat().st_mtime, reverse=True)
            for position, path in enumerate(newest_first):
                if position >= MAX_FILES or path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)


class _Intercept(logging.Handler):
    """Hands the standard library's records to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)  # a library's broken log call must not break us
        exception = record.exc_info
        if exception and text.startswith(RECONNECTING):
            why = "".join(traceback.format_exception_only(exception[1])).strip()
            level, text, exception = "WARNING", f"{text} ({why})", None
        origin = {"name": record.name, "function": record.funcName, "line": record.lineno}
        patched = logger.patch(lambda loguru_record: loguru_record.update(origin))  # type: ignore[typeddict-item]
        patched.opt(exception=exception).log(level, text)


def _take_over_standard_logging(level_name: str) -> None:
    level = logging.DEBUG if level_name == "TRACE" else logging.getLevelNamesMapping()[level_name]
    logging.basicConfig(handlers=[_Intercept()], level=level, force=True)
    for name in NOISY:
        # isEnabledFor(DEBUG) must be cheap and false: discord.py asks it for every gateway frame.
        # SQLAlchemy's INFO lines are every statement with its values: members' words.
        floor = logging.INFO if name == "discord" else logging.WARNING
        logging.getLogger(name).setLevel(level if level_name == "TRACE" else max(level, floor))
    logging.captureWarnings(capture=True)
