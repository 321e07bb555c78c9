"""The page's own tests: its pure modules under node's test runner."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
OLDEST = 18


def node() -> str:
    """Return the path of node; a test without a recent one is skipped, in CI it fails."""
    found = shutil.which("node")
    if found is not None:
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.removeprefix("v").partition(".")[0]) >= OLDEST:
            return found
    problem = f"node {OLDEST} or newer is not on the path"
    if os.environ.get("CI"):
        pytest.fail(problem)
    pytest.skip(problem)


def test_modules_of_the_page() -> None:
    files = sorted(str(path) for path in FOLDER.glob("*.test.mjs"))
    ran = subprocess.run(
        [node(), "--test", "--test-reporter=tap", *files],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-1000:]
    passed = re.search(r"^# pass (\d+)$", ran.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= len(files)
