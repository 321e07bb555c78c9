"""OpenAI's chat completions, embeddings and models, as OpenAI and the servers like it speak them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.hosted.answers import Answer, Asked, halves, pieces_of
from sandbox.hosted.faults import Fault
from sandbox.hosted.wire import ApiError, event

DIMENSIONS = 8
_TYPES = {401: "invalid_request_error", 404: "invalid_request_error", 429: "rate_limit_exceeded"}
_REASONS = {"refusal": "content_filter"}
REASONING = ("gpt-6-luna",)
# As OpenAI, vLLM, llama.cpp and OpenRouter list theirs.
MODELS: dict[str, dict[str, Any]] = {
    "gpt-6-luna": {},
    "gpt-4.1-mini": {},
    "text-embedding-3-small": {},
    "qwen3-8b": {"max_model_len": 32_768},
    "gemma-3-27b-it": {"meta": {"n_ctx_train": 131_072, "n_ctx": 16_384}},
    "vendor/seeing": {
        "context_length": 65_536,
        "supported_parameters": ["tools", "structured_outputs", "reasoning"],
        "architecture": {"input_modalities": ["text", "image"]},
    },
}


def failure(status: int, words: str = "", kind: str = "", param: str | None = None) -> dict[str, Any]:
    """Return the body of an error."""
    code = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}.get(status)
    told = {"message": words or f"failure {status}", "type": kind or _TYPES.get(status, "server_error")}
    return {"error": told | {"param": param, "code": kind or code}}


def invalid(words: str, kind: str, param: str | None = None) -> ApiError:
    """Return what is answered to a request that is wrong."""
    return ApiError(400, failure(400, words, kind, param))


def overlong() -> ApiError:
    """Return what is answered to a prompt that is too long."""
    words = "This model's maximum context length is 8192 tokens. Please reduce the length of the messages."
    return invalid(words, "context_length_exceeded", "messages")


def model_form(name: str) -> dict[str, Any]:
    """Return a model as it is listed."""
    return {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "sandbox", **MODELS[name]}


def asked(path: str, body: Mapping[str, Any]) -> Asked:
    """Return the request of a body.

    Raises:
        ApiError: the API would refuse it.
    """
    model = str(body.get("model"))
    if model not in MODELS:
        raise ApiError(404, failure(404, f"The model `{model}` does not exist", param="model"))
    if model in REASONING:
        _check_reasoning(body)
    open_calls: set[str] = set()
    for message in body["messages"]:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                raise invalid("a tool message must answer a call", "invalid_request_error", "messages")
            open_calls.discard(message["tool_call_id"])
        elif open_calls:
            raise invalid("each call must be answered", "invalid_request_error", "messages")
        for call in message.get("tool_calls", ()):
            json.loads(call["function"]["arguments"])
            open_calls.add(call["id"])
    said = [_text(message["content"]) for message in body["messages"] if message["role"] == "user"]
    system = [message["content"] for message in body["messages"] if message["role"] == "system"]
    form = body.get("response_format") or {}
    schema = form["json_schema"]["schema"] if form.get("type") == "json_schema" else None
    return Asked(path, model, said[-1] if said else "", "\n".join(system), schema, body)


def _check_reasoning(body: Mapping[str, Any]) -> None:
    for name in ("max_tokens", "temperature", "stop", "seed"):
        if name in body:
            words = f"Unsupported parameter: '{name}' is not supported with this model."
            raise invalid(words, "unsupported_parameter", name)
    if body.get("tools") and body.get("reasoning_effort") != "none":
        raise invalid("Function tools with reasoning_effort are not supported", "invalid_request_error")


def _text(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def _reason(answer: Answer) -> str:
    if answer.done_reason is None:
        return "tool_calls" if answer.tool_calls else "stop"
    return _REASONS.get(answer.done_reason, answer.done_reason)


def _usage(asked: Asked, answer: Answer) -> dict[str, Any]:
    read = asked.prompt_tokens if answer.prompt_tokens is None else answer.prompt_tokens
    written = answer.written_tokens
    cost = {} if answer.cost is None else {"cost": answer.cost}
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written, **cost}


def _frame(asked: Asked, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-sandbox", "object": kind, "created": 1_767_225_600, "model": asked.model}


def _content(answer: Answer) -> str:
    inline = f"<think>\n{answer.thinking}\n</think>\n\n" if answer.thinking_field == "inline" else ""
    return (inline if answer.thinking else "") + answer.text


def _call(number: int, name: str, arguments: dict[str, Any] | str) -> dict[str, Any]:
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": written}}


def whole(asked: Asked, answer: Answer) -> dict[str, Any]:
    """Return the answer as one object."""
    message: dict[str, Any] = {"role": "assistant", "content": _content(answer) or None, "refusal": None}
    if answer.thinking and answer.thinking_field != "inline":
        message[answer.thinking_field] = answer.thinking
    calls = [_call(number, *call) for number, call in enumerate(answer.tool_calls)]
    message |= {"tool_calls": calls} if calls else {}
    choices = [{"index": 0, "message": message, "finish_reason": _reason(answer)}]
    usage = {"usage": _usage(asked, answer)} if answer.has_usage else {}
    return _frame(asked, "chat.completion") | {"choices": choices, **usage}


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    if answer.thinking and answer.thinking_field != "inline":
        yield from ({answer.thinking_field: piece} for piece in halves(answer.thinking))
    elif answer.thinking:
        # In pieces that part the tags.
        yield from (
            {"content": piece} for piece in ("<th", "ink>\n", *halves(answer.thinking), "\n</thi", "nk>\n\n")
        )
    yield from ({"content": piece} for piece in pieces_of(answer))
    for number, call in enumerate(answer.tool_calls):
        made = _call(number, *call)
        pieces = halves(made["function"]["arguments"])
        yield {"tool_calls": [{"index": number, **made, "function": {"name": call[0], "arguments": ""}}]}
        yield from ({"tool_calls": [{"index": number, "function": {"arguments": piece}}]} for piece in pieces)


def events(asked: Asked, answer: Answer) -> Iterator[bytes]:
    """Yield the answer's events."""
    frame = _frame(asked, "chat.completion.chunk")
    for delta in _deltas(answer):
        yield event(frame | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield event(frame | {"choices": [{"index": 0, "delta": {}, "finish_reason": _reason(answer)}]})
    if answer.has_usage and asked.body.get("stream_options", {}).get("include_usage"):
        yield event(frame | {"choices": [], "usage": _usage(asked, answer)})
    yield b"data: [DONE]\n\n"


def amid(fault: Fault | None) -> bytes:
    """Return a failure told amid a stream."""
    return event(failure(502, fault.text if fault else "", fault.type if fault else ""))


def embeddings(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a vector for each text, the last first: who reads must look at the numbers.

    Raises:
        ApiError: there is no such model.
    """
    model = str(body.get("model"))
    if model not in MODELS:
        raise ApiError(404, failure(404, f"The model `{model}` does not exist", param="model"))
    rows = [
        {"object": "embedding", "index": index, "embedding": vector_of(text)}
        for index, text in enumerate(body["input"])
    ]
    read = sum(len(text) // 4 + 1 for text in body["input"])
    usage = {"prompt_tokens": read, "total_tokens": read}
    return {"object": "list", "data": rows[::-1], "model": model, "usage": usage}


def vector_of(text: str) -> list[float]:
    """Return the vector of a text: always the same, and told from its hash."""
    return [byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSIONS]]
