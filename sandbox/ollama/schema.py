"""The smallest value a JSON schema allows: what is answered to a `format` when nothing is scripted."""

import math
from typing import Any

DEEPEST = 40  # a schema that needs itself has no instance


def smallest(schema: dict[str, Any]) -> Any:
    """Return a smallest instance; patterns and `allOf` beyond its first schema are not followed."""
    return _smallest(schema, schema, 0)


def _smallest(schema: Any, root: dict[str, Any], depth: int) -> Any:
    if not isinstance(schema, dict) or depth > DEEPEST:
        return None
    if "$ref" in schema:
        return _smallest(_at(root, schema["$ref"]), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            # A recursive schema ends where one of its alternatives is simple.
            options = sorted(schema[key], key=_weight)
            return _smallest(options[0] if key != "allOf" else schema[key][0], root, depth + 1)
    return _of_type(schema, root, depth)


def _of_type(schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "null")
    if isinstance(kind, list):
        kind = "null" if "null" in kind else kind[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {
            name: _smallest(properties.get(name, {}), root, depth + 1) for name in schema.get("required", ())
        }
    if kind == "array":
        return [_smallest(schema.get("items", {}), root, depth + 1)] * schema.get("minItems", 0)
    if kind == "string":
        return "x" * schema.get("minLength", 0)
    if kind in {"integer", "number"}:
        return _number(schema, whole=kind == "integer")
    return False if kind == "boolean" else None


def _number(schema: dict[str, Any], *, whole: bool) -> int | float:
    low: float | None = schema.get("minimum")
    if "exclusiveMinimum" in schema:
        above = schema["exclusiveMinimum"]
        low = math.floor(above) + 1 if whole else math.nextafter(above, math.inf)
    if low is not None and low > 0:
        return math.ceil(low) if whole else low
    high: float = schema.get("maximum", 0)
    return min(0, math.floor(high) if whole else high)


def _weight(schema: Any) -> int:
    simple = isinstance(schema, dict) and schema.get("type") in {
        "null",
        "boolean",
        "string",
        "integer",
        "number",
    }
    return 0 if simple else 1


def _at(root: dict[str, Any], pointer: str) -> Any:
    found: Any = root
    for part in pointer.removeprefix("#").strip("/").split("/"):
        if part:
            found = (
                found.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
            )
    return found
