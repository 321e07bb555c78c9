"""The doctor against a Discord and an Ollama of a few lines, over a socket."""

import asyncio
import importlib.util
import os
import socket
import sqlite3
import sys
import zoneinfo
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from pydantic import SecretStr

from bot import doctor
from bot.doctor import Check, State
from bot.domain.invite import INTENTS, invite_link
from bot.logs import Masker
from bot.nlp import choice
from bot.nlp.encoder import EncoderUnavailable
from bot.settings import (
    ApiSettings,
    DatabaseSettings,
    DiscordSettings,
    LlmSettings,
    LogSettings,
    NlpSettings,
    Settings,
)
from sandbox.hosted.driver import HostedSandbox
from sandbox.ollama import OllamaSandbox

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"  # noqa: S105 - made up
ALL_INTENTS = 1 << 13 | 1 << 15 | 1 << 19


class Elsewhere:
    """Discord and Ollama in one; `answers` maps a path to its status and body."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {
            "/users/@me": (200, {"id": "42", "username": "lookout"}),
            "/applications/@me": (200, {"id": "42", "flags": ALL_INTENTS}),
            "/api/version": (200, {"version": "0.9"}),
            "/api/tags": (200, {"models": [{"name": "llama3.2:3b"}, {"name": "gemma3:latest"}]}),
        }
        self.authorizations: set[str | None] = set()
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.authorizations.add(request.headers.get("Authorization"))
        status, body = self.answers[request.path]
        return web.json_response(body, status=status)


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    there = Elsewhere()
    app = web.Application()
    app.router.add_get("/{path:.*}", there.handle)
    async with TestServer(app) as server:
        there.url = str(server.make_url("")).rstrip("/")
        yield there


def discord_at(url: str) -> DiscordSettings:
    return DiscordSettings(token=SecretStr(TOKEN), api_url=url)


async def test_a_good_token_with_its_intents_is_ok(elsewhere: Elsewhere) -> None:
    checks = await doctor.check_discord(discord_at(elsewhere.url), INTENTS)
    assert [(check.name, check.state) for check in checks] == [
        ("Token", State.OK),
        ("Intents", State.OK),
        ("Clock", State.OK),
    ]
    assert elsewhere.authorizations == {f"Bot {TOKEN}"}
    assert TOKEN not in str(checks)


@pytest.mark.parametrize(("status", "words"), [(401, "refuses it"), (503, "answered 503")])
async def test_a_refused_token_says_the_fix(elsewhere: Elsewhere, status: int, words: str) -> None:
    elsewhere.answers["/users/@me"] = (status, {"message": "no"})
    (check,) = await doctor.check_discord(discord_at(elsewhere.url), INTENTS)
    assert check.state is State.FAIL
    assert words in check.detail
    assert check.fix


async def test_no_answer_and_no_token_are_told_apart() -> None:
    (check,) = await doctor.check_discord(discord_at(f"http://127.0.0.1:{unused_port()}"), INTENTS)
    assert "no answer from http://127.0.0.1" in check.detail
    (check,) = await doctor.check_discord(DiscordSettings(), INTENTS)
    assert "DISCORD_BOT_TOKEN" in check.fix


async def test_a_silent_server_is_given_up_on_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DEADLINE", 0.05)
    done = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(10):
            (check,) = await doctor.check_discord(discord_at(f"http://127.0.0.1:{port}"), INTENTS)
        done.set()
    assert check.state is State.FAIL
    assert "Timeout" in check.detail


async def test_flags_that_discord_does_not_show_are_not_taken_for_off(elsewhere: Elsewhere) -> None:
    elsewhere.answers["/applications/@me"] = (429, {"message": "slower"})
    checks = await doctor.check_discord(discord_at(elsewhere.url), INTENTS)
    assert checks[1].name == "Intents"
    assert checks[1].state is State.WARN
    assert "could not be checked" in checks[1].detail


@pytest.mark.parametrize(
    ("flags", "intents", "off"),
    [
        (1 << 18, ["message_content"], ""),
        (1 << 19, ["message_content"], ""),
        (1 << 15, ["message_content"], "Message Content Intent"),
        (1 << 19, ["members", "message_content"], "Server Members Intent"),
        (1 << 14 | 1 << 18, ["members", "message_content"], ""),
        (0, ["presences", "message_content"], "Presence Intent and Message Content Intent"),
        (0, ["guilds"], ""),
    ],
)
def test_privileged_intents_are_read_from_the_flags(flags: int, intents: list[str], off: str) -> None:
    asked_for = ("guild_reactions", *intents)
    check = doctor.check_intents(asked_for, flags)
    assert check.detail == (f"{off} is off" if off else ", ".join(asked_for))
    assert check.state is (State.FAIL if off else State.OK)


def test_a_bot_that_hears_no_reactions_is_a_warning() -> None:
    check = doctor.check_intents(("guilds", "guild_messages", "message_content"), 1 << 19)
    assert (check.state, check.fix) == (State.WARN, "add it to DISCORD_INTENTS or discord.intents")
    assert "guild_reactions" in check.detail


def test_a_clock_that_is_off_is_a_warning() -> None:
    headers = {"Date": "Fri, 01 May 2026 12:00:00 GMT"}
    there = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert doctor.check_clock(headers, there + timedelta(seconds=5))[0].state is State.OK
    assert doctor.check_clock(headers, there - timedelta(minutes=2))[0].detail == "120 seconds off"
    assert doctor.check_clock({}, there) == doctor.check_clock({"Date": "?"}, there) == []


async def checked(**llm: Any) -> Check:
    [check] = await doctor.check_models(LlmSettings.model_validate(llm), NlpSettings())
    return check


async def test_without_a_provider_nothing_is_asked_and_nothing_is_wrong() -> None:
    assert await checked() == Check("Language model", State.OK, "none: embedded mode")


async def test_ollama_is_reached_and_its_models_are_looked_through() -> None:
    async with OllamaSandbox(["llama3.2:3b", "gemma3"]) as ollama:
        there = {"provider": "ollama", "ollama_host": ollama.url}
        good = await checked(**there, ollama_model="gemma3")
        assert (good.state, good.name) == (State.OK, "Language model: ollama")
        assert good.detail.endswith("2 models; wanted: gemma3")
        lacking = await checked(**there, ollama_model="phi4")
        assert (lacking.state, lacking.fix) == (State.WARN, "ollama pull phi4")
        assert lacking.detail.endswith("lacks phi4")
        several = await checked(**there, ollama_model="phi4", models={"summarize": "gemma3:27b"})
        assert (several.state, several.fix) == (State.WARN, "python run.py pull")


async def test_every_provider_of_a_chain_is_checked() -> None:
    async with OllamaSandbox() as ollama, HostedSandbox() as hosted:
        llm = {
            "ollama_host": ollama.url,
            "anthropic_api_key": hosted.key,
            "anthropic_base_url": hosted.anthropic_url,
            "openai_api_key": "wrong",
            "openai_base_url": hosted.openai_url,
            "chains": {"reply": ["ollama", "anthropic/nobody-has-it", "openai"]},
        }
        found = await doctor.check_models(LlmSettings.model_validate(llm), NlpSettings())
    assert [(check.name, check.state) for check in found] == [
        ("Language model: ollama", State.OK),
        ("Language model: anthropic", State.WARN),
        ("Language model: openai", State.WARN),
    ]
    assert "has no nobody-has-it" in found[1].detail
    assert "does not accept the key" in found[2].detail


@pytest.mark.parametrize(
    ("llm", "words"),
    [
        ({"provider": "openai"}, "needs a key: set OPENAI_API_KEY in .env"),
        ({"provider": "anthropic"}, "needs a key: set ANTHROPIC_API_KEY in .env"),
        ({"provider": "ollama", "ollama_host": "http://127.0.0.1:9"}, "start it (`ollama serve`)"),
        ({"provider": "transformers", "transformers_model": "tiny"}, "model tiny is not there"),
    ],
    ids=["no key", "none either", "unreachable", "no folder"],
)
async def test_what_does_not_answer_is_a_warning_that_says_the_fix(llm: Any, words: str) -> None:
    check = await checked(**llm)
    assert check.state is State.WARN
    assert words in check.detail
    assert check.fix == "the bot works in embedded mode meanwhile"


async def test_sqlite_is_tried_without_making_it(tmp_path: Path) -> None:
    path = tmp_path / "new/lookout.db"
    assert "will be made" in (await doctor.check_database(DatabaseSettings(path=path))).detail
    assert not path.parent.exists()

    path = tmp_path / "there.db"
    sqlite3.connect(path).close()
    path.write_bytes(b"")
    assert (await doctor.check_database(DatabaseSettings(path=path))).state is State.OK
    path.write_bytes(b"no database" * 100)
    check = await doctor.check_database(DatabaseSettings(path=path))
    assert (check.state, check.detail) == (State.FAIL, f"{path}: file is not a database")


async def test_a_locked_database_and_an_impossible_folder_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "DEADLINE", 0.05)
    path = tmp_path / "locked.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    check = await doctor.check_database(DatabaseSettings(path=path))
    holder.close()
    assert (check.state, check.fix) == (State.FAIL, "stop the program that holds it")

    (tmp_path / "file").touch()
    check = await doctor.check_database(DatabaseSettings(path=tmp_path / "file/lookout.db"))
    assert check.state is State.FAIL


async def test_postgres_that_does_not_answer_fails_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = SecretStr(f"postgresql://me:hunter2@127.0.0.1:{unused_port()}/db?sslmode=disable")
    check = await doctor.check_database(DatabaseSettings(url=url))
    assert check.state is State.FAIL
    assert "PostgreSQL at 127.0.0.1" in check.detail
    assert "hunter2" not in str(check)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    check = await doctor.check_database(DatabaseSettings(url=url))
    assert check.fix.endswith("pip install -r requirements-postgres.txt")


@pytest.mark.skipif("TEST_POSTGRES_URL" not in os.environ, reason="no PostgreSQL server (TEST_POSTGRES_URL)")
async def test_postgres_that_answers_is_ok_unless_it_is_read_only() -> None:
    url = os.environ["TEST_POSTGRES_URL"]
    check = await doctor.check_database(DatabaseSettings(url=SecretStr(url)))
    assert check.state is State.OK, check
    read_only = SecretStr(f"{url}?default_transaction_read_only=on")
    check = await doctor.check_database(DatabaseSettings(url=read_only))
    assert check.detail.endswith("is read-only")


def test_folders_are_written_to_for_a_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_folder("Data folder", tmp_path / "not/there/yet").state is State.OK
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    assert doctor.check_folder("Data folder", tmp_path / "file").state is State.FAIL
    usage = SimpleNamespace(free=1_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert doctor.check_folder("Data folder", tmp_path).detail.endswith("1 MB left")


def test_a_busy_port_fails_and_a_free_one_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = Settings(api=ApiSettings(port=listener.getsockname()[1]))
        check = doctor.check_port(settings)
        assert check.state is State.FAIL
        assert "ADMIN_PORT" in check.fix
    assert doctor.check_port(settings).state is State.OK
    assert doctor.check_port(Settings(api=ApiSettings(enabled=False))).state is State.SKIP


def test_what_the_machine_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_python().state is State.OK
    assert doctor.check_packages().state is State.OK
    assert doctor.check_time_zones().state is State.OK
    monkeypatch.setattr(sys, "version_info", (3, 10))
    assert doctor.check_python().state is State.FAIL
    monkeypatch.setattr(doctor, "NEEDED_MODULES", ("discord", "no_such_module"))
    assert doctor.check_packages().detail == "missing: no_such_module"

    def no_zone(_: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError

    monkeypatch.setattr(zoneinfo, "ZoneInfo", no_zone)
    assert doctor.check_time_zones().state is State.FAIL


@pytest.mark.parametrize(
    ("encoder", "state", "words"),
    [
        ("off", State.OK, "the light judge alone (no encoder: nlp.encoder is off)"),
        ("minilm", State.WARN, "no model"),
    ],
)
def test_it_tells_who_judges(monkeypatch: pytest.MonkeyPatch, encoder: str, state: State, words: str) -> None:
    def find_nothing(_: NlpSettings) -> None:
        raise EncoderUnavailable("no model")

    monkeypatch.setattr(choice, "find_minilm", find_nothing)
    monkeypatch.setattr(choice, "find_refiner", lambda _: None)
    check = doctor.check_judges(NlpSettings.model_validate({"encoder": encoder}))
    assert check.state is state
    assert words in check.detail


async def test_all_checks_of_a_good_set_up_pass(elsewhere: Elsewhere, tmp_path: Path) -> None:
    settings = Settings(
        discord=discord_at(elsewhere.url),
        api=ApiSettings(port=0),
        database=DatabaseSettings(path=tmp_path / "lookout.db"),
        log=LogSettings(folder=tmp_path / "logs"),
    )
    checks = await doctor.run_checks(settings)
    assert {check.name for check in checks} >= {"Token", "Intents", "Database", "Log folder", "Admin API"}
    assert [check for check in checks if check.state is not State.OK] == []


def test_the_table_never_shows_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [Check("Token", State.FAIL, f"bad {TOKEN}", "use [red]brackets[/] as they are")]
    doctor._print_table(checks, Masker([TOKEN]))
    told = capsys.readouterr().out
    assert TOKEN not in told
    assert "bad [secret]" in told
    assert "use [red]brackets[/] as they are" in told


async def test_nothing_is_cut_off_in_a_narrow_terminal(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = DiscordSettings(token=SecretStr(TOKEN), api_url=elsewhere.url, app_id=42)
    checks = await doctor.check_discord(settings, INTENTS)
    path = "/".join(["a-folder-of-some-length"] * 6)
    for name, value in {"FORCE_COLOR": "1", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    doctor._print_table([*checks, Check("Data folder", State.FAIL, path, path)], Masker([TOKEN]))
    told = capsys.readouterr().out
    assert "…" not in told
    assert max(map(len, told.splitlines()[:-1])) <= 80
    assert told.splitlines()[-1] == f"Invite it with {invite_link(42)}"


def test_wrong_settings_are_a_line_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETENTION_DAYS", "never")
    assert doctor.run_doctor() == 1
    assert "RETENTION_DAYS (environment)" in capsys.readouterr().out
