"""Faults on demand: what goes wrong, where, and how often. Set live; random parts come from one seed."""

import random
import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Rule:
    """One fault for the next `times` requests of a route pattern.

    `action`: "429", "fail_before" (a 5xx, nothing written), "fail_after" (a 5xx in place of the answer of a
    write that happened) or "drop" (the write happened, the connection closes without an answer).
    """

    pattern: str
    action: str
    times: int = 1
    status: int = 500
    retry_after: float = 0.1
    scope: str = "user"
    is_global: bool = False
    _regex: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self._regex = _compile(self.pattern)

    def matches(self, method: str, path: str) -> bool:
        """Whether the rule has uses left and speaks of this request."""
        return self.times > 0 and self._regex.fullmatch(f"{method} {path}") is not None


def _segment(part: str) -> str:
    if part == "**":
        return ".*"
    return "[^/]+" if part == "*" or part.startswith("{") else re.escape(part)


def _compile(pattern: str) -> re.Pattern[str]:
    """Return the regex of "POST /channels/{id}/messages": `*` one segment, `**` the rest; no method: any."""
    method, _, path = pattern.rpartition(" ")
    parts = re.split(r"(\{\w+\}|\*\*|\*)", path)
    rest = "".join(_segment(part) for part in parts)
    return re.compile(f"{method or '[A-Z]+'} {rest}")


class Faults:
    """The switches of one sandbox; every attribute may be changed at any time.

    Source: protocol gateway.5, protocol gateway.8, protocol rest.3, protocol rest.4.

    Attributes:
        latency: seconds every HTTP answer waits before the work is done.
        event_latency: seconds every gateway event waits before it is sent.
        duplicate_events: chance (0 to 1) that an event is sent twice.
        reorder: chance (0 to 1) that an event is held back behind the next one.
        own_events: "before" or "after": a bot's own write comes as an event before or after the answer.
        order_gap: seconds between the two when `own_events` is set.
        enforce_nonce: False ignores `enforce_nonce`, as a Discord that forgot.
        mute_acks: heartbeats get no answer (a zombie connection).
        drop_sockets: chance (0 to 1), at every event sent, that the socket is cut behind it.
        lose_sessions: chance (0 to 1) that a socket cut like this takes its session along: no resume.
        chaos: chance (0 to 1) that any request fails with a random 5xx, before or after the write.
    """

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self.rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._defaults()

    def _defaults(self) -> None:
        self.latency = 0.0
        self.event_latency = 0.0
        self.duplicate_events = 0.0
        self.reorder = 0.0
        self.own_events: str | None = None
        self.order_gap = 0.05
        self.enforce_nonce = True
        self.mute_acks = False
        self.drop_sockets = 0.0
        self.lose_sessions = 0.0
        self.chaos = 0.0

    def seed(self, seed: int) -> None:
        """Start the random parts anew, repeatably."""
        self.rng.seed(seed)

    def clear(self) -> None:
        """Make everything work again."""
        self.rules.clear()
        self._defaults()

    def rate_limit(
        self,
        route: str = "**",
        *,
        times: int = 1,
        retry_after: float = 0.1,
        scope: str = "user",
        is_global: bool = False,
    ) -> None:
        """Answer the next `times` matching requests with 429; `scope` is user, shared or global."""
        self.rules.append(
            Rule(route, "429", times, 429, retry_after, "global" if is_global else scope, is_global=is_global)
        )

    def fail(self, route: str = "**", *, times: int = 1, status: int = 500, when: str = "before") -> None:
        """Answer the next `times` matching requests with a 5xx, "before" or "after" the write took effect."""
        self.rules.append(Rule(route, f"fail_{when}", times, status))

    def drop(self, route: str = "**", *, times: int = 1) -> None:
        """Do the write of the next `times` matching requests, then close the connection without an answer."""
        self.rules.append(Rule(route, "drop", times))

    def take(self, method: str, path: str) -> Rule | None:
        """Return the fault for this request and count it as used."""
        for rule in self.rules:
            if rule.matches(method, path):
                rule.times -= 1
                if rule.times == 0:
                    self.rules.remove(rule)
                return rule
        if self.chaos and self.rng.random() < self.chaos:
            action = self.rng.choice(("fail_before", "fail_after"))
            return Rule("**", action, 1, self.rng.choice((500, 502, 503, 504)))
        return None

    def chance(self, probability: float) -> bool:
        """Return whether an event of this probability happens now."""
        return probability > 0 and self.rng.random() < probability

    def configure(self, settings: dict[str, Any]) -> None:
        """Set switches by name; "rules" is a list of {pattern, action, ...}, "clear" and "seed" come first.

        Raises:
            ValueError: there is no switch of that name.
        """
        values = dict(settings)
        if values.pop("clear", False):
            self.clear()
        if (seed := values.pop("seed", None)) is not None:
            self.seed(seed)
        self.rules.extend(Rule(**rule) for rule in values.pop("rules", []))
        for name, value in values.items():
            if name not in _SWITCHES:
                raise ValueError(f"no fault switch named {name!r}; there are {', '.join(sorted(_SWITCHES))}")
            setattr(self, name, value)

    def describe(self) -> dict[str, Any]:
        """Return the switches and the open rules, as JSON."""
        rules = [
            {"pattern": r.pattern, "action": r.action, "times": r.times, "status": r.status}
            for r in self.rules
        ]
        return {name: getattr(self, name) for name in sorted(_SWITCHES)} | {"rules": rules}


_SWITCHES = frozenset(
    {
        "latency",
        "event_latency",
        "duplicate_events",
        "reorder",
        "own_events",
        "order_gap",
        "enforce_nonce",
        "mute_acks",
        "chaos",
        "drop_sockets",
        "lose_sessions",
    }
)
