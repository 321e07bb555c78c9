"""Faults on demand: what goes wrong, where, and how often. Set live; random parts come from one seed."""

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

ACTIONS = ("429", "fail_before", "fail_after", "drop")
SCOPES = ("user", "shared", "global")


def _is_number(value: object) -> bool:
    """Whether it is a finite number from 0, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _seconds(value: object) -> str | None:
    return None if _is_number(value) else "a number of seconds from 0"


def _chance(value: Any) -> str | None:
    return None if _is_number(value) and value <= 1 else "a chance from 0 to 1"


def _switch(value: object) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _whole(low: int, high: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if right else f"a whole number from {low} to {high}"

    return check


def _word(*words: str | None) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        right = (value is None or isinstance(value, str)) and value in words
        return None if right else f"one of {', '.join(str(word) for word in words)}"

    return check


def _pattern(value: object) -> str | None:
    return None if isinstance(value, str) and value else 'a route, such as "POST /channels/{id}/messages"'


_RULE: dict[str, Callable[[Any], str | None]] = {
    "pattern": _pattern,
    "action": _word(*ACTIONS),
    "times": _whole(1, 10**9),
    "status": _whole(400, 599),
    "retry_after": _seconds,
    "scope": _word(*SCOPES),
    "is_global": _switch,
}
_SWITCHES: dict[str, Callable[[Any], str | None]] = {
    "latency": _seconds,
    "event_latency": _seconds,
    "duplicate_events": _chance,
    "reorder": _chance,
    "own_events": _word(None, "before", "after"),
    "order_gap": _seconds,
    "enforce_nonce": _switch,
    "mute_acks": _switch,
    "chaos": _chance,
    "drop_sockets": _chance,
    "lose_sessions": _chance,
}
_WORDS: dict[str, Callable[[Any], str | None]] = {
    "clear": _switch,
    "seed": lambda value: None if value is None else _whole(-(2**63), 2**63)(value),
    "rules": lambda value: None if isinstance(value, list | tuple) else "a list of rules",
}


def _check(what: str, name: str, value: Any, known: dict[str, Callable[[Any], str | None]]) -> None:
    """Check a value by its name.

    Raises:
        ValueError: there is no such name, or the value is wrong; says what would be right.
    """
    if name not in known:
        raise ValueError(f"no {what} named {name!r}; there are {', '.join(sorted(known))}")
    right = known[name](value)
    if right is not None:
        raise ValueError(f"{name} is {right}, it can't be {value!r}")


@dataclass(slots=True)
class Rule:
    """One fault for the next `times` requests of a route pattern.

    `action`: "429", "fail_before" (a 5xx, nothing written), "fail_after" (a 5xx in place of the answer of a
    write that happened) or "drop" (the write happened, the connection closes without an answer).

    Raises:
        ValueError: a field makes no sense.
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
        for each in fields(self):
            if each.init:
                _check("field of a rule", each.name, getattr(self, each.name), _RULE)
        self._regex = _compile(self.pattern)

    @classmethod
    def of(cls, form: Any) -> "Rule":
        """Return the rule a JSON object describes.

        Raises:
            ValueError: it describes none.
        """
        if not isinstance(form, dict) or not {"pattern", "action"} <= form.keys():
            raise ValueError(f"a rule is an object with pattern and action, it can't be {form!r}")
        for name, value in form.items():
            _check("field of a rule", name, value, _RULE)
        return cls(**form)

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
            ValueError: a name or a value makes no sense; then nothing is changed.
        """
        values = dict(settings)
        clear, seed, rules = values.pop("clear", False), values.pop("seed", None), values.pop("rules", [])
        _check("word", "clear", clear, _WORDS)
        _check("word", "seed", seed, _WORDS)
        _check("word", "rules", rules, _WORDS)
        made = [Rule.of(rule) for rule in rules]
        for name, value in values.items():
            _check("fault switch", name, value, _SWITCHES)
        if clear:
            self.clear()
        if seed is not None:
            self.seed(seed)
        self.rules.extend(made)
        for name, value in values.items():
            setattr(self, name, value)

    def describe(self) -> dict[str, Any]:
        """Return the switches and the open rules, as JSON."""
        rules = [
            {"pattern": r.pattern, "action": r.action, "times": r.times, "status": r.status}
            for r in self.rules
        ]
        return {name: getattr(self, name) for name in sorted(_SWITCHES)} | {"rules": rules}
