"""Checks answers of the loopback Ollama against Ollama's published description of its API."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DESCRIPTION = Path(__file__).resolve().parents[3] / "shared" / "specs" / "ollama-openapi.yaml"
# What the real server tells and its description lacks: the last line's figures, ps' and show's older fields.
UNDESCRIBED: dict[str, str | set[str]] = {
    "ChatStreamEvent": "ChatResponse",
    "Ps": "ModelSummary",
    "ShowResponse": {"modelfile"},
}


@cache
def description() -> dict[str, Any]:
    """Return the description.

    Raises:
        pytest.skip.Exception: the file isn't on this machine.
    """
    if not DESCRIPTION.exists():
        pytest.skip(f"Ollama's description is not at {DESCRIPTION}")
    found: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    return found


@cache
def _validator(pointer: str) -> Draft202012Validator:
    resource = Resource.from_contents(description(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:ollama", resource)
    return Draft202012Validator({"$ref": f"urn:ollama#{pointer}"}, registry=registry)


def problems(schema: str, value: Any) -> list[str]:
    """Return what is wrong with a value by the schema of this name, fields it doesn't know included."""
    found = [
        f"{error.json_path}: {error.message}"
        for error in _validator(f"/components/schemas/{schema}").iter_errors(value)
    ]
    return found + [f"{name} is not described" for name in sorted(value.keys() - _known(schema))]


def _known(schema: str) -> set[str]:
    names = set(description()["components"]["schemas"][schema]["properties"])
    more = UNDESCRIBED.get(schema, set[str]())
    return names | (_known(more) if isinstance(more, str) else more)


def answer_schema(method: str, path: str, media: str = "application/json") -> str:
    """Return the name of the schema of a path's answer."""
    content = description()["paths"][path][method]["responses"]["200"]["content"]
    return str(content[media]["schema"]["$ref"]).rpartition("/")[2]
