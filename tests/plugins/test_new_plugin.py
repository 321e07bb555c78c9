"""`run.py new-plugin`: what it makes works, and its test passes."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.domain.errors import StartupError
from bot.plugin_api.testing import on_trial
from bot.plugin_template import make_plugin
from tests.e2e.child import ROOT


def run_its_test(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"),
        f"--rootdir={ROOT}", str(folder),
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


async def test_a_new_plugin_runs_and_its_own_test_passes(tmp_path: Path) -> None:
    folder = make_plugin("say_hello", tmp_path)
    async with on_trial(folder) as trial:
        assert (await trial.command("say-hello")).text == "Hello, Ada! I said so 1 times."
    done = await asyncio.to_thread(run_its_test, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_it_is_made_where_the_bot_looks_for_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOKOUT_PLUGINS__FOLDER", str(tmp_path))
    assert main(["new-plugin", "say_hello"]) == 0
    assert "/plugins enable say_hello" in capsys.readouterr().out
    assert sorted(each.name for each in (tmp_path / "say_hello").iterdir()) == [
        "manifest.toml",
        "plugin.py",
        "test_say_hello.py",
    ]


@pytest.mark.parametrize(
    ("name", "fix"),
    [("Say Hello", "Try say_hello"), ("x", "2 to 32"), ("../up", "Try up"), ("taken", "there already")],
    ids=["letters", "short", "path", "taken"],
)
def test_a_name_that_will_not_do_comes_with_the_fix(tmp_path: Path, name: str, fix: str) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(StartupError, match=fix):
        make_plugin(name, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]
