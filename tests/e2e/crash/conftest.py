import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.crash.child import ROOT


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
