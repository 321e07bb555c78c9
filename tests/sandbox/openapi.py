"""Checks the pairs of request and answer in a record against Discord's published description of its API."""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sandbox.server import KEPT_BODY

DESCRIPTION = Path(__file__).resolve().parents[3] / "shared" / "specs" / "discord-openapi.json"
_URI = "urn:discord"
_SAFE_INTEGER = 1 << 53
_MEDIA = 16  # a kind of channel that Discord has and its description lacks
_UNDESCRIBED = ("use_nested_fields",)  # discord.py asks for a forum post's message by it
_CHANGING = re.compile(  # ids, times, and words that are shorter than any that are too long
    r'"[1-9]\d{16,18}"|"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)"'
    r'|"(?P<of>username|global_name|title|label|placeholder|custom_id|text)": "(?:[^"\\]|\\.){1,32}"'
    r'|"(?P<long>content|description)": "(?:[^"\\]|\\.){1,100}"'
)
_BITS = ("allow", "deny", "permissions", "default_member_permissions")


@cache
def description() -> dict[str, Any]:
    """Return the description.

    Raises:
        pytest.skip.Exception: the file isn't on this machine.
    """
    if not DESCRIPTION.exists():
        pytest.skip(f"Discord's description is not at {DESCRIPTION}")
    found: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return found


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(description(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(_URI, resource)
    return registry


@cache
def _validator(*path: str) -> Draft202012Validator:
    """Return the validator of the schema at a path of keys, compiled once."""
    pointer = "/".join(key.replace("~", "~0").replace("/", "~1") for key in path)
    return Draft202012Validator({"$ref": f"{_URI}#/{pointer}"}, registry=_registry())


def assert_conforms(record: Iterable[dict[str, Any]]) -> int:
    """Check every request and answer of a record; return how many pairs were checked.

    Left out are answers that a fault replaced, and requests that were refused: they may be wrong.
    """
    checked = 0
    problems = []
    for entry in record:
        if entry["kind"] == "request":
            problems += [f"{entry['method']} {entry['path']} {text}" for text in check_pair(entry)]
            checked += 1
    assert not problems, "\n".join(problems)
    return checked


def assert_conforms_if_described(record: Iterable[dict[str, Any]]) -> int | None:
    """Like `assert_conforms`; None, with nothing checked, where the description isn't."""
    return assert_conforms(record) if DESCRIPTION.exists() else None


def check_pair(entry: dict[str, Any]) -> list[str]:
    """Return what is wrong with one request and its answer."""
    if entry["route"] is None:
        return ["is a route that the sandbox doesn't have"]
    template, method = _described(entry), entry["method"].lower()
    operation = description()["paths"].get(template, {}).get(method)
    if operation is None:
        return ["is not described"]
    where = ("paths", template, method)
    problems = [] if entry["error"] is None else [f"broke the sandbox: {entry['error']}"]
    fault = entry["fault"]
    if fault in ("fail_after", "drop") or (fault is None and entry["status"] < 400):
        problems += _check_query(entry, template, operation) + _check_body(entry, operation, where)
    if fault == "429" or (fault is None and entry["answered"]):
        problems += _check_answer(entry, operation, where)
    return problems


def _check_query(entry: dict[str, Any], template: str, operation: dict[str, Any]) -> list[str]:
    """Return the query parameters that are unknown, missing or of the wrong kind."""
    described = description()["paths"][template].get("parameters", []) + operation.get("parameters", [])
    known = {each["name"]: each for each in described if each["in"] == "query"}
    problems = [
        f"query: {name} is missing"
        for name, each in known.items()
        if each.get("required") and name not in entry["query"]
    ]
    for name, text in entry["query"].items():
        if name not in known and name not in _UNDESCRIBED:
            problems.append(f"query: {name} is not described")
        elif name in known and not any(
            _schema_of(known[name]["schema"]).is_valid(value) for value in _meanings(text)
        ):
            problems.append(f"query: {name} may not be {text!r}")
    return problems


def _schema_of(schema: dict[str, Any]) -> Draft202012Validator:
    """Return the validator of a parameter's schema, whose references are into the description."""
    text = json.dumps(schema).replace('"#/', f'"{_URI}#/')
    return Draft202012Validator(json.loads(text), registry=_registry())


def _meanings(text: str) -> list[Any]:
    """Return what a query parameter's text can stand for."""
    plain: list[Any] = [text]
    if text.lower() in ("0", "1", "true", "false"):
        plain.append(text.lower() in ("1", "true"))
    if text.isascii() and text.isdigit():
        plain.append(int(text))
    return plain + [[value] for value in plain]


def _check_body(entry: dict[str, Any], operation: dict[str, Any], where: tuple[str, ...]) -> list[str]:
    """Return what is wrong with the body: JSON, or payload_json beside files."""
    if entry["size"] > KEPT_BODY:
        return []  # the record knows its size alone
    described = operation.get("requestBody")
    body = entry["body"] or None if described is None else entry["body"]
    if described is None:
        return [] if body is None else ["request: has a body, and none is described"]
    kinds = described["content"]
    if entry["files"] and "multipart/form-data" not in kinds:
        return ["request: has files, and none are described"]
    if "application/json" not in kinds:
        return []  # its parts are text and files: there is no JSON to look at
    form = _validator(*where, "requestBody", "content", "application/json", "schema")
    if body is None:  # stands for a form in which nothing is filled in: clients ban and unban without one
        return ["request: has no body"] if described.get("required") and not form.is_valid({}) else []
    return _errors("request", form, _without_media(_as_sent(body)))


def _check_answer(entry: dict[str, Any], operation: dict[str, Any], where: tuple[str, ...]) -> list[str]:
    status = str(entry["status"])
    if entry["status"] >= 400:
        named = "ErrorResponse" if entry["status"] != 429 else "RatelimitedResponse"
        answer = _numbered_codes(entry["response"])
        return _errors(f"answer {status}", _validator("components", "schemas", named), answer)
    described = operation["responses"].get(status)
    if described is None:
        return [f"answered {status}, described are {', '.join(operation['responses'])}"]
    if "content" not in described:
        return [] if entry["response"] is None else [f"answered {status} with a body"]
    if entry["response"] is None:
        return [f"answered {status} without a body"]
    path = (*where, "responses", status, "content", "application/json", "schema")
    return _errors(f"answer {status}", _validator(*path), _without_media(entry["response"]))


def _described(entry: dict[str, Any]) -> str:
    template: str = entry["route"].partition(" ")[2]
    path = unquote(entry["path"])
    if path.endswith("/messages/@original"):
        return template.replace("{message_id}", "@original")
    if path.endswith("/members/@me"):
        return template.replace("{user_id}", "@me")
    return template


def _numbered_codes(body: Any) -> Any:
    """Return an error with numbers for codes: the description has integers, the documentation words."""
    if isinstance(body, dict):
        return {
            key: 0 if key == "code" and isinstance(value, str) else _numbered_codes(value)
            for key, value in body.items()
        }
    return [_numbered_codes(item) for item in body] if isinstance(body, list) else body


def _without_media(body: Any) -> Any:
    """Return a body whose channel options name no media channels."""
    if isinstance(body, dict):
        kept = {key: _without_media(value) for key, value in body.items()}
        if isinstance(types := kept.get("channel_types"), list):
            kept["channel_types"] = [kind for kind in types if kind != _MEDIA]
        return kept
    return [_without_media(item) for item in body] if isinstance(body, list) else body


def _as_sent(body: Any) -> Any:
    """Return a request body as Discord reads it: nulls are absent, ids may be numbers, bits text."""
    if isinstance(body, dict):
        return {key: _field(key, value) for key, value in body.items() if value is not None}
    if isinstance(body, list):
        return [_as_sent(item) for item in body]
    if isinstance(body, int) and not isinstance(body, bool) and body > _SAFE_INTEGER:
        return str(body)
    return body


def _field(key: str, value: Any) -> Any:
    if key in _BITS and isinstance(value, str):
        return int(value)
    if key == "attachments" and isinstance(value, list):
        return [_as_sent(item) | {"id": str(item["id"])} for item in value]
    return _as_sent(value)


_conforming: set[tuple[int, str]] = set()  # validators, which live on in `_validator`, and bodies like those


def _errors(what: str, validator: Draft202012Validator, value: Any) -> list[str]:
    alike = id(validator), _likeness(value)
    if alike in _conforming:
        return []
    error = next(validator.iter_errors(value), None)
    if error is None:
        _conforming.add(alike)
        return []
    return [f"{what}: {_explained(_innermost(error))}"]


def _likeness(body: Any) -> str:
    """Return a body's text without short words, and ids and times numbered: alike ones conform alike.

    A bot registers the same commands at each start, and to look at them takes most of a second.
    """
    numbers: dict[str, str] = {}
    text = json.dumps(body, sort_keys=True)

    def numbered(found: re.Match[str]) -> str:
        if words := found["of"] or found["long"]:
            return f"<{words}>"
        return numbers.setdefault(found[0], f"<{len(numbers)}:{len(found[0])}>")

    return _CHANGING.sub(numbered, text)


def _innermost(error: ValidationError) -> ValidationError:
    """Return the error inside a choice of schemas that tells most: in the one whose `type` fits."""
    while error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for each in error.context:
            branches.setdefault(each.schema_path[0], []).append(each)
        fitting = [errors for errors in branches.values() if not any(map(_is_another_kind, errors))]
        if not fitting:
            break
        error = fitting[0][0]
    return error


def _is_another_kind(error: ValidationError) -> bool:
    return error.validator in ("enum", "const", "type") and list(error.relative_path) in ([], ["type"])


def _explained(error: ValidationError) -> str:
    return f"at {error.json_path}: {error.message[-300:]}"
