"""The page's logic, tested by node's own runner."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OLDEST = 20


def node() -> str:
    """Return node's path; skips without one that is new enough, which fails where CI is set."""
    found = shutil.which("node")
    version = (
        subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        if found
        else ""
    )
    parts = re.match(r"v(\d+)", version)
    if found and parts and int(parts[1]) >= OLDEST:
        return found
    reason = f"node {OLDEST} or newer is not here: {version.strip() or 'none'}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def test_the_pages_logic() -> None:
    files = sorted(str(path) for path in HERE.glob("*.test.mjs"))
    assert files
    run = subprocess.run([node(), "--test", *files], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
