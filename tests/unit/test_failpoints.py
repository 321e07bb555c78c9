import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOUR_TIMES = """
from bot.services.failpoints import fail_point
for number in range(1, 5):
    fail_point("action.before_send")
    fail_point("action.after_send")
    print(number, flush=True)
"""


def passed(armed: str) -> tuple[int, list[str]]:
    """Run a process that passes two points four times; return its exit code and the passes it survived."""
    run = subprocess.run(
        [sys.executable, "-c", FOUR_TIMES],
        cwd=REPOSITORY,
        env=os.environ | {"LOOKOUT_FAIL_POINT": armed},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return run.returncode, run.stdout.split()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize(
    ("armed", "survived"),
    [("action.before_send", []), ("action.after_send:3", ["1", "2"])],
    ids=["the first time", "the third time"],
)
def test_the_process_kills_itself_at_the_point(armed: str, survived: list[str]) -> None:
    assert passed(armed) == (-signal.SIGKILL, survived)


def test_nothing_happens_without_being_asked() -> None:
    assert passed("") == (0, ["1", "2", "3", "4"])
