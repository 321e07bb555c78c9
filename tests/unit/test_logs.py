"""Logging: where lines go, what they carry, and that secrets never do."""

import json
import logging
import os
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from loguru import logger

from bot.domain.errors import StartupError
from bot.logs import MASK, MAX_FILES, Masker, _Retention, _Rotation, setup_logging
from bot.settings import LogSettings

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"  # noqa: S105 - made up


pytestmark = pytest.mark.usefixtures("own_logging")


def set_up(folder: Path, *secrets: str, **settings: Any) -> None:
    setup_logging(LogSettings(folder=folder, **settings), secrets)


def test_a_line_carries_its_signal_and_errors_get_a_file_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(tmp_path)
    logger.bind(signal="discord:1", guild_id=5).info("Stored {} messages", 2)
    logger.error("Broken {braces}")
    log = (tmp_path / "lookout.log").read_text("utf-8")
    errors = (tmp_path / "errors.log").read_text("utf-8")
    assert "INFO" in log
    assert "Stored 2 messages signal=discord:1 guild_id=5\n" in log
    assert "Broken {braces}" in log
    assert "Stored" not in errors
    assert "Broken {braces}" in errors
    assert "signal=discord:1" in capsys.readouterr().err


@pytest.mark.parametrize("json_lines", [False, True])
def test_secrets_are_masked_in_messages_values_and_tracebacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], json_lines: bool
) -> None:
    set_up(tmp_path, 'pass"word', json_lines=json_lines)
    logger.bind(signal='pass"word').info('message pass"word {}', TOKEN)
    logger.bind(error=ValueError(TOKEN), data={"key": 'pass"word'}, tries=3).info("Values of any kind")
    try:
        raise ValueError('exception pass"word')
    except ValueError:
        logger.exception("With a traceback")
    logging.getLogger("library").error("standard %s", TOKEN, exc_info=ValueError(TOKEN))
    texts = [path.read_text("utf-8") for path in tmp_path.iterdir()] + [capsys.readouterr().err]
    assert len(texts) == 3
    for text in texts:
        assert 'pass"word' not in text.replace("\\", "")
        assert TOKEN not in text
        assert f"ValueError: exception {MASK}" in text
        assert "Traceback" in text


def test_members_ids_are_masked_in_mentions_and_paths(tmp_path: Path) -> None:
    setup_logging(LogSettings(folder=tmp_path), [])
    logger.info("<@1573775187793412097> and <@!1573775187793412097> have left")
    logger.warning("PUT /api/v10/guilds/1/members/1573775187793412097/roles/2 and /users/1573775187793412097")
    written = (tmp_path / "lookout.log").read_text("utf-8")
    assert "1573775187793412097" not in written
    assert "/guilds/1/members/[secret]/roles/2" in written


def test_json_lines_are_json_with_the_signal(tmp_path: Path) -> None:
    set_up(tmp_path, json_lines=True)
    logger.bind(signal="discord:1", at=datetime(2026, 1, 1, tzinfo=UTC)).warning("Größe <red>{x}")
    line = json.loads((tmp_path / "lookout.log").read_text("utf-8"))
    assert line.keys() == {"time", "level", "logger", "message", "signal", "at"}
    assert (line["level"], line["message"], line["signal"]) == ("WARNING", "Größe <red>{x}", "discord:1")


def test_standard_logging_and_warnings_arrive_under_their_own_names(tmp_path: Path) -> None:
    set_up(tmp_path)
    logging.getLogger("some.library").info("told %d", 5)
    logging.getLogger("some.library").info("badly %d", "told")
    logging.getLogger("some.library").log(25, "between levels")
    logging.getLogger("some.library").debug("hidden")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
    log = (tmp_path / "lookout.log").read_text("utf-8")
    assert "some.library: told 5" in log
    assert "badly %d" in log
    assert "between levels" in log
    assert "old thing" in log
    assert "hidden" not in log


@pytest.mark.parametrize(("level", "debug"), [("INFO", False), ("DEBUG", False), ("TRACE", True)])
def test_discord_py_finds_debug_switched_off(tmp_path: Path, level: str, debug: bool) -> None:
    set_up(tmp_path, level=level)
    assert logging.getLogger("discord.gateway").isEnabledFor(logging.DEBUG) is debug
    assert logging.getLogger("bot.anything").isEnabledFor(logging.DEBUG) is (level != "INFO")


def test_setting_up_again_replaces_the_sinks(tmp_path: Path) -> None:
    set_up(tmp_path / "first")
    set_up(tmp_path / "second")
    logger.error("Once")
    assert (tmp_path / "first/lookout.log").read_text("utf-8") == ""
    assert (tmp_path / "second/lookout.log").read_text("utf-8").count("Once") == 1
    assert (tmp_path / "second/errors.log").read_text("utf-8").count("Once") == 1


