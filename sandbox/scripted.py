"""What the stand-ins for services share: answers by rules, and faults for the next requests that fit."""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Counted(Protocol):
    """Something that happens `times` times."""

    times: int


Kind = TypeVar("Kind", bound=Counted)


class Faults(Generic[Kind]):
    """The faults to come, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Kind] = []

    def add(self, fault: Kind) -> None:
        """Put a fault behind the others."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Make everything work again."""
        self._faults.clear()

    def take(self, fits: Callable[[Kind], bool]) -> Kind | None:
        """Return the first fault that fits a request, and count it as used."""
        for fault in self._faults:
            if fits(fault):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None


When = Callable[[Any], bool] | str
Saying = Any | Callable[[Any], Any | Awaitable[Any]]


@dataclass(slots=True)
class Rule:
    """An answer and when it is given: a predicate, or a text that the last message contains ("" always).

    An answer is the service's `Answer` or a text; a dict or a list is said as JSON. `times` is how
    often; None for always.
    """

    when: When
    answer: Saying
    times: int | None = None

    def matches(self, asked: Any) -> bool:
        """Return whether it answers this."""
        if self.times == 0:
            return False
        if isinstance(self.when, str):
            return self.when.lower() in asked.prompt.lower()
        return bool(self.when(asked))


class Rules:
    """The rules of one server, first match first."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    async def said(self, asked: Any) -> Any:
        """Return what a rule says to a request, a text or the service's answer; None where none matches."""
        for rule in self.rules:
            if rule.matches(asked):
                if rule.times is not None:
                    rule.times -= 1
                said = rule.answer(asked) if callable(rule.answer) else rule.answer
                said = await said if inspect.isawaitable(said) else said
                is_json = isinstance(said, Mapping | list)
                return json.dumps(said, ensure_ascii=False) if is_json else said
        return None
