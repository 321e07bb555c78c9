"""Keeps a process on loopback: what would leave it is refused, and written down for the test to fail by.

Python imports a module of this name at the start of every process that finds one on its path. The tests put
this folder there for the processes they start, and the name of a file into `RECORD`; without it nothing
happens.
"""

import ipaddress
import os
import sys
import traceback
from pathlib import Path
from typing import Any

RECORD = "TESTS_LEFT_LOOPBACK"  # in the environment: the file attempts are written to
_ROOT = str(Path(__file__).resolve().parents[2])
_OF_A_SOCKET = 1
_BY_NAME = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})  # of an address they send nothing
_PLACE = {  # of the address among an audit event's arguments: https://docs.python.org/3/library/audit_events.html
    "socket.connect": _OF_A_SOCKET,
    "socket.sendto": _OF_A_SOCKET,
    "socket.sendmsg": _OF_A_SOCKET,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
    "socket.getnameinfo": 0,
}


class LeftLoopbackError(ConnectionError):
    """Something but loopback was to be reached."""


def is_loopback(address: object) -> bool:
    """Whether reaching `address` stays on this machine: a host, a socket's address, or None."""
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(host, bytes):
        host = os.fsdecode(host)
    if not isinstance(host, str) or not host or host.lower() == "localhost":
        return True
    ip = ip_of(host)
    return ip is not None and ip.is_loopback


def ip_of(host: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address a host is written as, None for a name."""
    try:
        return ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return None


def keep(record: Path) -> None:
    """Refuse what leaves loopback from now on, and append it to `record`; a process can't undo this."""
    place_of = _PLACE.get  # when the process ends, modules lose their names before the last event

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        place = place_of(event)
        if place is None:
            return
        address = arguments[place]
        is_unix = place == _OF_A_SOCKET and not isinstance(address, tuple)
        if is_unix or is_loopback(address) or (event in _BY_NAME and ip_of(address) is not None):
            return
        told = f"{event} to {address!r} by process {os.getpid()}{_caller()}"
        write_down(record, told)
        raise LeftLoopbackError(f"tests stay on loopback: {told}")

    sys.addaudithook(watch)


def write_down(record: Path, told: str) -> None:
    """Append a line to `record`."""
    # No open(): a test may have put something else in its place.
    file = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{told}\n".encode())
    finally:
        os.close(file)


def _caller() -> str:
    """Return the project's innermost line that is under way, "" where there is none."""
    for frame in reversed(traceback.extract_stack()):
        if frame.filename.startswith(_ROOT) and frame.filename != __file__:
            return f" at {frame.filename}:{frame.lineno}"
    return ""


if __name__ == "sitecustomize" and RECORD in os.environ:
    keep(Path(os.environ[RECORD]))
