"""Faults are checked before any is set, and whatever is set the API never answers a plain 500."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.faults import Rule
from tests.sandbox.raw import Http

RULE = {"pattern": "GET /users/@me", "action": "429"}
NUMBERS: list[Any] = [-1, "1", None, math.nan, math.inf]
CHANCES = [1.1, -0.1, "x", True, [], {}, None, math.nan]
JUNK: dict[str, list[Any]] = {
    **dict.fromkeys(("latency", "event_latency", "order_gap"), NUMBERS),
    **dict.fromkeys(("chaos", "reorder", "duplicate_events", "drop_sockets", "lose_sessions"), CHANCES),
    **{name: [0, "true", None] for name in ("enforce_nonce", "mute_acks", "clear")},
    "own_events": ["later", 5, [], ""],
    "seed": ["x", 1.5, [], True],
    "rules": ["x", 5, {}, [5], [None], [{}], [{"pattern": "**"}], [{"action": "429"}]],
    "latencyy": [1],
}
RULE_JUNK: dict[str, list[Any]] = {
    "action": ["fail", 429, None, ["429"]],
    "pattern": ["", 5, None, []],
    "status": [0, 99, 100, 200, 600, 9999, "503", None, 503.5, True],
    "times": [0, -1, "1", 1.5, None],
    "retry_after": [*NUMBERS, []],
    "scope": ["all", 5, None],
    "is_global": [1, None],
    "_regex": ["x"],
    "when": ["before"],
}
WRONG = [{name: junk} for name, many in JUNK.items() for junk in many]
WRONG += [{"rules": [RULE | {name: junk}]} for name, many in RULE_JUNK.items() for junk in many]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
async def test_a_fault_that_makes_no_sense_is_told_and_changes_nothing(room: Sandbox, wrong: Any) -> None:
    await room.set_faults(mute_acks=True)
    before = room.faults.describe()
    with pytest.raises(ValueError, match=r".+"):
        await room.set_faults(**({"clear": True, "latency": 0.5, "rules": [RULE]} | wrong))
    assert room.faults.describe() == before


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("fail", {"when": "later"}),
        ("fail", {"status": 1000}),
        ("fail", {"times": 0}),
        ("rate_limit", {"scope": "mine"}),
        ("rate_limit", {"retry_after": -1.0}),
        ("drop", {"times": -1}),
        ("drop", {"route": ""}),
    ],
)
async def test_the_driver_checks_its_rules_too(room: Sandbox, method: str, args: Any) -> None:
    with pytest.raises(ValueError, match="can't be"):
        getattr(room.faults, method)(**args)
    assert room.faults.rules == []


async def test_a_mistake_says_what_would_be_right(room: Sandbox) -> None:
    for wrong, words in (
        ({"chaos": 2}, "chaos is a chance from 0 to 1, it can't be 2"),
        ({"own_events": "x"}, "own_events is one of None, before, after, it can't be 'x'"),
        ({"rules": [RULE | {"status": 99}]}, "status is a whole number from 400 to 599, it can't be 99"),
        ({"rules": [RULE | {"x": 1}]}, "no field of a rule named 'x'; there are action, is_global, pattern"),
    ):
        with pytest.raises(ValueError, match=r".+") as told:
            await room.set_faults(**wrong)
        assert words in str(told.value)


def test_every_field_of_a_rule_can_be_set() -> None:
    full = {"action": "fail_after", "times": 2, "status": 599, "retry_after": 0, "scope": "shared"}
    assert Rule.of(full | {"pattern": "**", "is_global": True}).times == 2


anything = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 1000), st.floats(), st.text(max_size=5), st.lists(st.none())
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    action=st.sampled_from(["429", "fail_before", "fail_after"]),
    rule=st.dictionaries(
        st.sampled_from(["times", "status", "retry_after", "scope", "is_global", "pattern"]),
        anything | st.sampled_from([400, 429, 500, 599, 1e308, "shared", "global", "user", "GET (", "[**"]),
        max_size=4,
    ),
)
async def test_whatever_passes_the_check_is_answered_as_asked(
    room: Sandbox, http: Http, action: str, rule: dict[str, Any]
) -> None:
    try:
        await room.set_faults(rules=[RULE | {"action": action} | rule])
    except ValueError:
        return
    assert room.faults.rules
    async with http._session.get(room.api_url + "/users/@me", headers=http._headers) as reply:
        asked = room.record.requests()[-1]
        assert (reply.status, asked["error"]) == (asked["status"], None)
    await room.set_faults(clear=True)


async def test_switches_set_past_the_check_are_no_500(room: Sandbox, http: Http) -> None:
    room.faults.latency = "soon"  # type: ignore[assignment]
    assert (await http("GET", "/users/@me")).status == 400