def test_an_unwritable_folder_is_a_startup_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match=r"Logs can't be written to .*set log\.folder"):
        set_up(tmp_path / "file/logs")


def test_a_full_file_is_put_aside(tmp_path: Path) -> None:
    set_up(tmp_path, max_megabytes=1)
    for _ in range(12):
        logger.info("x" * 100_000)
    sizes = [path.stat().st_size for path in tmp_path.glob("lookout*.log")]
    assert len(sizes) == 2
    assert max(sizes) <= 1_000_000


def test_a_new_day_begins_a_new_file_even_after_a_restart(tmp_path: Path) -> None:
    def message(moment: datetime) -> Any:
        text = SimpleNamespace(record={"time": moment}, encode=lambda: b"line")
        return cast("Any", text)

    path = tmp_path / "lookout.log"
    path.write_text("of yesterday")
    now = datetime.now().astimezone()
    yesterday = now - timedelta(days=1)
    os.utime(path, (yesterday.timestamp(), yesterday.timestamp()))
    with path.open("a") as file:
        rotation = _Rotation(1_000_000)
        assert rotation(message(now), file)
        assert not rotation(message(now), file)
        assert rotation(message(now + timedelta(days=1)), file)
    with (tmp_path / "empty.log").open("a") as file:
        assert not _Rotation(1_000_000)(message(now + timedelta(days=3)), file)


def age(path: Path, days: float) -> None:
    os.utime(path, (time.time() - days * 86_400,) * 2)


def test_old_files_and_too_many_are_deleted(tmp_path: Path) -> None:
    files = [tmp_path / f"lookout.{index}.log" for index in range(MAX_FILES + 3)]
    for hours, path in enumerate(files):
        path.touch()
        age(path, hours / 24)
    age(files[3], 8)
    (tmp_path / "other.log").touch()
    age(tmp_path / "other.log", 8)
    _Retention(7, tmp_path).look_at("lookout.log")
    kept = [path for path in files if path.exists()]
    assert kept == [path for path in files[: MAX_FILES + 1] if path != files[3]]
    assert (tmp_path / "other.log").exists()


def test_errors_go_in_time_even_when_no_more_come(tmp_path: Path) -> None:
    set_up(tmp_path, max_megabytes=1)
    logger.error("of long ago")
    (tmp_path / "errors.2026-01-01.log").touch()
    for path in tmp_path.glob("errors*"):
        age(path, 8)
    for _ in range(12):  # until the other log is put aside
        logger.info("x" * 100_000)
    assert (tmp_path / "errors.log").read_text("utf-8") == ""
    assert not (tmp_path / "errors.2026-01-01.log").exists()
    logger.error("of today")
    assert "of today" in (tmp_path / "errors.log").read_text("utf-8")


def test_a_lost_connection_is_a_line_without_its_traceback(tmp_path: Path) -> None:
    set_up(tmp_path)
    try:
        raise OSError("no route")
    except OSError:
        logging.getLogger("discord.client").exception("Attempting a reconnect in %.2fs", 1.5)
    (line,) = (tmp_path / "lookout.log").read_text("utf-8").splitlines()
    assert "WARNING" in line
    assert line.endswith("discord.client: Attempting a reconnect in 1.50s (OSError: no route)")
    assert (tmp_path / "errors.log").read_text("utf-8") == ""


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"login with {TOKEN}", f"login with {MASK}"),
        ("Authorization: Bot abcdefghijklmnopqrstu", f"Authorization: Bot {MASK}"),
        (
            "https://discord.com/api/webhooks/12/abc-DEF_1/slack",
            f"https://discord.com/api/webhooks/12/{MASK}/slack",
        ),
        ("POST /interactions/12/aW50ZX/callback", f"POST /interactions/12/{MASK}/callback"),
        ("postgresql://me:hunter2@host/db", f"postgresql://me:{MASK}@host/db"),
        ("key sk-proj-abcdefghijklmnop", f"key {MASK}"),
        ("known and known2", f"{MASK} and {MASK}"),
        ("http://127.0.0.1:8080/x and a@b", "http://127.0.0.1:8080/x and a@b"),
        ("on, 3.11.7, 123456789012345678", "on, 3.11.7, 123456789012345678"),
    ],
)
def test_masker_hides_what_is_known_and_what_looks_secret(text: str, masked: str) -> None:
    assert Masker(["known", "known2", "on", ""])(text) == masked
