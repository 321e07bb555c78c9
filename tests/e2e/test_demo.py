"""`python run.py demo` as people run it: the bot and the sandbox are real processes."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.demo import main
from bot.demo.story import STORY

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 90.0  # seconds; several tests share the machine
needs_signals = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which the demo makes its temporary one; it names its processes too."""
    folder = tmp_path / "demo"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("LOOKOUT_IN_VENV", "1")  # run.py needn't install anything
    return folder


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "run.py", "demo", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=DEADLINE, check=False
    )


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the demo, and end it however the test ends."""
    command = [sys.executable, "-u", "run.py", "demo", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[bytes], text: str) -> None:
    """Read the demo's output until `text` has come."""
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    seen, deadline = b"", time.monotonic() + DEADLINE
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while text.encode() not in seen:
            assert selector.select(deadline - time.monotonic()), f"{text!r} did not come: {seen.decode()}"
            chunk = process.stdout.read()
            assert chunk, f"the demo ended: {seen.decode()}"
            seen += chunk
    os.set_blocking(process.stdout.fileno(), True)


def processes_of(scratch: Path) -> dict[int, str]:
    """Return what runs with the demo's folder in its command or environment: commands by process id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) in (os.getpid(), os.getppid()):
            continue
        try:
            called = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
            told = called + (entry / "environ").read_bytes()
        except OSError:
            continue
        if f"{scratch}/lookout-demo-".encode() in told:
            found[int(entry.name)] = called.decode(errors="replace")
    return found


def test_check_holds_and_leaves_nothing_behind(scratch: Path) -> None:
    done = run_demo("--check")
    *verdicts, total = done.stdout.splitlines()
    assert [line for line in verdicts if not line.startswith("ok ")] == []
    assert (done.returncode, done.stderr) == (0, "")
    assert len(verdicts) > len(STORY.lines)
    assert total == f"{len(verdicts)} of {len(verdicts)} expectations hold"
    for expected in (
        "connected",
        "stored once",
        "in a thread: answered",
        "audit",
        "no error",
        "the bot ended cleanly",
    ):
        assert any(expected in line for line in verdicts), expected
    assert list(scratch.iterdir()) == []
    assert processes_of(scratch) == {}


def test_check_fails_where_the_bot_does_not_do_what_is_expected(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOKOUT_ORCHESTRATOR__AUTO_REPLY", "false")
    assert main(["--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    failed = [line for line in lines if line.startswith("FAILED")]
    assert sum("0 replies, not 1" in line for line in failed) == 4
    assert any("a clear help request" in line for line in failed)
    assert not any("small talk" in line for line in failed)
    (folder,) = scratch.iterdir()  # for who wants to know why
    assert str(folder) in lines[-1]
    assert (folder / "bot.log").stat().st_size > 0


def test_a_bot_that_cannot_start_is_told_with_the_end_of_its_log(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOKOUT_ORCHESTRATOR__MIN_CONFIDENCE", "9")
    assert main(["--speed", "0"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("The demo stopped: the bot ended by itself with exit code 1\n")
    assert "orchestrator.min_confidence" in shown
    assert "Traceback" not in shown
    assert processes_of(scratch) == {}


def test_a_log_is_replayed_and_counted(
    scratch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [
        ("bot", "morning all"),
        ("12345678901234567890", "hi all, how do I reset my password?"),
        ("owner", "\x1b[31mlol\x1b[0m " + "x" * 2500),
        ("bot", " "),
        ("bot", "thanks, that fixed it"),
    ]
    messages = [
        {"ts": f"2026-03-01T12:00:{second:02}Z", "author": author, "text": text}
        for second, (author, text) in enumerate(texts)
    ]
    path = tmp_path / "day.jsonl"
    path.write_text(json.dumps({"id": "a-day", "messages": messages}) + "\n", "utf-8")
    assert main(["--transcript", str(path), "--speed", "1000"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "12:00:01  12345678901234567890" in shown
    totals = dict(line.rsplit(None, 1) for line in shown.splitlines()[-7:])
    assert totals == {
        "messages": "4",
        "stored": "4",
        "help requests": "1",
        "replies": "1",
        "left out, empty": "1",
        "shortened": "1",
        "errors logged": "none",
    }
    assert list(scratch.iterdir()) == []


@needs_signals
@pytest.mark.parametrize(
    ("moment", "code"),
    [
        pytest.param("Starting", 130, id="while starting"),
        pytest.param("Still running", 0, id="at the end"),
    ],
)
def test_ctrl_c_ends_both_children_without_a_traceback(scratch: Path, moment: str, code: int) -> None:
    with started("--speed", "0") as process:
        read_until(process, moment)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
        assert process.returncode == code, err
    assert time.monotonic() - began < 30
    assert (err, b"Both have ended" in out) == (b"", True)
    assert processes_of(scratch) == {}
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the processes in /proc")
def test_a_sandbox_that_dies_is_told_and_takes_the_bot_along(scratch: Path) -> None:
    with started("--speed", "0.5") as process:
        read_until(process, "Both are up")
        children = processes_of(scratch)
        assert len(children) == 2
        (sandbox,) = [number for number, called in children.items() if "-m sandbox" in called]
        os.kill(sandbox, signal.SIGKILL)
        out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert err.decode().startswith("The demo stopped: the sandbox ended by itself with exit code -9")
    assert b"Traceback" not in out + err
    assert processes_of(scratch) == {}
