"""A provider's breaker and one for each of its models: a model that fails must not shut out the others."""

from collections.abc import Iterable
from typing import NamedTuple

from bot.llm.breaker import GAUGE, Breaker, State
from bot.llm.errors import (
    CeilingReached,
    ContextOverflow,
    Declined,
    LLMError,
    ProviderUnavailable,
    RateLimited,
    Refused,
    TooSlow,
    Unreachable,
    Unsuitable,
)
from bot.llm.ports import Clock
from bot.settings_llm import LlmBreaker

# Most of them come about before anything is sent, so they don't tell how anybody is.
_SHOWS_NOTHING = (CeilingReached, Unsuitable, ContextOverflow, Refused)


class ModelState(NamedTuple):
    """How a model is asked at the moment; `why` it was left alone last, "" where it never was."""

    model: str
    state: State
    why: str


class Ticket(NamedTuple):
    """What is held for one call, until it is known how that went."""

    model: str
    of_model: int
    of_provider: int


class Breakers:
    """Decides whether a model of one provider is asked.

    Against the provider counts only that nobody takes a connection, which is the same for all its models.
    All else may be of one model alone: one that is too large or too slow, or its own limit of requests.
    """

    def __init__(self, provider: str, models: Iterable[str], clock: Clock, settings: LlmBreaker) -> None:
        self._provider = Breaker(provider, clock, settings)
        self._models = {model: Breaker(f"{provider}/{model}", clock, settings) for model in models}

    @property
    def state(self) -> State:
        """Whether the provider is asked: with the model that is asked most readily."""
        states = [each.state for each in self._models.values()] or [State.CLOSED]
        return max(self._provider.state, min(states, key=GAUGE.__getitem__), key=GAUGE.__getitem__)

    def models(self) -> tuple[ModelState, ...]:
        """Return how each model is asked, whatever the provider's own state."""
        return tuple(ModelState(model, each.state, each.why) for model, each in self._models.items())

    def check(self, model: str) -> None:
        """Do nothing if a call may pass now.

        Raises:
            Paused: it may not.
        """
        self._models[model].check()
        self._provider.check()

    def is_passable(self, model: str) -> bool:
        """Whether a call may pass now."""
        return self._models[model].is_passable() and self._provider.is_passable()

    def enter(self, model: str) -> Ticket:
        """Return a ticket for one call.

        Raises:
            Paused: no call may pass.
        """
        self.check(model)  # of both, before one of them takes it for the call that tries
        return Ticket(model, self._models[model].enter(), self._provider.enter())

    def judge(self, ticket: Ticket, error: LLMError | None, *, is_fair: bool) -> None:
        """Note how a call ended.

        Args:
            ticket: what it held.
            error: None when it was answered.
            is_fair: whether it had enough time to be blamed for being slow.
        """
        model = self._models[ticket.model]
        if isinstance(error, Unreachable):
            self._provider.failed(ticket.of_provider, str(error))
        elif isinstance(error, RateLimited):
            model.limited(error.retry_after, str(error))
        elif isinstance(error, ProviderUnavailable) and (is_fair or not isinstance(error, TooSlow)):
            model.failed(ticket.of_model, str(error))
        elif isinstance(error, Declined) or not isinstance(error, (TooSlow, *_SHOWS_NOTHING)):
            # It said something, if only that it hasn't got the model.
            model.succeeded(ticket.of_model)
            self._provider.succeeded(ticket.of_provider)
        self.gave_up(ticket)  # without effect on what was just told

    def gave_up(self, ticket: Ticket) -> None:
        """Note that a call ended without showing more."""
        self._models[ticket.model].gave_up(ticket.of_model)
        self._provider.gave_up(ticket.of_provider)
