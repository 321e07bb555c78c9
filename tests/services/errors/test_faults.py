"""What is kept of an exception: where it came from, and nothing that somebody wrote or that is secret."""

import errno
import sqlite3
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from sqlalchemy.exc import OperationalError, StatementError

from bot.llm.errors import ProviderUnavailable
from bot.logs import Masker
from bot.services.errors.faults import MAX_TRACE, ROOT, Fault, fault_of, is_disk_full, reference_of
from bot.services.tools import ToolError

WORDS = "please don't tell my boss that i asked"
TOKEN = "an-unguessable-token-of-this-bot"  # noqa: S105
KEY = "sk-" + "a1" * 20
MASK = Masker([TOKEN])


def raised(error: BaseException) -> BaseException:
    """Return an exception with a traceback, from a line that names nothing of it."""
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return caught


def kept(error: BaseException, place: str = "/summary now", guild_id: int | None = 1) -> Fault:
    return fault_of(place, guild_id, raised(error), MASK)


def everything(fault: Fault) -> str:
    return f"{fault.place}\n{fault.kind}\n{fault.about}\n{fault.trace}"


def discord_error(kind: Any, status: int, code: int) -> discord.HTTPException:
    response: Any = SimpleNamespace(status=status, reason="")
    error: discord.HTTPException = kind(response, {"code": code, "message": f"In content: {WORDS}"})
    return error


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"invalid literal for int() with base 10: '{WORDS}'"),
        KeyError(WORDS),
        RuntimeError(f"can't parse {WORDS!r} with {KEY} and {TOKEN}"),
        StatementError(WORDS, f"INSERT {WORDS}", (WORDS,), ValueError(WORDS)),
        OperationalError("UPDATE x", (WORDS,), sqlite3.OperationalError(f"near '{WORDS}': syntax error")),
        discord_error(discord.Forbidden, 403, 50_013),
        FileNotFoundError(errno.ENOENT, WORDS, f"/home/ada/{WORDS}"),
        UnicodeDecodeError("utf-8", WORDS.encode(), 0, 1, WORDS),
        ProviderUnavailable(f"the server said {KEY} {TOKEN}"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nobodys_words_no_secret_and_no_path_of_this_machine_is_kept(error: Exception) -> None:
    outer = RuntimeError(WORDS)
    outer.__cause__ = raised(error)
    for fault in (kept(error), kept(outer)):
        text = everything(fault)
        for part in (WORDS, "boss", TOKEN, KEY, str(ROOT), "/home/"):
            assert part not in text
        assert type(error).__name__ in text


@pytest.mark.parametrize(
    ("said", "about"),
    [
        ("can't write /home/ada.l/lookout/x.db now", "can't write ~/lookout/x.db now"),
        ("can't read '/Users/ada': denied", "can't read '~': denied"),
        (r"can't read C:\Users\Ada Byron\lookout\x", r"can't read ~\lookout\x"),
        (r"can't read D:\Users\ada", "can't read ~"),
        ("can't read /mnt/disk/x", "can't read /mnt/disk/x"),
    ],
    ids=["linux", "mac", "windows", "no more", "nobody's"],
)
def test_no_path_names_a_person(said: str, about: str) -> None:
    """Also where the bot runs as somebody else than whose folder it is; a model may be shown it."""
    assert kept(ToolError(said)).about == about


@pytest.mark.parametrize(
    ("error", "about"),
    [
        (discord_error(discord.Forbidden, 403, 50_013), "Discord answered 403, code 50013"),
        (OSError(errno.ENOSPC, "x", "/home/ada/x"), "No space left on device"),
        (
            OperationalError("UPDATE x", (), sqlite3.OperationalError("database is locked")),
            "OperationalError database is locked",
        ),
        (AttributeError(name="close", obj=None), "no close"),
        (TypeError("unsupported operand type(s) for +: 'int' and 'str'"), None),
        (TypeError("'NoneType' object is not subscriptable"), None),
        (ZeroDivisionError("division by zero"), None),
        (ProviderUnavailable("Ollama doesn't answer: start it"), None),
    ],
    ids=["discord", "disk", "database", "attribute", "operand", "object", "zero", "model"],
)
def test_what_is_safe_is_kept(error: Exception, about: str | None) -> None:
    assert kept(error).about == (str(error) if about is None else about)


def test_the_trace_says_where_in_the_project_and_what_led_to_it() -> None:
    inner = raised(KeyError("x"))
    error = RuntimeError("y")
    error.__cause__ = inner
    trace = kept(error).trace
    assert "tests/services/errors/test_faults.py:" in trace
    assert " in raised\n    raise error\nRuntimeError\nAfter:" in trace
    assert trace.endswith("KeyError")


def test_a_source_line_with_a_secret_in_it_is_redacted() -> None:
    try:
        raise RuntimeError("password='correct-horse-9'")
    except RuntimeError as error:
        trace = fault_of("plugin x", None, error, MASK).trace
    assert "correct-horse-9" not in trace
    assert "[redacted: secret]" in trace


def test_a_trace_of_a_deep_fall_is_cut() -> None:
    def fall(depth: int) -> None:
        if depth:
            fall(depth - 1)
        raise ValueError("the ground")

    with pytest.raises(ValueError, match="ground") as caught:
        fall(300)
    fault = fault_of("x", None, caught.value, MASK)
    assert len(fault.trace) <= MAX_TRACE
    assert "calls left out" in fault.trace


def test_the_same_fault_has_one_reference_and_others_have_others() -> None:
    def fail() -> BaseException:
        return raised(RuntimeError(WORDS))

    def reference(place: str = "task answer in 1234567", guild_id: int | None = 1) -> str:
        return reference_of(place, guild_id, fail())

    assert reference() == reference("task answer in 7654321")
    assert len({reference(), reference("worker x"), reference(guild_id=2), reference(guild_id=None)}) == 4
    assert reference_of("x", 1, None, "bot.a:run:3") != reference_of("x", 1, None, "bot.a:run:4")


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, ""), True),
        (OperationalError("", (), sqlite3.OperationalError("database or disk is full")), True),
        (OSError(errno.ENOENT, ""), False),
        (RuntimeError("disk is full"), False),
    ],
)
def test_a_full_disk_is_critical(error: Exception, full: bool) -> None:
    assert is_disk_full(error) is full
    assert kept(error).is_critical is full
