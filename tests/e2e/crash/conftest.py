import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.crash.child import ROOT
from tests.e2e.crash.harness import Plan, Run, play

Survives = Callable[[type[Run[Any]], Plan], Awaitable[None]]


@pytest.fixture(scope="package")
def sandbox() -> Iterator[dict[str, Any]]:
    """A sandbox in a process of its own; the line it printed when it was ready."""
    command = [sys.executable, "-m", "sandbox", "--exit-with-parent"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def survives(sandbox: dict[str, Any], tmp_path: Path, sqlite_template: Path) -> Survives:
    """Play a plan; nothing may be wrong in the end, and the bot must have died wherever it was to."""

    async def survive(kind: type[Run[Any]], plan: Plan) -> None:
        outcome = await play(kind, plan, sandbox, tmp_path / "bot", sqlite_template)
        told = [str(plan), *outcome.faults(), f"see {outcome.folder}/bot.log"]
        assert not outcome.faults(), "\n".join(told)
        assert outcome.killed_at == plan.points

    return survive
