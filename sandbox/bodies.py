"""Request bodies: JSON, urlencoded and multipart, never more of them in memory than is allowed.

Source: docs reference#uploading-files, docs topics/opcodes-and-status-codes#json.
"""

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from sandbox.errors import ApiError, too_large
from sandbox.rest.call import Call, Upload

MAX_BODY = 26 * 1024 * 1024
MAX_TEXT = 2 * 1024 * 1024  # of JSON and form fields without a bot's token
MAX_VALUES = 200_000  # in JSON: parsed, an empty list takes many times the bytes it is written in
_FORM = "application/x-www-form-urlencoded"
_PARTS = "multipart/form-data"
_KINDS = ("application/json", _FORM, _PARTS)


async def read_body(request: web.Request, call: Call) -> None:
    """Read the body of a request into the call.

    Raises:
        ApiError: 40005 too large, 50035 of another type or broken parts, 50109 no JSON.
    """
    most = MAX_BODY if request.content_type == _PARTS else _most_text(call)
    if (request.content_length or 0) > most:
        raise too_large()
    if not request.body_exists:
        return
    try:
        if request.content_type == _PARTS:
            await _read_parts(request, call)
            return
        raw = await _read_text(request, call)
    except web.RequestPayloadError:
        raise _broken() from None
    if not raw:
        return
    if request.content_type == _FORM:
        call.body = _from_fields(parse_qsl(_text(raw), keep_blank_values=True))
    elif request.content_type == "application/json":
        call.body = parsed(raw)
    else:
        kinds = ", ".join(f"'{kind}'" for kind in _KINDS)
        raise ApiError(400, 50035, f'Expected "Content-Type" header to be one of {{{kinds}}}.')


def _most_text(call: Call) -> int:
    """Return how many bytes of text a request may have: a picture may be in a bot's JSON."""
    return MAX_TEXT if call.app is None else MAX_BODY


async def _read_text(request: web.Request, call: Call) -> bytes:
    """Return the whole body, unpacked.

    Raises:
        ApiError: 40005 as soon as it is too large.
    """
    content = bytearray()
    async for chunk in request.content.iter_any():
        content += chunk
        call.size = len(content)
        if call.size > _most_text(call):
            raise too_large()
    return bytes(content)


def parsed(raw: bytes) -> Any:
    """Return a body as JSON.

    Raises:
        ApiError: 50109 when it is none, 40005 when it has too many values.
    """
    if sum(raw.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise too_large()
    try:
        return plain(raw)
    except (ValueError, RecursionError):
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


def plain(raw: bytes) -> Any:
    """Return bytes as JSON; lone surrogates, which can't be sent on, become question marks.

    Raises:
        ValueError: it is none.
        RecursionError: it is nested too deep.
    """
    body = json.loads(raw, parse_constant=_no_constant)
    if b"\\u" in raw:
        body = json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _broken() -> ApiError:
    return ApiError(400, 50035, "Invalid Form Body")


def _from_fields(fields: list[tuple[str, str]]) -> Any:
    """Return the body of form fields: `payload_json` where there is one, else the fields themselves."""
    found = dict(fields)
    return parsed(found["payload_json"].encode()) if "payload_json" in found else found


async def _read_parts(request: web.Request, call: Call) -> None:
    """Read payload_json and files[n]. Source: protocol rest.8."""
    left, text_left = MAX_BODY, _most_text(call)
    fields: list[tuple[str, str]] = []
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            name = part.name or ""
            is_text = part.filename is None or name == "payload_json"
            content = await _read_part(part, min(left, text_left) if is_text else left)
            left -= len(content)
            call.size += len(content)
            if is_text:
                text_left -= len(content)
                fields.append((name, _text(content)))
                continue
            digits = name.partition("[")[2].rstrip("]")
            known = digits.isascii() and digits.isdigit() and len(digits) <= 4  # noqa: PLR2004
            index = int(digits) if known else len(call.uploads)
            call.uploads[index] = Upload(part.filename or "", part.headers.get("Content-Type", ""), content)
    except (ValueError, AssertionError, RuntimeError, LookupError, EOFError, HttpProcessingError):
        raise _broken() from None  # a boundary that isn't there, headers or an encoding of nonsense
    call.body = _from_fields(fields)


async def _read_part(part: BodyPartReader, left: int) -> bytes:
    """Return a part's content.

    Raises:
        ApiError: 40005 as soon as it is more than `left` bytes.
    """
    content = bytearray()
    while chunk := await part.read_chunk(1 << 16):
        content += chunk
        if len(content) > left:
            raise too_large()
    unpacked = bytes(part.decode(content))
    if len(unpacked) > left:
        raise too_large()
    return unpacked
