"""What models behind OpenAI's protocol can do, who serves them, and what each server wants said how."""

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from bot.llm.hosted import count_of, items, mapping
from bot.llm.types import Capabilities, Options, Schema, Thinking

OPENAI_URL = "https://api.openai.com/v1"
# In its strict mode OpenAI refuses schemas with other words than these.
_STRICT_WORDS = {
    *(
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
    ),
    *("title", "description"),
}


class Dialect(StrEnum):
    """Whose server it is; each has words of its own."""

    OPENAI = "openai"
    OPENROUTER = "openrouter"
    LOCAL = "local"  # vLLM, llama.cpp, LM Studio


def dialect_of(base_url: str) -> Dialect:
    """Return whose server an address is."""
    host = (urlsplit(base_url).hostname or "").lower()
    if host == "openai.com" or host.endswith(".openai.com"):
        return Dialect.OPENAI
    if host == "openrouter.ai" or host.endswith(".openrouter.ai"):
        return Dialect.OPENROUTER
    return Dialect.LOCAL


def is_own_address(base_url: str) -> bool:
    """Return whether an address is this machine's or a private network's; of names only localhost is."""
    host = (urlsplit(base_url).hostname or "").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def service_of(base_url: str, dialect: Dialect) -> str:
    """Return what people call a server: never its whole address, which may hold a password."""
    if dialect is Dialect.OPENAI:
        return "OpenAI"
    if dialect is Dialect.OPENROUTER:
        return "OpenRouter"
    parts = urlsplit(base_url)
    return f"the model server at {parts.hostname}{f':{parts.port}' if parts.port else ''}"


def _can(context: int, thinking: Thinking = Thinking.NONE) -> Capabilities:
    return Capabilities(context, True, True, True, True, thinking)


# The first pattern that fits; of reasoning models the tokens they read at most.
# Sources: the models' pages under https://developers.openai.com/api/docs/models, 2026-11-21.
_OPENAI = (
    ("gpt-*-chat-latest", _can(128_000)),
    ("gpt-4o*", _can(128_000)),
    ("gpt-4.1*", _can(1_047_576)),
    ("gpt-5.4-*", _can(272_000, Thinking.LEVEL)),
    ("gpt-5.[456]*", _can(922_000, Thinking.LEVEL)),
    ("gpt-5*", _can(272_000, Thinking.LEVEL)),
    ("gpt-6*", _can(922_000, Thinking.LEVEL)),
    ("o[134]*", _can(200_000, Thinking.LEVEL)),
    ("*", Capabilities(8_192, supports_schema=True, supports_tools=True)),
)
# vLLM, llama.cpp and LM Studio hold any model to a JSON schema; only the last patterns are about models.
_LOCAL = (
    ("*gpt-oss*", Capabilities(8_192, True, True, True, False, Thinking.LEVEL)),
    ("*qwen3*", Capabilities(8_192, True, True, True, False, Thinking.BOOLEAN)),
    ("*", Capabilities(8_192, supports_schema=True, supports_tools=True)),
)


def by_name(model: str, dialect: Dialect) -> Capabilities:
    """Return what a model can do as its name tells."""
    if dialect is Dialect.OPENROUTER:
        return Capabilities(8_192)  # it tells itself
    table = _OPENAI if dialect is Dialect.OPENAI else _LOCAL
    return next(found for pattern, found in table if fnmatchcase(model.lower(), pattern))


def as_told(info: Mapping[str, Any], dialect: Dialect) -> Capabilities:
    """Return what a model can do as its server lists it."""
    can = by_name(str(info.get("id")), dialect)
    sizes = (
        info.get("max_model_len"),  # vLLM
        mapping(info.get("meta")).get("n_ctx"),  # llama.cpp: as it was started
        mapping(info.get("meta")).get("n_ctx_train"),
        info.get("context_length"),  # OpenRouter
    )
    context = next((count_of(size) for size in sizes if count_of(size)), can.context_tokens)
    can = replace(can, context_tokens=context)
    takes = items(info.get("supported_parameters"))
    if takes:
        sees = "image" in items(mapping(info.get("architecture")).get("input_modalities"))
        can = replace(
            can,
            supports_tools="tools" in takes,
            supports_schema="structured_outputs" in takes,
            supports_vision=sees,
            thinking=Thinking.LEVEL if "reasoning" in takes else Thinking.NONE,
        )
    return can


def parameters(
    model: str, options: Options, can: Capabilities, dialect: Dialect, *, has_tools: bool
) -> dict[str, Any]:
    """Return how to answer, in a server's words."""
    thinks = can.thinking is not Thinking.NONE
    form: dict[str, Any] = {}
    if dialect is Dialect.OPENAI and thinks:
        # Its reasoning models refuse temperature and stop, and count thinking as output.
        effort = _effort(model, options, has_tools=has_tools)
        room = {"none": 0, "minimal": 1_024, "low": 2_048, "high": 16_384}.get(effort or "", 8_192)
        form["max_completion_tokens"] = options.max_tokens + room
        form |= {"reasoning_effort": effort} if effort else {}
    else:
        form["max_completion_tokens" if dialect is Dialect.OPENAI else "max_tokens"] = options.max_tokens
        form |= {"temperature": options.temperature} if options.temperature is not None else {}
        form |= {"stop": list(options.stop)} if options.stop else {}
    form |= (
        {"seed": options.seed}
        if options.seed is not None and not (dialect is Dialect.OPENAI and thinks)
        else {}
    )
    if thinks and options.thinking is not None and dialect is not Dialect.OPENAI:
        form["extra_body"] = _thinking(options, can, dialect)
    return form


def _effort(model: str, options: Options, *, has_tools: bool) -> str | None:
    """Return `reasoning_effort`, None for the model's own."""
    is_old = model.startswith(("o1", "o3", "o4"))
    is_five = model == "gpt-5" or model.startswith("gpt-5-")
    off = "low" if is_old else "minimal" if is_five else "none"
    if has_tools and off == "none":
        return off  # in chat completions they take no tools with any other
    if options.thinking is None:
        return None
    if options.thinking is False:
        return off
    return "medium" if options.thinking is True else options.thinking


def _thinking(options: Options, can: Capabilities, dialect: Dialect) -> dict[str, Any]:
    wish = options.thinking
    if dialect is Dialect.OPENROUTER:
        return {"reasoning": {"effort": wish} if isinstance(wish, str) else {"enabled": wish}}
    if can.thinking is Thinking.LEVEL:
        level = wish if isinstance(wish, str) else "medium" if wish else "low"
        return {"reasoning_effort": level}
    return {"chat_template_kwargs": {"enable_thinking": wish is not False}}


def is_strict(schema: object) -> bool:
    """Return whether OpenAI takes a schema strictly: every object closed, nothing optional, no limits."""
    if isinstance(schema, list):
        return all(is_strict(part) for part in schema)
    if not isinstance(schema, Mapping):
        return True
    if not set(schema) <= _STRICT_WORDS:
        return False
    if schema.get("type") == "object" or "properties" in schema:
        names = mapping(schema.get("properties"))
        if schema.get("additionalProperties") is not False or set(items(schema.get("required"))) != set(
            names
        ):
            return False
    named = [*mapping(schema.get("properties")).values(), *mapping(schema.get("$defs")).values()]
    return all(is_strict(part) for part in [*named, schema.get("items"), schema.get("anyOf")])


def response_format(schema: Schema) -> dict[str, Any]:
    """Return what asks for an answer that fits a schema."""
    form = {"name": "answer", "schema": dict(schema), "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": form}
