"""Operations that disturb: faults, cut sockets, reconnect requests, forged events, lost sessions."""

import asyncio
from typing import Any

from sandbox.actions import interactions
from sandbox.buckets import PROFILES
from sandbox.core import Core
from sandbox.ops.registry import Ref, operation, the_app, the_channel, the_user
from sandbox.sessions import Session

MAX_SETTING = 10**9


def _sessions(core: Core, app: Ref) -> list[Session]:
    return core.hub.live(the_app(core, app).id if app is not None else None)


@operation
def faults(core: Core, **settings: Any) -> dict[str, Any]:
    """Set fault switches and return them all; `clear=true` first makes everything work again."""
    core.faults.configure(settings)
    core.record.add("fault", settings=settings)
    return core.faults.describe()


@operation
def kick(
    core: Core,
    resumable: bool = True,
    code: int | None = None,
    app: Ref = None,
) -> dict[str, Any]:
    """Drop gateway sockets, cut or closed with `code`; when not resumable their sessions are forgotten."""
    dropped = _sessions(core, app)
    for session in dropped:
        connection = session.connection
        if connection is None:
            continue
        if code is not None:
            core.background(connection.close(code))
            session.detach(connection)
        core.hub.cut(session, resumable=resumable)
    core.record.add("fault", settings={"kick": len(dropped), "resumable": resumable, "code": code})
    return {"dropped": len(dropped)}


@operation
def reconnect(core: Core, app: Ref = None) -> dict[str, Any]:
    """Ask clients to reconnect and resume (op 7)."""
    return _tell(core, app, 7, None)


@operation
def invalidate(core: Core, resumable: bool = False, app: Ref = None) -> dict[str, Any]:
    """Tell clients that their session is invalid (op 9)."""
    sessions = _sessions(core, app)
    told = _tell(core, app, 9, resumable)
    for session in sessions:
        if not resumable:
            core.hub.sessions.pop(session.id, None)
        if session.connection is not None:
            connection = session.connection
            session.detach(connection)
            connection.session = None
    return told


@operation
def ask_heartbeat(core: Core, app: Ref = None) -> dict[str, Any]:
    """Ask clients for a heartbeat at once (op 1)."""
    return _tell(core, app, 1, None)


def _tell(core: Core, app: Ref, op: int, data: Any) -> dict[str, Any]:
    told = 0
    for session in _sessions(core, app):
        if session.connection is not None:
            session.connection.send_op(op, data)
            told += 1
    core.record.add("fault", settings={"op": op, "told": told})
    return {"told": told}


@operation
def forget_sessions(core: Core) -> None:
    """Forget sessions without a socket, so that a resume gets op 9 false."""
    for session in list(core.hub.sessions.values()):
        if session.connection is None:
            del core.hub.sessions[session.id]


@operation
def inject(core: Core, event: str, data: Any, app: Ref = None) -> None:
    """Send any JSON as an event: an unknown type, a forged duplicate, nonsense."""
    core.hub.raw(event, data, the_app(core, app).id if app is not None else None)


@operation
def forge(
    core: Core, user: Ref, channel: Ref, data: dict[str, Any], kind: int = 2, app: Ref = None
) -> dict[str, Any]:
    """Start an interaction with data no client would send; return {interaction_id}."""
    where = (the_channel(core, channel), the_user(core, user))
    return {"interaction_id": interactions.start(core, the_app(core, app), kind, where, data).id}


@operation
def settings(core: Core, **values: Any) -> dict[str, Any]:
    """Change timings and limits: heartbeat_interval, interaction_deadline, rate_limits, ..."""
    names = (
        "heartbeat_interval",
        "identify_interval",
        "max_concurrency",
        "session_starts",
        "guilds_per_shard",
        "member_request_interval",
        "session_timeout",
        "interaction_deadline",
        "interaction_lifetime",
        "nonce_window",
        "replay_limit",
        "shards",
        "rate_limits",
        "join_messages",
    )
    for name, value in values.items():
        if name not in names:
            raise ValueError(f"no setting {name!r}; there are {', '.join(names)}")
        _check_setting(name, value)
    for name, value in values.items():
        setattr(core, name, type(getattr(core, name))(value))
    return {name: getattr(core, name) for name in names}


def _check_setting(name: str, value: Any) -> None:
    if name == "rate_limits":
        if not isinstance(value, str) or value not in PROFILES:
            raise ValueError(f"no rate limits {value!r}; there are {', '.join(PROFILES)}")
    elif name == "join_messages":
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false, it can't be {value!r}")
    else:
        low = 1 if name in ("max_concurrency", "shards") else 0
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= MAX_SETTING:
            raise ValueError(f"{name} is a number from {low}, it can't be {value!r}")


@operation
def connected(core: Core, app: Ref = None) -> dict[str, Any]:
    """Return how many sessions are live, and the record's last number."""
    return {
        "sessions": len(_sessions(core, app)),
        "last": core.record.last,
        "time": asyncio.get_running_loop().time(),
    }
