"""Anthropic's Messages API, version 2026-10-21: https://platform.claude.com/docs/en/api/messages."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.hosted.answers import Answer, Asked, halves, pieces_of
from sandbox.hosted.faults import Fault
from sandbox.hosted.wire import ApiError, event

VERSION = "2026-10-21"
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
}
TYPES |= {404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}
_REASONS = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal"}
_SWITCHES = ("adaptive", "enabled", "disabled", "between_tools")
# What each model takes as thinking.type: https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting
MODELS: dict[str, tuple[str, ...]] = {
    "claude-opus-5-5": ("adaptive",),
    "claude-sonnet-5-5": ("adaptive", "between_tools"),
    "claude-haiku-5-5": ("adaptive", "disabled"),
    "claude-haiku-4-5": ("enabled", "disabled"),
    "claude-opus-4-1": ("enabled", "disabled"),
}
WITHOUT_SCHEMA = ("claude-opus-4-1",)
LEAST_BUDGET = 1_024


def failure(status: int, words: str = "", kind: str = "") -> dict[str, Any]:
    """Return the body of an error."""
    told = {"type": kind or TYPES.get(status, "api_error"), "message": words or f"failure {status}"}
    return {"type": "error", "error": told, "request_id": "req_sandbox"}


def invalid(words: str) -> ApiError:
    """Return what is answered to a request that is wrong."""
    return ApiError(400, failure(400, words))


def overlong() -> ApiError:
    """Return what is answered to a prompt that is too long."""
    return invalid("prompt is too long: 201000 tokens > 200000 maximum")


def model_form(name: str) -> dict[str, Any]:
    """Return a model as it is listed."""
    can, takes = {"supported": True}, MODELS[name]
    old = "enabled" in takes
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 200_000 if old else 1_000_000,
        "max_tokens": 64_000 if old else 128_000,
        "capabilities": {
            "image_input": can,
            "structured_outputs": {"supported": name not in WITHOUT_SCHEMA},
            "effort": {"supported": not old},
            "thinking": {
                "supported": True,
                "types": {name: {"supported": name in takes} for name in _SWITCHES},
            },
        },
    }


def asked(path: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Asked:
    """Return the request of a body.

    Raises:
        ApiError: the API would refuse it.
    """
    if headers.get("anthropic-version") != VERSION:
        raise invalid(f"anthropic-version: must be {VERSION}")
    model = str(body.get("model"))
    if model not in MODELS:
        raise ApiError(404, failure(404, f"model: {model}"))
    _check(body)
    _check_thinking(body, MODELS[model])
    messages = body["messages"]
    users = [message for message in messages if message["role"] == "user"]
    prompt = " ".join(block.get("text", "") for block in users[-1]["content"])
    form = (body.get("output_config") or {}).get("format")
    return Asked(path, model, prompt, str(body.get("system", "")), form and form["schema"], body)


def _check(body: Mapping[str, Any]) -> None:
    for name in ("temperature", "top_p", "top_k", "seed"):
        if name in body:
            raise invalid(f"{name}: Extra inputs are not permitted")
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        raise invalid("max_tokens: Field required")
    messages = body.get("messages")
    if not messages or messages[0]["role"] != "user":
        raise invalid("messages: first message must use the user role")
    if messages[-1]["role"] != "user":
        raise invalid("This model does not support assistant message prefill")
    open_calls: set[str] = set()
    for message in messages:
        blocks = message["content"]
        if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            raise invalid("messages: text content blocks must contain non-whitespace text")
        answered = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        if answered != open_calls:
            raise invalid("messages: each tool_use must have its tool_result in the next message")
        open_calls = {block["id"] for block in blocks if block["type"] == "tool_use"}
    _check_schema((body.get("output_config") or {}).get("format", {}).get("schema"))


def _check_schema(schema: Any) -> None:
    """Refuse what structured outputs refuse: open objects, and limits of numbers and texts."""
    if isinstance(schema, list):
        for part in schema:
            _check_schema(part)
    if not isinstance(schema, Mapping):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise invalid("output_config.format.schema: additionalProperties must be false")
    if set(schema) & {"minimum", "maximum", "minLength", "maxLength"}:
        raise invalid("output_config.format.schema: limits are not supported")
    for part in [
        *schema.get("properties", {}).values(),
        *schema.get("$defs", {}).values(),
        schema.get("items"),
    ]:
        _check_schema(part)


def _check_thinking(body: Mapping[str, Any], takes: tuple[str, ...]) -> None:
    thinking = body.get("thinking") or {}
    if thinking and thinking["type"] not in takes:
        raise invalid(f'"thinking.type.{thinking["type"]}" is not supported for this model.')
    budget = thinking.get("budget_tokens")
    if thinking.get("type") == "enabled" and not LEAST_BUDGET <= (budget or 0) < body["max_tokens"]:
        raise invalid("thinking.budget_tokens: must be at least 1024 and less than max_tokens")
    if "format" in (body.get("output_config") or {}) and body["model"] in WITHOUT_SCHEMA:
        raise invalid("output_config.format: not supported for this model")
    if "effort" in (body.get("output_config") or {}) and "enabled" in takes:
        raise invalid("output_config.effort: not supported for this model")
    if body.get("tool_choice", {}).get("type") in {"any", "tool"}:
        raise invalid("tool_choice: forced tool use is not supported for this model")


def _reason(answer: Answer) -> str:
    if answer.done_reason is None:
        return "tool_use" if answer.tool_calls else "end_turn"
    return _REASONS.get(answer.done_reason, answer.done_reason)


def _usage(asked: Asked, answer: Answer) -> dict[str, int]:
    if not answer.has_usage:
        return {"input_tokens": 0, "output_tokens": 0}
    read = asked.prompt_tokens if answer.prompt_tokens is None else answer.prompt_tokens
    return {"input_tokens": read, "output_tokens": answer.written_tokens}


def whole(asked: Asked, answer: Answer) -> dict[str, Any]:
    """Return the answer as one object."""
    content: list[dict[str, Any]] = []
    if answer.thinking:
        content.append({"type": "thinking", "thinking": answer.thinking, "signature": "c2FuZGJveA=="})
    if answer.text:
        content.append({"type": "text", "text": answer.text})
    for number, (name, arguments) in enumerate(answer.tool_calls):
        content.append({"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments})
    return _message(asked) | {
        "content": content,
        "stop_reason": _reason(answer),
        "usage": _usage(asked, answer),
    }


def _message(asked: Asked) -> dict[str, Any]:
    return {"id": "msg_sandbox", "type": "message", "role": "assistant", "model": asked.model, "content": []}


def _blocks(answer: Answer) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield each block as it starts, and its deltas."""
    if answer.thinking:
        deltas: list[dict[str, Any]] = [
            {"type": "thinking_delta", "thinking": p} for p in halves(answer.thinking)
        ]
        deltas.append({"type": "signature_delta", "signature": "c2FuZGJveA=="})
        yield {"type": "thinking", "thinking": "", "signature": ""}, deltas
    if answer.text or not answer.tool_calls:
        yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in pieces_of(answer)]
    for number, (name, arguments) in enumerate(answer.tool_calls):
        written = arguments if isinstance(arguments, str) else json.dumps(arguments)
        start = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
        yield start, [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *halves(written)]]


def events(asked: Asked, answer: Answer) -> Iterator[bytes]:
    """Yield the answer's events."""
    usage = _usage(asked, answer)
    start = _message(asked) | {
        "stop_reason": None,
        "usage": usage | {"output_tokens": min(1, usage["output_tokens"])},
    }
    yield event({"type": "message_start", "message": start}, "message_start")
    yield event({"type": "ping"}, "ping")
    for index, (block, deltas) in enumerate(_blocks(answer)):
        yield _event("content_block_start", index=index, content_block=block)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    yield _event("message_delta", delta={"stop_reason": _reason(answer), "stop_sequence": None}, usage=usage)
    yield _event("message_stop")


def _event(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def amid(fault: Fault | None) -> bytes:
    """Return a failure told amid a stream."""
    kind = (fault.type if fault else "") or "overloaded_error"
    return event(failure(529, fault.text if fault else "", kind), "error")
