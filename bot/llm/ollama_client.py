"""The `ollama` client as this bot uses it, and its errors in the words of `bot.llm.errors`.

The library is imported when the first client is made: it and httpx take a while.
"""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from bot.llm.errors import (
    BadOutput,
    Busy,
    ContextOverflow,
    LLMError,
    ModelMissing,
    ProviderUnavailable,
    RateLimited,
    Refused,
    Unloadable,
    Unreachable,
)

if TYPE_CHECKING:
    import httpx
    import ollama

CONNECTIONS = 256
TOO_MANY, NOT_FOUND, OVERLOADED, SERVER_ERROR = 429, 404, 503, 500
KEYLESS = (401, 403)
# Ollama's words that help and hold nothing of a prompt or an answer; other words of its are not repeated.
_TOO_LITTLE_MEMORY = ("requires more system memory", "not enough memory")
_NOT_LOADED = "unable to load model"
_SAFE = (*_TOO_LITTLE_MEMORY, _NOT_LOADED, "runner process has terminated")
_BY_WORDS: tuple[tuple[tuple[str, ...], type[LLMError], str], ...] = (
    (
        ("context length", "context window", "context size", "exceeds the available context"),
        ContextOverflow,
        "can't read a prompt of this length: shorten it, or choose a model with a larger context",
    ),
    (
        ("does not support", "is not supported for this model"),
        Refused,
        "can't do what it was asked (tools, pictures or thinking): choose another model",
    ),
    (
        ("parsing tool call",),
        BadOutput,
        "called a tool in a form nobody can read: ask again, or choose another model",
    ),
)


class Clients(NamedTuple):
    """The library's client, and one for what it lacks."""

    ollama: "ollama.AsyncClient"
    http: "httpx.AsyncClient"

    async def close(self) -> None:
        """Close all connections."""
        await self.ollama.close()  # type: ignore[no-untyped-call]
        await self.http.aclose()


def make_clients(url: str) -> Clients:
    """Return clients of the Ollama at `url`; takes a while, so call it away from the event loop."""
    import httpx
    import ollama

    from bot.llm.bodies import bound

    here = is_loopback(url)
    options: dict[str, Any] = {
        # Reading the certificates of the web takes 70 ms each time; on this machine none is needed.
        "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if here else httpx.create_ssl_context(),
        # Where fewer are kept, httpcore closes each as soon as more than that are open, used or not.
        "limits": httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        "event_hooks": {"response": [_raise_when_limited, bound]},
        # A proxy that is set for the web doesn't lead to this machine.
        "trust_env": not here,
    }
    http = httpx.AsyncClient(base_url=url, timeout=None, **options)  # noqa: S113 - every call has a deadline
    return Clients(ollama.AsyncClient(url, **options), http)


def is_loopback(url: str) -> bool:
    """Return whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shown(url: str) -> str:
    """Return an address as it may be shown: without a name and password in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


async def _raise_when_limited(response: "httpx.Response") -> None:
    # Here, because the library's own error leaves the headers out.
    if response.status_code == TOO_MANY:
        seconds = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        wait = "a while" if seconds is None else f"{seconds:g} seconds"
        raise RateLimited(f"{shown(str(response.url))} takes no more requests now: wait {wait}", seconds)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds a Retry-After tells, as a number or a date; None where it tells none."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError):  # no date; one without a zone
        return None


@contextmanager
def translated(url: str, model: str = "") -> Iterator[None]:
    """Raise the library's errors as `LLMError`s that say the fix and hold nothing of what was said."""
    import httpx
    import ollama

    place = shown(url)
    try:
        yield
    except LLMError:
        raise
    except ollama.ResponseError as error:
        raise _of_response(error.status_code, str(error.error), place, model) from None
    except (ConnectionError, httpx.ConnectError, httpx.ConnectTimeout):
        raise Unreachable(
            f"Ollama doesn't answer at {place}: start it (`ollama serve`), or set OLLAMA_HOST to where it is"
        ) from None
    except httpx.HTTPStatusError as error:
        raise _of_response(error.response.status_code, "", place, model) from None
    except httpx.HTTPError as error:
        raise ProviderUnavailable(
            f"Ollama at {place} hung up ({type(error).__name__}): its log (`ollama serve`) says why"
        ) from None
    except (ValueError, TypeError, AttributeError):  # what the client's parsing raises for JSON of any shape
        raise BadOutput(
            f"what came from {place} is not Ollama's protocol: does OLLAMA_HOST name an Ollama?"
        ) from None


def _of_response(status: int, words: str, place: str, model: str) -> LLMError:
    """Return the error for a status (-1 amid a stream) and Ollama's words, which may hold what was said."""
    low = words.lower()
    if "pull model manifest" in low and "does not exist" in low:
        return ModelMissing(model, "Ollama's library has none of that name, see https://ollama.com/library")
    if status == NOT_FOUND or "file does not exist" in low:
        return ModelMissing(model, f"run `ollama pull {model}`")
    if status == OVERLOADED and "maximum pending" in low:
        return Busy(
            f"Ollama at {place} has too many requests waiting: try later, or raise OLLAMA_MAX_QUEUE there"
        )
    for parts, kind, told in _BY_WORDS:
        if any(part in low for part in parts):
            return kind(f"{model} {told}")
    if -1 < status < SERVER_ERROR:
        fix = (
            "set OLLAMA_API_KEY to a key it accepts"
            if status in KEYLESS
            else "update Ollama, its log says more"
        )
        return Refused(f"Ollama at {place} refused the request ({status}): {fix}")
    return _of_server(status, words, place, model)


def _of_server(status: int, words: str, place: str, model: str) -> ProviderUnavailable:
    """Return the error for a failure of the server's own."""
    low = words.lower()
    safe = f": {words[:160]}" if any(part in low for part in _SAFE) else ""
    failed = f"Ollama at {place} failed {'amid an answer' if status == -1 else f'({status})'}{safe}"
    if any(part in low for part in _TOO_LITTLE_MEMORY):
        return Unloadable(f"{failed}; choose a smaller model than {model}, or free memory there")
    if _NOT_LOADED in low:
        return Unloadable(f"{failed}; run `ollama pull {model}` again, and update Ollama")
    return ProviderUnavailable(f"{failed}; its log (`ollama serve`) says why")
