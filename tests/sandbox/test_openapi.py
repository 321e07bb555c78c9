"""The check against Discord's description finds what is wrong, on made-up requests and answers."""

from typing import Any

import pytest

from tests.sandbox.openapi import check_pair, description

HISTORY = "GET /channels/{channel_id}/messages"
SEND = "POST /channels/{channel_id}/messages"
TYPING = "POST /channels/{channel_id}/typing"
UNBAN = "DELETE /guilds/{guild_id}/bans/{user_id}"
COMMANDS = "PUT /applications/{application_id}/commands"
ME = "GET /users/@me"


@pytest.fixture(autouse=True)
def _described() -> None:
    description()


def entry(route: str | None, status: int = 200, **more: Any) -> dict[str, Any]:
    method, _, path = (route or "GET /nowhere").partition(" ")
    made: dict[str, Any] = {
        "method": method,
        "path": path,
        "route": route,
        "status": status,
        "query": {},
        "body": None,
        "size": 0,
        "answered": True,
    }
    return made | {"files": [], "response": None, "error": None, "fault": None, **more}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (entry(None), "doesn't have"),
        (entry(SEND, 400, answered=False, error="ConnectionResetError('lost')"), "broke the sandbox"),
        (entry("GET /made/up"), "not described"),
        (entry(HISTORY, query={"limits": "5"}, response=[]), "query: limits is not described"),
        (entry(HISTORY, query={"limit": "101"}, response=[]), "query: limit may not be '101'"),
        (entry(HISTORY, query={"before": "first"}, response=[]), "query: before may not be 'first'"),
        (entry("GET /guilds/{guild_id}/members/search", response=[]), "query: query is missing"),
        (entry(TYPING, 204, body={"a": 1}), "none is described"),
        (entry(COMMANDS, response=[]), "has no body"),
        (entry(COMMANDS, body=[{"name": 5}], response=[]), "request: at $[0].name"),
        (entry(COMMANDS, body=[], files=["a.txt"], response=[]), "has files"),
        (entry(HISTORY, 201, response=[]), "answered 201"),
        (entry(HISTORY), "without a body"),
        (entry(TYPING, 204, response={}), "with a body"),
        (entry(HISTORY, response={}), "answer 200: at $:"),
        (entry(ME, response={"id": "1"}), "is a required property"),
        (entry(HISTORY, 403, response={"message": "no"}), "answer 403"),
        (entry(HISTORY, 429, response={"message": "no", "code": 0}, fault="429"), "answer 429"),
        (entry(HISTORY, 400, response={"message": "", "code": 1}, error="KeyError"), "broke the sandbox"),
        (entry(SEND, 502, body={"content": []}, fault="fail_after"), "request: at $.content"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_told(wrong: dict[str, Any], words: str) -> None:
    assert words in " ".join(check_pair(wrong))


@pytest.mark.parametrize(
    "right",
    [
        entry(HISTORY, query={"limit": "100", "around": "1"}, response=[]),
        entry(TYPING, 204),
        entry(UNBAN, 204),
        entry(COMMANDS, body=[{"name": "a", "description": "b", "options": None}], response=[]),
        entry(SEND, 502, fault="fail_before"),
        entry(SEND, 502, body={"content": "hi"}, fault="fail_after"),
        entry(SEND, 400, body={"content": []}, response={"message": "", "code": 50035}),
        entry(SEND, 400, answered=False),
        entry(SEND, 200, body=None, size=1 << 20, response=None, fault="drop"),
    ],
)
def test_what_is_right_passes(right: dict[str, Any]) -> None:
    assert check_pair(right) == []


def test_the_innermost_reason_is_told() -> None:
    option = {"type": 7, "name": "where", "description": "d", "channel_types": [99]}
    command = {"name": "a", "description": "b", "options": [{**option, "type": 1, "options": [option]}]}
    (problem,) = check_pair(entry(COMMANDS, body=[command], response=[]))
    assert "options[0].options[0].channel_types[0]: 99" in problem


def test_what_conformed_once_lets_only_its_like_pass() -> None:
    def sent(first: str, second: str, **more: Any) -> list[str]:
        body = {"content": "", "allowed_mentions": {"users": [first, second]}, **more}
        return check_pair(entry(SEND, 502, body=body, fault="fail_after"))

    one, other, third = "1573730714812153856", "1573730714812153857", "1573730714812153858"
    assert sent(one, other) == sent(other, third) == []
    assert sent(one, "0" + other)  # no snowflake
    assert sent(one, one)  # each only once
    assert sent(one, other, content=5)
