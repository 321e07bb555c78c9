from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.llm.tool_policy import ToolPolicy, ToolRule, allowed_calls, fault, policy_for
from bot.llm.types import Task, ToolCall, ToolSpec

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "minLength": 1, "maxLength": 20, "pattern": "^[a-z ]+$"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 5},
        "kind": {"enum": ["new", "old", 1]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
        "where": {"type": "object", "properties": {"channel_id": {"type": ["string", "integer"]}}},
        "exact": {"type": ["boolean", "null"]},
        "score": {"type": "number"},
        "always": {"const": True},
        "extra": {"type": "object", "additionalProperties": {"type": "number"}},
    },
    "required": ["query"],
    "additionalProperties": False,
}
SPEC = ToolSpec("search", "", SCHEMA)
POLICY = ToolPolicy((SPEC,), {"channel_id": {1, "2"}})


def call(name: str = "search", **arguments: Any) -> ToolCall:
    return ToolCall("c", name, {"query": "abc"} | arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"limit": 5, "kind": "old", "tags": ["a"], "exact": None, "score": 1},
        {"limit": 3.0},
        {"where": {"channel_id": 1}},
        {"where": {"channel_id": "2"}},
        {"extra": {"a": 1.5}, "always": True},
    ],
    ids=repr,
)
def test_a_call_that_fits_is_made(arguments: dict[str, Any]) -> None:
    wanted = call(**arguments)
    assert allowed_calls([wanted], POLICY) == ((wanted,), ())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"query": ""}, "arguments.query is too short or too long"),
        ({"query": "x" * 21}, "arguments.query is too short or too long"),
        ({"query": "A!"}, "arguments.query is not of the form allowed"),
        ({"query": 5}, "arguments.query is no string"),
        ({"limit": 6}, "arguments.limit is too small or too large"),
        ({"limit": True}, "arguments.limit is no integer"),
        ({"kind": "1"}, "arguments.kind is none of the values allowed"),
        ({"kind": True}, "arguments.kind is none of the values allowed"),
        ({"always": False}, "arguments.always is none of the values allowed"),
        ({"tags": []}, "arguments.tags has too few or too many items"),
        ({"tags": ["a", 2]}, "arguments.tags[1] is no string"),
        ({"as_user": "x"}, "arguments has a property that is not in its schema"),
        ({"where": {"guild": 1}}, "arguments.where has a property that is not in its schema"),
        ({"where": {"channel_id": 3}}, "channel_id is not within what the member may use"),
        ({"extra": {"a": "x"}}, "arguments.extra.* is no number"),
        ({"score": float("nan")}, "arguments that are no JSON"),
        ({"query": {1, 2}}, "arguments that are no JSON"),
        ({"query": "x" * 5_000}, "arguments too long"),
    ],
    ids=lambda each: repr(each)[:40],
)
def test_a_call_that_does_not_fit_is_dropped(arguments: dict[str, Any], reason: str) -> None:
    allowed, dropped = allowed_calls([call(**arguments)], POLICY)
    assert allowed == ()
    assert [each.reason for each in dropped] == [reason]


def test_a_missing_argument_drops_the_call() -> None:
    dropped = allowed_calls([ToolCall("c", "search", {})], POLICY).dropped
    assert [each.reason for each in dropped] == ["arguments.query is missing"]


@pytest.mark.parametrize("name", ["ban", "Search", "search ", "", "sеarch"])  # noqa: RUF001
def test_another_tool_is_not_called(name: str) -> None:
    assert allowed_calls([call(name)], POLICY).allowed == ()


def test_there_is_an_end_to_calls() -> None:
    calls = [call(limit=at) for at in (1, 2, 3, 4, 5)]
    allowed, dropped = allowed_calls(calls, POLICY)
    assert allowed == tuple(calls[:4])
    assert [each.reason for each in dropped] == ["more than 4 calls"]


def test_nothing_is_allowed_by_default() -> None:
    assert allowed_calls([call()], ToolPolicy()).allowed == ()


def test_task_and_rights_decide_what_is_offered() -> None:
    rules = [
        ToolRule(SPEC, frozenset({Task.CHAT})),
        ToolRule(
            ToolSpec("ban", "", {"type": "object"}), frozenset({Task.CHAT}), frozenset({"staff", "ban"})
        ),
    ]
    assert [tool.name for tool in policy_for(rules, Task.CHAT, {"staff"}).tools] == ["search"]
    assert [tool.name for tool in policy_for(rules, Task.CHAT, {"staff", "ban"}).tools] == ["search", "ban"]
    assert policy_for(rules, Task.SUMMARIZE, {"staff", "ban"}).tools == ()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#/x"}}},
        {"type": "object", "anyOf": []},
        {"type": "string"},
        {"type": "object", "properties": {"a": {"type": "date"}}},
        {"type": "object", "properties": {"a": 5}},
    ],
    ids=repr,
)
def test_a_schema_that_cannot_be_checked_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="tool x: its schema"):
        ToolRule(ToolSpec("x", "", schema), frozenset())


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-1, 7), st.sampled_from(["", "ab", "A", "new"]), st.floats(0, 6)
    ),
    lambda each: st.one_of(
        st.lists(each, max_size=3),
        st.dictionaries(st.sampled_from([*SCHEMA["properties"], "z"]), each, max_size=4),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"], "z"]), VALUES, max_size=5))
def test_it_judges_as_json_schema_does(value: dict[str, Any]) -> None:
    strict = {
        **SCHEMA,
        "properties": {
            **SCHEMA["properties"],
            "where": {**SCHEMA["properties"]["where"], "additionalProperties": False},
        },
    }
    assert (fault(value, SCHEMA) == "") == jsonschema.Draft202012Validator(strict).is_valid(value)
