"""`python run.py pull`: a bar, a clear word when something fails, and the exit codes."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

import run
from bot.llm.pull import configured_models, run_pull
from bot.settings import LlmSettings
from sandbox.ollama import OllamaSandbox

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
    assert "gemma3:4b" in ollama.server.library.there


async def test_a_list_is_pulled_each_once_and_what_fails_does_not_stop_the_rest(
    ollama: OllamaSandbox,
) -> None:
    code, text = await pulled(ollama, ["made-up", "gemma3:1b", "qwen3:8b", "gemma3:1b"])
    assert code == 1
    assert "made-up: model made-up is not there" in text
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
    return kept | {"PYTHONPATH": str(ROOT), "OLLAMA_HOST": url, "OLLAMA_MODEL": "gemma3:4b"}


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
