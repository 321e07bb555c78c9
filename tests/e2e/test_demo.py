"""`python run.py demo` as people run it: the bot and the sandbox are real processes."""

import json
import os
import queue
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.demo import main
from bot.demo.language import EXPLAINED
from bot.demo.story import FAKE_KEY, STORY

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


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the encoder, which takes seconds to load: with it the checks and a death are tested."""
    monkeypatch.setenv("LOOKOUT_NLP__ENCODER", "off")


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


def read_until(process: subprocess.Popen[bytes], text: str) -> str:
    """Read the demo's output until `text` has come, and return what was read."""
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
    return seen.decode()


class Visitor:
    """Somebody at the chat page: speaks as the page does, with the address that was printed."""

    def __init__(self, shown: str) -> None:
        found = re.search(r"Open (http://[\d.:]+)/#([\w-]+)&as=(\d+) to look and take part", shown)
        assert found is not None, shown
        self._url, self._token, self.guest = found.groups()

    def do(self, operation: str, **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = httpx.post(f"{self._url}/op/{operation}", json=arguments, headers=headers, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def note(self, message_id: str, channel: str, title: str) -> dict[str, str]:
        """Return the rows of a message's note once it has that title."""
        deadline = time.monotonic() + DEADLINE
        found: Any = None
        while time.monotonic() < deadline:
            shown = self.do("screen", user=self.guest, channel=channel)
            found = next((each.get("note") for each in shown if each["id"] == message_id), None)
            if found and found["title"] == title:
                return dict(found["rows"])
        raise AssertionError(f"the note of message {message_id} is {found}, not {title!r}")


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
        "flagged messages has its note",
        "stored once",
        "in a thread: answered",
        "audit",
        "the summary has links to",
        "the summary says nothing of the staff channel",
        "stack trace is explained",
        "a dry run",
        "approved, and an issue",
        "picture is drawn",
        "no error",
        "the bot ended cleanly",
    ):
        assert any(expected in line for line in verdicts), expected
    assert list(scratch.iterdir()) == []
    assert processes_of(scratch) == {}


def test_scripted_words_say_so_in_the_terminal_and_in_every_text(scratch: Path) -> None:
    done = run_demo("--check", "--llm", "scripted")
    first, *verdicts, _ = done.stdout.splitlines()
    assert first == EXPLAINED
    assert [line for line in verdicts if not line.startswith("ok ")] == []
    assert (done.returncode, done.stderr) == (0, "")
    assert any("each of 3 answers says that its words are scripted" in line for line in verdicts)
    assert any("the loopback Ollama ended cleanly" in line for line in verdicts)
    assert processes_of(scratch) == {}


@pytest.mark.usefixtures("light")
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


@pytest.mark.usefixtures("light")
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


@pytest.mark.usefixtures("light")
def test_a_log_is_replayed_and_counted(
    scratch: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
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
    opened: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr("webbrowser.open", opened.put)
    assert main(["--transcript", str(path), "--speed", "1000", "--open", "--page-port", "0"]) == 0
    assert opened.get(timeout=DEADLINE).startswith("http://127.0.0.1:")
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


@pytest.mark.usefixtures("light")
@needs_signals
def test_what_people_write_at_the_page_is_handled_by_the_bot_and_shown(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKOUT_ORCHESTRATOR__CHANNEL_THROTTLE_SECONDS", "0")
    with started("--speed", "0", "--page-port", "0") as process:
        visitor = Visitor(read_until(process, "take part"))
        ended = read_until(process, "take part")  # the address again, where it is looked for
        assert "Still running" in ended
        assert ended.count("Lea  #general") == 2  # as written in the story, and not once more as typed
        me = visitor.guest

        asked = visitor.do("say", author=me, channel="help", content="How do I dim my lamp? Any ideas?")
        shown = read_until(process, "↳ Lookout  #help")
        assert re.search(r"Lea  #help\n  How do I dim my lamp\? Any ideas\?\n  ◆ .* help request", shown)
        rows = visitor.note(asked["id"], "help", "help request: answered")
        assert (rows["intent"], rows["plan"], rows["where"]) == (
            "help request",
            "answer (help request)",
            "#help",
        )
        assert rows["action"] == "reply in #help: sent"

        said = visitor.do("say", author=me, channel="general", content="my token is " + FAKE_KEY)
        assert "stored as: my token is [redacted" in read_until(process, "stored as: my token is [redacted")
        visitor.do("edit", message=said["id"], by=me, content="my token is my own")
        assert "Lea edits that to\n  my token is my own" in read_until(process, "nothing asked")
        assert "stored as" not in visitor.note(said["id"], "general", "nothing asked")
        visitor.do("delete", message=said["id"], by=me)
        assert "Lea has a message deleted" in read_until(process, "stored: nothing any more")

        visitor.do("say", author="jonas", channel="staff", content="help, how do I do this?")
        assert "Jonas  #staff" in read_until(process, "not observed: the bot watches the channels")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.usefixtures("light")
@needs_signals
def test_a_page_port_that_is_taken_is_told_and_another_one_used(scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with started("--speed", "0", "--page-port", str(port)) as process:
            shown = read_until(process, "take part")
            assert f"Port {port} is taken" in shown
            assert f":{port}/" not in shown
            assert Visitor(shown).do("application_of")["bot_id"]
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=DEADLINE)


@pytest.mark.usefixtures("light")
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
        assert sum("-m bot.nlp" not in called for called in children.values()) == 2  # beside the encoder's
        (sandbox,) = [number for number, called in children.items() if "-m sandbox" in called]
        os.kill(sandbox, signal.SIGKILL)
        out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert err.decode().startswith("The demo stopped: the sandbox ended by itself with exit code -9")
    assert b"Traceback" not in out + err
    assert processes_of(scratch) == {}
