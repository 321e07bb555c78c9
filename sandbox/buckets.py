"""Rate limits: a bucket per route (or group of routes) and top-level resource, and one for everything.

Source: protocol rest.3, docs topics/rate-limits.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from sandbox.errors import RateLimitedError

if TYPE_CHECKING:
    from sandbox.core import Core
    from sandbox.rest.routing import Route

Limit = tuple[int, float]
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
_KEPT = 10_000
_INVALID = (401, 403, 429)
_DOOR = "invalid requests"

# Routes that count in one bucket, by the group's name.
_GROUPS: dict[str, str] = {
    f"{method} {template}": group
    for group, routes in {
        "reactions": (
            ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"),
            ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"),
            ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}"),
            ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}"),
            ("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions"),
        ),
        "pins": (
            ("PUT", "/channels/{channel_id}/messages/pins/{message_id}"),
            ("DELETE", "/channels/{channel_id}/messages/pins/{message_id}"),
            ("PUT", "/channels/{channel_id}/pins/{message_id}"),
            ("DELETE", "/channels/{channel_id}/pins/{message_id}"),
        ),
        "member roles": (
            ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"),
            ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"),
        ),
        "bans": (
            ("PUT", "/guilds/{guild_id}/bans/{user_id}"),
            ("DELETE", "/guilds/{guild_id}/bans/{user_id}"),
        ),
        "thread members": (
            ("PUT", "/channels/{channel_id}/thread-members/{user_id}"),
            ("DELETE", "/channels/{channel_id}/thread-members/{user_id}"),
            ("PUT", "/channels/{channel_id}/thread-members/@me"),
            ("DELETE", "/channels/{channel_id}/thread-members/@me"),
        ),
    }.items()
    for method, template in routes
}


@dataclass(frozen=True)
class Profile:
    """How strict a sandbox is.

    Attributes:
        default: what a bucket allows that has no line of its own: requests, and per how many seconds.
        buckets: limits by group or route name.
        resources: limits of what many share, by name: "rename" of one channel.
        overall: requests of one application to everything, interactions left out; None for no limit.
        invalid: answers 401, 403 and 429 (shared ones left out) before the door closes; None for no limit.
    """

    default: Limit = (500, 1.0)
    buckets: Mapping[str, Limit] = field(default_factory=dict)
    resources: Mapping[str, Limit] = field(default_factory=dict)
    overall: Limit | None = None
    invalid: Limit | None = None


PROFILES: dict[str, Profile] = {
    "generous": Profile(),
    # Discord publishes the overall and the invalid limit only; the others are what its headers have shown.
    "discord": Profile(
        default=(5, 5.0),
        buckets={
            "POST /channels/{channel_id}/messages": (5, 5.0),
            "PATCH /channels/{channel_id}/messages/{message_id}": (5, 5.0),
            "DELETE /channels/{channel_id}/messages/{message_id}": (5, 1.0),
            "POST /channels/{channel_id}/messages/bulk-delete": (1, 1.0),
            "reactions": (1, 0.25),
            "POST /channels/{channel_id}/typing": (5, 5.0),
            "pins": (5, 4.0),
            "POST /webhooks/{webhook_id}/{webhook_token}": (5, 2.0),
            "POST /interactions/{interaction_id}/{interaction_token}/callback": (50, 1.0),
            "GET /guilds/{guild_id}/members": (10, 10.0),
            "PATCH /guilds/{guild_id}/members/{user_id}": (10, 10.0),
            "member roles": (10, 10.0),
            "PUT /applications/{application_id}/commands": (2, 60.0),
            "GET /gateway/bot": (2, 5.0),
        },
        resources={"rename": (2, 600.0)},
        overall=(50, 1.0),
        invalid=(10_000, 600.0),
    ),
}


@dataclass(slots=True)
class Verdict:
    """What counting a request came to: its headers and, when it may not pass, why."""

    headers: dict[str, str]
    refusal: RateLimitedError | None = None


class Buckets:
    """Counts requests in fixed windows."""

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._windows: dict[str, tuple[float, int]] = {}

    @property
    def _profile(self) -> Profile:
        return PROFILES[self._core.rate_limits]

    def take(self, route: "Route", params: Mapping[str, str], who: str) -> Verdict:
        """Count a request of an application (or address) `who`, in its own bucket where a token is needed."""
        overall = self._profile.overall
        if overall is not None and route.needs_token:
            _, wait = self._count(f"everything:{who}", overall)
            if wait:
                return Verdict({}, RateLimitedError(wait, "global"))
        group = _GROUPS.get(route.name, route.name)
        limit = self._limit(route.name, group)
        own = [who] if route.needs_token else []
        key = ":".join([group, *own, *(params[name] for name in _MAJOR if name in params)])
        used, wait = self._count(key, limit)
        left = self._windows[key][0] - self._core.clock.monotonic()
        headers = {
            "X-RateLimit-Limit": str(limit[0]),
            "X-RateLimit-Remaining": str(max(0, limit[0] - used)),
            "X-RateLimit-Reset": f"{self._core.clock.now().timestamp() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": _hash(group),
        }
        return Verdict(headers, RateLimitedError(wait) if wait else None)

    def _limit(self, name: str, group: str) -> Limit:
        if name in self._core.rates:
            return self._core.rates[name]
        profile = self._profile
        if self._core.rate is not None:
            return self._core.rate
        return profile.buckets.get(group, profile.default)

    def share(self, what: str, key: str) -> None:
        """Count an act on a resource whose limit is not the bot's own.

        Raises:
            RateLimitedError: with the scope "shared".
        """
        limit = self._profile.resources.get(what)
        if limit is not None:
            _, wait = self._count(f"{what}:{key}", limit)
            if wait:
                raise RateLimitedError(wait, "shared")

    def closed(self) -> bool:
        """Whether too many invalid requests have closed the door."""
        limit = self._profile.invalid
        ends, used = self._windows.get(_DOOR, (0.0, 0))
        return limit is not None and used >= limit[0] and self._core.clock.monotonic() < ends

    def note(self, status: int, scope: str | None) -> None:
        """Count an answer that was the client's fault; a shared 429 is nobody's."""
        limit = self._profile.invalid
        if limit is not None and status in _INVALID and scope != "shared":
            self._count(_DOOR, limit)

    def _count(self, key: str, limit: Limit) -> tuple[int, float]:
        """Return how much of a window is used, this time included, and the seconds to wait (0 to pass)."""
        now = self._core.clock.monotonic()
        ends, used = self._windows.get(key, (0.0, 0))
        if now >= ends:
            ends, used = now + limit[1], 0
            if len(self._windows) > _KEPT:
                self._windows = {k: window for k, window in self._windows.items() if window[0] > now}
        used += 1
        self._windows[key] = (ends, used)
        return used, ends - now if used > limit[0] else 0.0


@lru_cache(maxsize=512)
def _hash(group: str) -> str:
    return hashlib.blake2b(group.encode(), digest_size=16).hexdigest()
