"""What is wrong with a setting, in one line for its owner: which, from where, and what would be right."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.settings_sources import Value, line_of


def describe(
    error: ValidationError, settings: type[BaseModel], yaml_path: Path, values: Mapping[str, Value]
) -> str:
    """Return the first thing `error` says, and how many more there are; never a value."""
    problems = error.errors(include_input=False, include_url=False)
    # A name nobody knows is the likeliest cause of whatever else is wrong.
    problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
    names = tuple(str(part) for part in problems[0]["loc"])
    text = f"{_origin(names, yaml_path, values)}: {_problem(names, problems[0], settings)}"
    return text if len(problems) == 1 else f"{text} (and {len(problems) - 1} more)"


def _origin(names: tuple[str, ...], yaml_path: Path, values: Mapping[str, Value]) -> str:
    # The innermost first: of llm.chains.reply.0 the environment holds llm.chains.reply.
    for length in range(len(names), 1, -1):
        if value := values.get(".".join(names[:length])):
            return value.origin
    value = values.get(names[0]) if names else None
    if value is None and len(names) == 1:
        # A section nobody knows may come from LOOKOUT_SECTION__KEY.
        value = next((found for name, found in values.items() if name.startswith(f"{names[0]}.")), None)
    if value:
        return value.origin
    return f"{yaml_path}:{line_of(yaml_path, names)}" if yaml_path.exists() else str(yaml_path)


def _problem(names: tuple[str, ...], problem: Any, settings: type[BaseModel]) -> str:
    path, section = _setting(names, settings)
    name = ".".join(path)
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {name}{_suggestion(path[-1], section)}"
    words = str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    if problem["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        words = "must be a section with settings of its own"
    return f"{name} {words}"


def _setting(names: tuple[str, ...], settings: type[BaseModel]) -> tuple[tuple[str, ...], type[BaseModel]]:
    """Return which of `names` lead to a setting, not into its value, and the section it is in."""
    section = settings
    for depth, name in enumerate(names):
        field = section.model_fields.get(name)
        kind = field.annotation if field else None
        if not isinstance(kind, type) or not issubclass(kind, BaseModel) or depth == len(names) - 1:
            return names[: depth + 1], section
        section = kind
    return names, section


def _suggestion(name: str, section: type[BaseModel]) -> str:
    known = section.model_fields
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"; did you mean {nearest[0]}?" if nearest else f"; known are {', '.join(known)}"
