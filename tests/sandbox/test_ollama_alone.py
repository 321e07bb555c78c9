"""`python -m sandbox.ollama`: the loopback Ollama as a process of its own."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import ollama
import pytest

from sandbox.ollama.answers import SCRIPTED

COMMAND = (sys.executable, "-m", "sandbox.ollama")


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[tuple[Process, str]]:
    """Start it, and end it with the block if it hasn't ended; yield it and its address."""
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            ready = json.loads(await process.stdout.readline())
        assert ready["note"] == SCRIPTED
        yield process, ready["url"]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_it_answers_by_its_script_and_ends_on_sigterm(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    rules = [
        {"contains": "router", "after": "Asked:", "answer": "Restart it."},
        {"answer": {"label": "other"}},
    ]
    script.write_text(json.dumps(rules))
    async with running("--model", "qwen3:4b", "--script", str(script)) as (process, url):
        client = ollama.AsyncClient(url, trust_env=False)
        said = []
        for text in ("my ROUTER is broken", "hello", "Said: the router. Asked: hello"):
            answer = await client.chat("qwen3:4b", [{"role": "user", "content": text}])
            said.append(answer.message.content)
        await client.close()  # type: ignore[no-untyped-call]
        assert said == ["Restart it.", *['{"label": "other"}'] * 2]
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await process.wait() == 0


async def test_it_ends_with_its_parent() -> None:
    async with running("--exit-with-parent") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(10):
            assert await process.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "no loopback address"),
        (["--script", "nowhere.json"], "No such file"),
        (["--script", "pyproject.toml"], "must be a JSON list"),
    ],
)
async def test_wrong_arguments_are_told(arguments: list[str], words: str) -> None:
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stderr=PIPE)
    async with asyncio.timeout(30):
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert words in errors.decode()
