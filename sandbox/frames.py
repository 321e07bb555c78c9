"""What the payloads of a gateway client must look like, read before anything is done about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

LARGE_MIN, LARGE_MAX = 50, 250


class MalformedError(Exception):
    """A payload that can't be decoded (close code 4002)."""


class InvalidRequestError(Exception):
    """The payload of a known opcode lacks what the opcode needs (close code 4001)."""


class Identify(NamedTuple):
    """What IDENTIFY says; `intents` are not checked, `shard` is None without sharding."""

    token: str
    intents: Any
    shard: tuple[int, int] | None
    large: int
    packets: bool


class Resume(NamedTuple):
    """What RESUME says; no `session_id` when the client lost its socket before READY."""

    token: str
    session_id: str | None
    sequence: int


class MembersWanted(NamedTuple):
    """What a request for members says: by `ids`, by the start of their name, or all (an empty `query`)."""

    guild_id: int
    query: str
    ids: list[int] | None
    limit: int
    nonce: Any
    presences: bool


@contextmanager
def _decoding() -> Iterator[None]:
    """Call what goes wrong in reading a payload the payload's fault."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise MalformedError(repr(error)) from error


@_decoding()
def identify(data: Any) -> Identify:
    """Read an IDENTIFY. Source: docs events/gateway-events#identify.

    Raises:
        MalformedError: it is none.
    """
    wanted = data.get("shard")
    shard = None
    if wanted:
        number, count = wanted
        shard = int(number), int(count)
    large = int(data.get("large_threshold") or LARGE_MIN)
    return Identify(
        _token(data),
        data["intents"],
        shard,
        min(LARGE_MAX, max(LARGE_MIN, large)),
        bool(data.get("compress")),
    )


@_decoding()
def resume(data: Any) -> Resume:
    """Read a RESUME. Source: docs events/gateway-events#resume.

    Raises:
        MalformedError: it is none.
    """
    session_id = data["session_id"]
    if session_id is None:
        return Resume(_token(data), None, 0)
    if not isinstance(session_id, str):
        raise TypeError("session_id")
    return Resume(_token(data), session_id, int(data["seq"]))


@_decoding()
def members(data: Any) -> MembersWanted:
    """Read a request for members; of a list of guilds only the first counts.

    Source: docs events/gateway-events#request-guild-members.

    Raises:
        MalformedError: it is none.
        InvalidRequestError: neither `query` nor `user_ids` is there.
    """
    wanted = data["guild_id"][0] if isinstance(data["guild_id"], list) else data["guild_id"]
    guild_id, query, given = int(wanted), data.get("query"), data.get("user_ids")
    if query is None and given is None:
        raise InvalidRequestError("one of query and user_ids is needed")
    ids = None if given is None else [int(each) for each in (given if isinstance(given, list) else [given])]
    limit = 0 if ids is not None else int(data["limit"])
    presences = bool(data.get("presences"))
    return MembersWanted(guild_id, str(query or ""), ids, limit, data.get("nonce"), presences)


@_decoding()
def guilds_for_sounds(data: Any) -> list[int]:
    """Read a request for soundboard sounds. Source: docs events/gateway-events#request-soundboard-sounds.

    Raises:
        MalformedError: it is none.
    """
    return [int(each) for each in data["guild_ids"]]


@_decoding()
def guild_for_channel_info(data: Any) -> int:
    """Read a request for channel information. Source: docs events/gateway-events#request-channel-info.

    Raises:
        MalformedError: it is none.
    """
    _ = list(data["fields"])
    return int(data["guild_id"])


def _token(data: Any) -> str:
    token: str = data["token"].removeprefix("Bot ")
    return token
