"""The commands: exit codes, and what an owner reads."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import bot
from bot import abilities, cli
from bot.domain.errors import StartupError
from bot.settings import Settings

ROOT = Path(bot.__file__).parents[1]
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"  # noqa: S105 - made up


pytestmark = pytest.mark.usefixtures("own_logging")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and nothing set."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(
            ("DISCORD_", "LOOKOUT_", "ADMIN_", "LLM_", "OLLAMA_", "ANTHROPIC_", "OPENAI_", "DATABASE_")
        ):
            monkeypatch.delenv(name)


def put_module(monkeypatch: pytest.MonkeyPatch, name: str, **contents: Callable[..., int]) -> None:
    module = ModuleType(name)
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("arguments", [[], ["run"]])
def test_no_token_explains_how_to_get_one_and_exits_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    told = capsys.readouterr().err
    assert "https://discord.com/developers/applications" in told
    assert "switch on Message Content Intent" in told
    assert "client_id=YOUR_APPLICATION_ID&permissions=274877991936&scope=bot+applications.commands" in told
    assert "view_channel, send_messages, embed_links, read_message_history, send_messages_in_threads" in told
    assert "guilds, guild_messages, guild_reactions, message_content" in told
    assert "python run.py demo" in told


def test_no_token_but_an_application_id_gives_the_whole_link(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCORD_APP_ID", "4242")
    assert cli.main([]) == 2
    assert "client_id=4242&" in capsys.readouterr().err


def test_bad_yaml_is_one_line_and_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/settings.yaml").write_text("api: [\n")
    assert cli.main(["run"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Lookout can't start: config/settings.yaml:2: not valid YAML")
    assert len(told.splitlines()) == 1


def test_run_hands_the_settings_to_the_app_and_its_exit_code_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    def run(settings: Settings) -> int:
        seen.append(settings)
        return 5

    put_module(monkeypatch, "bot.app", run=run)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert cli.main([]) == 5
    assert seen[0].discord.token is not None
    assert Path("data/logs/lookout.log").exists()


def test_a_startup_error_of_the_app_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: Settings) -> int:
        raise StartupError("the port is busy: set ADMIN_PORT")

    put_module(monkeypatch, "bot.app", run=run)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert cli.main([]) == 1
    assert capsys.readouterr().err == "Lookout can't start: the port is busy: set ADMIN_PORT\n"


def test_ctrl_c_during_the_start_leaves_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: Settings) -> int:
        raise KeyboardInterrupt

    put_module(monkeypatch, "bot.app", run=run)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert cli.main([]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_an_unexpected_error_is_logged_without_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: Settings) -> int:
        raise RuntimeError(f"no good: {TOKEN}")

    put_module(monkeypatch, "bot.app", run=run)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert cli.main([]) == 1
    errors = Path("data/logs/errors.log").read_text("utf-8")
    assert "RuntimeError: no good: [secret]" in errors
    assert TOKEN not in errors


def test_demo_gets_its_words_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def main(arguments: list[str]) -> int:
        seen.append(arguments)
        return 3

    put_module(monkeypatch, "bot.demo", main=main)
    assert cli.main(["demo", "--check", "--transcript", "a b.jsonl", "--help"]) == 3
    assert seen == [["--check", "--transcript", "a b.jsonl", "--help"]]


def test_evaluate_gets_its_words_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def main(arguments: list[str]) -> int:
        seen.append(arguments)
        return 1

    put_module(monkeypatch, "bot.evaluation", main=main)
    assert cli.main(["evaluate", "--task", "intent", "--json", "-", "--help"]) == 1
    assert seen == [["--task", "intent", "--json", "-", "--help"]]


def test_bench_becomes_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ...]] = []

    def become(*words: str) -> int:
        seen.append(words)
        return 4

    monkeypatch.setattr(cli, "_become", become)
    assert cli.main(["bench", "ingest", "--json"]) == 4
    assert seen == [("-m", "benchmarks", "ingest", "--json")]


def test_doctor_without_a_token_prints_a_table_and_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADMIN_PORT", "0")
    assert cli.main(["doctor"]) == 1
    assert "DISCORD_BOT_TOKEN" in capsys.readouterr().out


def test_version_and_unknown_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version", "--short"]) == 0
    assert capsys.readouterr().out == f"{bot.__version__}\n"
    assert cli.main(["version"]) == 0
    assert "discord.py 2." in capsys.readouterr().out
    assert cli.main(["dmeo"]) == 2


def test_light_says_which_abilities_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(abilities.LIGHT, "1")
    assert "without the neural encoder and language models" in abilities.describe_abilities()
    assert "--light" in abilities.describe_abilities()
    monkeypatch.setenv(abilities.LIGHT, "0")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else name)
    assert abilities.describe_abilities() == "light: without the neural encoder (torch is not installed)"
    monkeypatch.setattr(importlib.util, "find_spec", str)
    assert abilities.describe_abilities() == "full: every ability is on"


def test_starting_imports_nothing_heavy() -> None:
    script = (
        "import sys, bot.cli, bot.logs\n"
        "heavy = {'torch', 'transformers', 'discord', 'fastapi', 'sqlalchemy', 'ollama', 'aiohttp'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
