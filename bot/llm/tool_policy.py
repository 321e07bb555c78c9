"""Which tools a model may call, decided by the task and the member it works for, never by what it read."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from bot.llm.types import Task, ToolCall, ToolSpec

MAX_ARGUMENTS: Final = 4_000  # characters of a call's arguments, as JSON
_MAX_DEPTH: Final = 8
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_KNOWN: Final = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum", "const"}
    | {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern"}
    | {"title", "description", "default", "examples", "$schema"}
)


@dataclass(frozen=True, slots=True)
class ToolRule:
    """A tool, and who may have it called.

    Attributes:
        spec: its schema may use the keywords this file knows and no others.
        tasks: in which it is offered.
        needs: rights the member must have, all of them.
    """

    spec: ToolSpec
    tasks: frozenset[Task]
    needs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a schema that could not be checked.

        Raises:
            ValueError: it has a keyword that isn't known here.
        """
        _check_schema(self.spec.parameters, self.spec.name)


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """What one answer may do.

    Attributes:
        tools: offered to the model; nothing else is called.
        within: for the name of an argument, the values it may have, wherever it stands: such as the channels
            the member can read for "channel_id".
        max_calls: in one answer.
    """

    tools: tuple[ToolSpec, ...] = ()
    within: Mapping[str, Collection[str | int]] = field(default_factory=dict)
    max_calls: int = 4


class Dropped(NamedTuple):
    """A call that is not made, and why; the words are for logs and hold nothing the model wrote."""

    call: ToolCall
    reason: str


class Sifted(NamedTuple):
    """The calls of an answer."""

    allowed: tuple[ToolCall, ...]
    dropped: tuple[Dropped, ...]


def policy_for(
    rules: Sequence[ToolRule],
    task: Task,
    rights: Collection[str],
    within: Mapping[str, Collection[str | int]] | None = None,
) -> ToolPolicy:
    """Return what `task` may do for a member who has `rights`."""
    tools = (rule.spec for rule in rules if task in rule.tasks and rule.needs <= set(rights))
    return ToolPolicy(tuple(tools), within or {})


def allowed_calls(calls: Sequence[ToolCall], policy: ToolPolicy) -> Sifted:
    """Return which of `calls` may be made."""
    specs = {spec.name: spec for spec in policy.tools}
    allowed: list[ToolCall] = []
    dropped: list[Dropped] = []
    for call in calls:
        reason = _objection(call, specs.get(call.name), policy)
        if not reason and len(allowed) >= policy.max_calls:
            reason = f"more than {policy.max_calls} calls"
        if reason:
            dropped.append(Dropped(call, reason))
        else:
            allowed.append(call)
    return Sifted(tuple(allowed), tuple(dropped))


def _objection(call: ToolCall, spec: ToolSpec | None, policy: ToolPolicy) -> str:
    if spec is None:
        return "not a tool of this task and member"
    try:
        length = len(json.dumps(call.arguments, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return "arguments that are no JSON"
    if length > MAX_ARGUMENTS:
        return "arguments too long"
    return fault(call.arguments, spec.parameters) or _out_of_bounds(call.arguments, policy.within)


def fault(value: Any, schema: Mapping[str, Any], path: str = "arguments") -> str:
    """Return what is wrong with `value` by `schema`, "" for nothing; unknown properties are always wrong."""
    kinds = schema.get("type")
    wanted = [kinds] if isinstance(kinds, str) else list(kinds or ())
    if wanted and not any(_is_a(value, kind) for kind in wanted):
        return f"{path} is no {' or '.join(wanted)}"
    choices = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    if choices and not any(_equal(value, each) for each in choices):
        return f"{path} is none of the values allowed"
    if isinstance(value, dict):
        return _object_fault(value, schema, path)
    if isinstance(value, list):
        return _array_fault(value, schema, path)
    if isinstance(value, str):
        return _string_fault(value, schema, path)
    return _number_fault(value, schema, path) if _is_a(value, "number") else ""


def _object_fault(value: dict[str, Any], schema: Mapping[str, Any], path: str) -> str:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{path}.{name} is missing"
    others = schema.get("additionalProperties", False)
    for name, each in value.items():
        if name in known:
            found = fault(each, known[name], f"{path}.{name}")
        elif isinstance(others, Mapping):
            found = fault(each, others, f"{path}.*")
        else:
            found = f"{path} has a property that is not in its schema"
        if found:
            return found
    return ""


def _array_fault(value: list[Any], schema: Mapping[str, Any], path: str) -> str:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return f"{path} has too few or too many items"
    items = schema.get("items")
    found = (fault(each, items, f"{path}[{at}]") for at, each in enumerate(value)) if items else iter(())
    return next(filter(None, found), "")


def _string_fault(value: str, schema: Mapping[str, Any], path: str) -> str:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return f"{path} is too short or too long"
    pattern = schema.get("pattern")
    return f"{path} is not of the form allowed" if pattern and not re.search(pattern, value) else ""


def _number_fault(value: float, schema: Mapping[str, Any], path: str) -> str:
    if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{path} is too small or too large"
    return ""


def _is_a(value: Any, kind: str) -> bool:
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _equal(value: Any, other: Any) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _out_of_bounds(value: Any, within: Mapping[str, Collection[str | int]]) -> str:
    if isinstance(value, Mapping):
        for name, each in value.items():
            values = each if isinstance(each, list) else [each]
            if name in within and not all(_is_within(one, within[name]) for one in values):
                return f"{name} is not within what the member may use"
            if found := _out_of_bounds(each, within):
                return found
    elif isinstance(value, list):
        return next(filter(None, (_out_of_bounds(each, within) for each in value)), "")
    return ""


def _is_within(value: Any, allowed: Collection[str | int]) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value) in map(str, allowed)


def _check_schema(schema: Any, name: str, depth: int = 0) -> None:
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        raise ValueError(f"tool {name}: its schema can't be checked")
    if unknown := schema.keys() - _KNOWN:
        raise ValueError(
            f"tool {name}: its schema has {', '.join(sorted(unknown))}, which isn't checked here"
        )
    kinds = schema.get("type", "object" if depth == 0 else ())
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in _TYPES or (depth == 0 and kind != "object"):
            raise ValueError(f"tool {name}: its schema has the type {kind}")
    nested = [*schema.get("properties", {}).values()]
    nested.extend(
        schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), Mapping)
    )
    for each in nested:
        _check_schema(each, name, depth + 1)
