"""What a failure of an SDK means to the bot.

Both SDKs come from one generator: their errors have the same names and fields. What a server says is read to
tell failures apart and never repeated, because servers quote what they were sent: members' words.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from bot.llm.errors import (
    BadOutput,
    ContextOverflow,
    HungUp,
    LLMError,
    ModelMissing,
    ProviderUnavailable,
    RateLimited,
    Refused,
    TooSlow,
    Unreachable,
)

# How Anthropic, OpenAI, vLLM and llama.cpp call a prompt that is too long.
_OVERLONG = re.compile(
    r"prompt is too long|context_length_exceeded|exceed_context_size|context (?:length|size|window)"
    r"|maximum context|too many (?:input )?tokens",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z_.]{1,40}")
_STATUS_OF_TYPE = {
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "invalid_request_error": 400,
}  # Anthropic's words for a failure amid a stream, whose HTTP status is 200
_NO_CREDIT = {"insufficient_quota", "billing_error", "enforced_spend_limit_reached"}
_NOT_REACHED = {"ConnectError", "ProxyError", "UnsupportedProtocol", "LocalProtocolError"}  # of httpx
_KEYS_FAULT = {401, 402, 403}
TOO_MANY = 429
_GATEWAYS_LIMIT = {504, 524}  # whoever is behind it had the request, and goes on with it
_FIRST_ERROR, _FIRST_OF_SERVER, _LAST = 400, 500, 599
_GONE = {408, 409, 425, 499}  # a timeout, a conflict: it may work at another time


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def error_of(error: Exception) -> Mapping[str, Any]:
    """Return what a server said went wrong: type, code, param, message; empty where it said nothing."""
    body = _mapping(getattr(error, "body", None))
    return _mapping(body["error"]) if "error" in body else body


def translate(error: Exception, service: str, key_name: str, *, model: str, deadline: float) -> LLMError:
    """Return the bot's error for one of an SDK, or of what reads its streams.

    Args:
        error: as it was raised.
        service: what people call the server.
        key_name: what its key is called in .env.
        model: that was asked, "" where none was.
        deadline: seconds the call had.
    """
    said = error_of(error)
    status = _status(error, said)
    if status is not None:
        is_keys = status in _KEYS_FAULT or _is_without_credit(said)
        return (
            _of_key(status, said, service, key_name)
            if is_keys
            else _of_status(status, error, said, service, model)
        )
    if "Timeout" in type(error).__name__ or isinstance(error, TimeoutError):
        return too_slow(service, deadline)
    if isinstance(error, ValueError) or type(error).__name__ == "APIResponseValidationError":
        return BadOutput(
            f"{service} sent what is not in its protocol: try again, or check the base_url in the settings"
        )
    if _OVERLONG.search(f"{said.get('code')} {said.get('message')}"):
        return _overlong(service)
    if type(error.__cause__ or error).__name__ in _NOT_REACHED:
        return Unreachable(f"{service} does not answer: check the network, and that it runs")
    return HungUp(f"{service} hung up: check the network, and that it runs; nothing need be set")


def too_slow(service: str, deadline: float) -> TooSlow:
    """Return what a passed deadline means."""
    return TooSlow(f"{service} took longer than {deadline:g} s: a smaller model or prompt is quicker")


def _overlong(service: str) -> ContextOverflow:
    return ContextOverflow(f"the prompt is too long for {service}: send less, or use a model that reads more")


def _status(error: Exception, said: Mapping[str, Any]) -> int | None:
    """Return the HTTP status a failure has, also one amid a stream, whose status says nothing."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= _FIRST_ERROR:
        return status
    code = said.get("code")  # OpenRouter tells a status here
    if isinstance(code, int) and _FIRST_ERROR <= code <= _LAST:
        return code
    if isinstance(status, int) or said:
        return _STATUS_OF_TYPE.get(str(said.get("type")))
    return None


def _is_without_credit(said: Mapping[str, Any]) -> bool:
    return said.get("code") in _NO_CREDIT or said.get("type") in _NO_CREDIT


def _of_key(status: int, said: Mapping[str, Any], service: str, key_name: str) -> Refused:
    called = _called(said)
    if status == 402 or _is_without_credit(said):  # noqa: PLR2004
        return Refused(f"{service} has no more credit for this key{called}: add some in its console")
    if status == 401:  # noqa: PLR2004
        return Refused(
            f"{service} does not accept the key: put a valid one into .env ({key_name}, or LLM_API_KEY where"
            " that isn't set) and restart the bot"
        )
    return Refused(f"{service} does not let this key do that{called}: check its rights in the console")


def _of_status(status: int, error: Exception, said: Mapping[str, Any], service: str, model: str) -> LLMError:
    called = _called(said)
    if status == 404:  # noqa: PLR2004
        return ModelMissing(
            model or "?", f"{service} has none of that name; check the name and the base_url in the settings"
        )
    if status == 413 or (status < _FIRST_OF_SERVER and _is_overlong(said, error)):  # noqa: PLR2004
        return _overlong(service)
    if status == TOO_MANY:
        return RateLimited(f"{service} gets too many requests: it works again later", _retry_after(error))
    if status in _GATEWAYS_LIMIT:
        return HungUp(f"{service} took too long for its gateway ({status}): a smaller model is quicker")
    if status in _GONE or status >= _FIRST_OF_SERVER:
        return ProviderUnavailable(
            f"{service} fails ({status}): it works again later, or see its status page"
        )
    return Refused(f"{service} declines the request ({status}){called}: check the model and its settings")


def _is_overlong(said: Mapping[str, Any], error: Exception) -> bool:
    body = getattr(error, "body", None)
    words = body if isinstance(body, str) else f"{said.get('code')} {said.get('type')} {said.get('message')}"
    return _OVERLONG.search(words) is not None


def _called(said: Mapping[str, Any]) -> str:
    """Return what a server calls a failure: only words of its vocabulary."""
    words = [str(said.get(name)) for name in ("type", "code", "param") if said.get(name) is not None]
    known = dict.fromkeys(word for word in words if _WORD.fullmatch(word))
    return f", called {' '.join(known)}" if known else ""


def _retry_after(error: Exception) -> float | None:
    """Return the seconds a server asks to wait, told in milliseconds, seconds or as a date."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    for name, scale in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
        return max(0.0, seconds) if seconds < float("inf") else None
    try:  # a date: measured by the server's own clock
        until = parsedate_to_datetime(headers["retry-after"]) - parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    return max(0.0, until.total_seconds())
