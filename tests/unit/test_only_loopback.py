"""The guard that keeps tests on loopback, in a test run of its own that breaks the rule."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.only_loopback.plugin import FOLDER, NODE_OPTIONS
from tests.only_loopback.sitecustomize import RECORD, is_loopback

ROOT = Path(__file__).parents[2]
FAR = "192.0.2.1"  # for documentation (RFC 5737): nobody answers there
HOOKS = (
    "from tests.only_loopback.plugin import pytest_configure, pytest_runtest_teardown, pytest_unconfigure\n"
)
SUITE = f"""
import asyncio, socket, subprocess, sys
import httpx

def swallowed(work):
    try:
        work()
    except OSError:
        pass

def test_connects(): swallowed(lambda: socket.create_connection(("{FAR}", 80), 0.1))
def test_tries_to_connect(): swallowed(lambda: socket.socket().connect_ex(("{FAR}", 80)))
def test_sends(): swallowed(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("{FAR}", 53)))
def test_asks_for_a_name(): swallowed(lambda: socket.getaddrinfo("lookout.example", 80))
def test_asks_on_the_loop(): swallowed(lambda: asyncio.run(asyncio.open_connection("lookout.example", 80)))
def test_connects_on_the_loop(): swallowed(lambda: asyncio.run(asyncio.open_connection("{FAR}", 80)))

def test_asks_by_a_client():
    try:
        httpx.get("http://{FAR}", timeout=0.1, trust_env=False)
    except httpx.ConnectError:
        pass

def test_has_a_child_that_connects():
    code = "import socket; socket.create_connection(('{FAR}', 80), 0.1)"
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode == 1

def test_stays():
    try:
        socket.socket(socket.AF_UNIX).connect("nobody-listens-here")
    except FileNotFoundError:
        pass
    server = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(("localhost", server.getsockname()[1]), 5).close()
    assert socket.getaddrinfo("0.0.0.0", 80)  # as before listening: an address is no question to anybody
"""

FROM_NODE = f"""
import dgram from "node:dgram";
import dns, {{ lookup }} from "node:dns";
import http from "node:http";
import net, {{ connect }} from "node:net";
import tls from "node:tls";

const seen = [];
async function refused(work) {{
  try {{
    await work();
    seen.push("not refused");
  }} catch (error) {{
    if (!(error.cause ?? error).message.startsWith("tests stay on loopback")) seen.push(error.message);
  }}
}}
await refused(() => connect(80, "{FAR}"));
await refused(() => new net.Socket().connect({{ host: "{FAR}", port: 80 }}));
await refused(() => tls.connect({{ host: "lookout.example", port: 443 }}));
await refused(() => http.get("http://lookout.example"));
await refused(() => fetch("http://{FAR}"));
await refused(() => lookup("lookout.example", () => undefined));
await refused(() => dns.promises.resolve4("localhost"));
const socket = dgram.createSocket("udp4");
await refused(() => socket.send("x", 53, "{FAR}"));
socket.close();

const server = http.createServer((_, response) => response.end("here")).listen(0, "127.0.0.1");
await new Promise((done) => server.once("listening", done));
for (const host of ["127.0.0.1", "localhost"])
  seen.push(await (await fetch(`http://${{host}}:${{server.address().port}}`)).text());
seen.push((await dns.promises.lookup("127.0.0.1")).address);
server.close();
server.closeAllConnections?.();
console.log(seen.join());
"""


def test_a_test_that_leaves_loopback_fails_even_when_its_code_swallows_the_error(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "test_suite.py").write_text(SUITE)
    env = {name: value for name, value in os.environ.items() if name != RECORD}
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-rA",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:asyncio",
            str(tmp_path),
        ],
        cwd=tmp_path,
        env=env | {"PYTHONPATH": os.pathsep.join((FOLDER, str(ROOT)))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    names = [line[4:].partition("(")[0] for line in SUITE.splitlines() if line.startswith("def test_")]
    caught = {
        line.partition("::")[2].partition(" - ")[0] for line in run.stdout.splitlines() if line[:5] == "ERROR"
    }
    assert caught - {""} == set(names) - {"test_stays"}, run.stdout + run.stderr
    assert f"left loopback, which no test may:\nsocket.connect to ('{FAR}', 80) by process" in run.stdout


def test_a_node_process_is_refused_whatever_leaves_loopback_and_it_is_written_down(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no node on the path")
    assert os.environ["NODE_OPTIONS"] == NODE_OPTIONS
    record = tmp_path / "record"
    run = subprocess.run(
        [node, "--input-type=module", "-e", FROM_NODE],
        env=os.environ | {RECORD: str(record)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout == "here,here,127.0.0.1\n", run.stdout + run.stderr
    assert [line.partition(" by node process ")[0] for line in record.read_text().splitlines()] == [
        f"net.connect to '{FAR}'",
        f"net.connect to '{FAR}'",
        "net.connect to 'lookout.example'",
        "net.connect to 'lookout.example'",
        f"net.connect to '{FAR}'",
        "dns.lookup to 'lookout.example'",
        "dns.resolve4 to 'localhost'",
        f"dgram.send to '{FAR}'",
    ]


def test_this_very_process_is_guarded() -> None:
    """Asked of an event alone, so that nothing is written down."""
    assert os.environ[RECORD]
    with pytest.raises(
        ConnectionError, match=r"tests stay on loopback: socket.gethostbyname to 'lookout.example'"
    ):
        sys.audit("socket.gethostbyname", "lookout.example")
    Path(os.environ[RECORD]).write_text("")


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        (("127.0.0.1", 5432), True),
        (("127.9.9.9", 1), True),
        (("::1", 1, 0, 0), True),
        ("localhost", True),
        (None, True),
        (b"127.0.0.1", True),
        (("0.0.0.0", 1), False),
        (("10.0.0.1", 1), False),
        (("fe80::1%eth0", 1, 0, 2), False),
        ("lookout.example", False),
        ("localhost.lookout.example", False),
        ("127.0.0.1.lookout.example", False),
    ],
    ids=str,
)
def test_what_counts_as_loopback(address: object, stays: bool) -> None:
    assert is_loopback(address) is stays
