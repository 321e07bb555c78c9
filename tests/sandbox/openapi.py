"""Checks the pairs of request and answer in a record against Discord's published description of its API."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError, best_match  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DESCRIPTION = Path(__file__).resolve().parents[3] / "shared" / "specs" / "discord-openapi.json"
_URI = "urn:discord"
_SAFE_INTEGER = 1 << 53
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

    Left out are answers that a fault replaced, and bodies of requests that were refused: they may be wrong.
    """
    checked = 0
    problems = []
    for entry in record:
        if entry["kind"] != "request" or entry["route"] is None or entry["fault"] not in (None, "429"):
            continue
        problems += [f"{entry['method']} {entry['path']} {text}" for text in check_pair(entry)]
        checked += 1
    assert not problems, "\n".join(problems)
    return checked


def assert_conforms_if_described(record: Iterable[dict[str, Any]]) -> int | None:
    """Like `assert_conforms`; None, with nothing checked, where the description isn't."""
    return assert_conforms(record) if DESCRIPTION.exists() else None


def check_pair(entry: dict[str, Any]) -> list[str]:
    """Return what is wrong with one request and its answer."""
    template, method = _described(entry), entry["method"].lower()
    operation = description()["paths"].get(template, {}).get(method)
    if operation is None:
        return ["is not described"]
    problems = [] if entry["error"] is None else [f"broke the sandbox: {entry['error']}"]
    where = ("paths", template, method)
    if entry["status"] < 400 and entry["body"] is not None and "requestBody" in operation:
        kind = "application/json" if "application/json" in operation["requestBody"]["content"] else None
        if kind is not None:
            schema = _validator(*where, "requestBody", "content", kind, "schema")
            problems += _errors("request", schema, _as_sent(entry["body"]))
    return problems + _check_answer(entry, operation, where)


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
    return _errors(f"answer {status}", _validator(*path), entry["response"])


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


def _errors(what: str, validator: Draft202012Validator, value: Any) -> list[str]:
    error = best_match(validator.iter_errors(value))
    return [] if error is None else [f"{what}: {_explained(error)}"]


def _explained(error: ValidationError) -> str:
    return f"at {error.json_path}: {error.message[:300]}"
