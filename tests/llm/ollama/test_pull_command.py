"""`python run.py pull`: a bar, a clear word when something fails, and the exit codes."""

import asyncio
import io
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

import run
from bot.llm.pull import SpeedColumn, configured_models, plain_status, run_pull
from bot.settings import LlmSettings
from sandbox.ollama import OllamaSandbox
from tests.only_loopback.plugin import child_environment

ROOT = Path(run.__file__).parent
PYTHON = (sys.executable, "-m", "bot.cli", "pull")


async def pulled(
    ollama: OllamaSandbox, models: Sequence[str] = (), *, terminal: bool = True
) -> tuple[int, str]:
    """Run the command in a thread, as it has a loop of its own; return exit code and text."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, highlight=False, color_system=None)
    settings = LlmSettings(ollama_host=ollama.url, ollama_model="gemma3:4b")
    code = await asyncio.to_thread(run_pull, settings, models, console)
    return code, out.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
async def test_the_configured_model_is_pulled_with_a_bar(ollama: OllamaSandbox, *, terminal: bool) -> None:
    code, text = await pulled(ollama, terminal=terminal)
    assert code == 0
    assert "gemma3:4b: pulled" in text
    assert "3.3/3.3 GB" in text
    assert "LLM_PROVIDER=ollama" in text  # because nothing is set that would ask it
    assert "gemma3:4b" in ollama.server.library.there


async def test_nothing_is_said_of_settings_that_ask_the_model(ollama: OllamaSandbox) -> None:
    out = io.StringIO()
    settings = LlmSettings(provider="ollama", ollama_host=ollama.url, ollama_model="gemma3:4b")
    assert await asyncio.to_thread(run_pull, settings, (), Console(file=out, width=100)) == 0
    assert "LLM_PROVIDER" not in out.getvalue()


async def test_a_list_is_pulled_each_once_and_what_fails_does_not_stop_the_rest(
    ollama: OllamaSandbox,
) -> None:
    code, text = await pulled(ollama, ["made-up", "gemma3:1b", "qwen3:8b", "gemma3:1b"], terminal=False)
    assert code == 1
    fix = "Ollama's library has none of that name, see https://ollama.com/library"
    assert f"made-up: model made-up is not there: {fix}" in text
    assert "made-up: pulling" not in text  # no bar is left of it
    assert [body["model"] for body in ollama.bodies("/api/pull")] == ["made-up", "gemma3:1b", "qwen3:8b"]
    assert {"gemma3:1b", "qwen3:8b"} <= ollama.server.library.there.keys()


async def test_no_answer_is_one_clear_line_and_exit_1(ollama: OllamaSandbox) -> None:
    await ollama.stop()
    code, text = await pulled(ollama)
    assert code == 1
    fix = "start it (`ollama serve`), or set OLLAMA_HOST to where it is"
    assert text == f"Ollama doesn't answer at {ollama.url}: {fix}\n"


async def test_a_pull_that_breaks_off_is_told_with_exit_1(ollama: OllamaSandbox) -> None:
    ollama.fail("no_done", "/api/pull", after=4)
    code, text = await pulled(ollama)
    assert code == 1
    assert "run it again, it goes on there" in text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("pulling 6a0746a1ec1a", "pulling"),
        ("pulling manifest", "pulling manifest"),
        ("verifying sha256 digest", "verifying sha256 digest"),
    ],
)
def test_a_parts_digest_is_not_told(said: str, told: str) -> None:
    assert plain_status(said) == told


def test_a_speed_is_told_only_while_something_comes() -> None:
    ticks = itertools.count()
    progress = Progress(get_time=lambda: float(next(ticks)))
    progress.add_task("gemma3:4b", total=3_000)
    [task] = progress.tasks
    for done in (1_000, 2_000):
        progress.update(task.id, completed=done)
    assert SpeedColumn().render(task).plain.endswith("/s")
    progress.update(task.id, completed=3_000)
    assert SpeedColumn().render(task).plain == ""


def test_the_models_of_the_settings_are_those_pulled() -> None:
    assert configured_models(LlmSettings(ollama_model="gemma3:27b")) == ["gemma3:27b"]


def test_every_ollama_model_that_a_chain_names_is_pulled_once() -> None:
    llm = {
        "provider": "ollama",
        "ollama_model": "gemma3:4b",
        "models": {"reply": "gemma3:27b"},
        "chains": {"classify": ["anthropic", "ollama/gemma3:1b"], "chat": ["ollama/gemma3:4b", "openai"]},
    }
    assert configured_models(LlmSettings.model_validate(llm)) == ["gemma3:1b", "gemma3:4b", "gemma3:27b"]


def environment(url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OLLAMA", "LLM"))}
    path = os.pathsep.join((child_environment()["PYTHONPATH"], str(ROOT)))
    return kept | {"PYTHONPATH": path, "OLLAMA_HOST": url, "OLLAMA_MODEL": "gemma3:4b"}


async def test_the_command_reads_the_settings_and_ctrl_c_is_130(
    ollama: OllamaSandbox, tmp_path: Path
) -> None:
    ollama.fail("hang", "/api/pull", after=3)
    child = await asyncio.create_subprocess_exec(
        *PYTHON, cwd=tmp_path, env=environment(ollama.url), stderr=subprocess.PIPE
    )
    asked = await ollama.wait_for(lambda entry: entry.get("path") == "/api/pull", timeout=60)
    child.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        _, errors = await child.communicate()
    assert asked["body"]["model"] == "gemma3:4b"
    assert child.returncode == 130
    assert b"the next pull goes on there" in errors
    assert b"Traceback" not in errors
    await ollama.wait_for(lambda entry: entry["kind"] == "end" and entry["outcome"] == "left")


async def test_settings_that_are_wrong_are_one_line_and_exit_1(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        *PYTHON, cwd=tmp_path, env=environment("ftp://nowhere"), stderr=subprocess.PIPE
    )
    async with asyncio.timeout(60):
        _, errors = await child.communicate()
    assert child.returncode == 1
    assert errors.decode().startswith("Can't pull: ")
    assert errors.count(b"\n") == 1


def test_no_library_is_loaded_before_a_model_is_asked() -> None:
    script = (
        "import sys, pkgutil, importlib, bot.llm\n"
        "names = ['bot.llm.' + m.name for m in pkgutil.iter_modules(bot.llm.__path__)]\n"
        "[importlib.import_module(name) for name in names if 'ollama' in name]\n"
        "from bot.llm.ollama import OllamaProvider\n"
        "OllamaProvider('http://127.0.0.1:1')\n"
        "heavy = {'ollama', 'httpx', 'discord', 'sqlalchemy', 'bot.services', 'bot.db'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
