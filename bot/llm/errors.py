"""What can go wrong with a language model. Every message says the fix; none holds a key or member text."""

from bot.llm.types import Usage


class LLMError(Exception):
    """A model could not answer."""


class ProviderUnavailable(LLMError):  # noqa: N818 - states, named as what they are
    """It isn't there, failed, hung up amid an answer, or took longer than its deadline."""


class Unreachable(ProviderUnavailable):
    """Nobody takes a connection: it isn't started, or the network or its name fails."""


class Unloadable(ProviderUnavailable):
    """It can't load the model, as for want of memory; the message holds what to do."""


class TooSlow(ProviderUnavailable):
    """Its deadline passed."""


class Served(ProviderUnavailable):
    """It failed after it took the request, which it may well have counted.

    `usage` is what it told of that; of no tokens where it told nothing.
    """

    def __init__(self, message: str, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.usage = usage or Usage()


class HungUp(Served):
    """It took the request, and hung up or failed before its answer was whole."""


class AnswerCut(Served):
    """It ended amid a streamed answer of which the reader has seen a part; what was seen is all there is."""


class Paused(LLMError):  # noqa: N818
    """It failed or was rate limited lately, so it isn't asked for a while."""


class Unsuitable(LLMError):  # noqa: N818
    """The model can't take what it would be given, such as pictures or tools."""


class ModelMissing(LLMError):  # noqa: N818
    """The provider hasn't got the model; the message holds the command that fetches it."""

    def __init__(self, model: str, fix: str) -> None:
        super().__init__(f"model {model} is not there: {fix}")
        self.model = model


class ContextOverflow(LLMError):  # noqa: N818
    """The prompt is longer than the model can read."""


class Refused(LLMError):  # noqa: N818
    """The provider turned the request away unread, as where the key was not accepted."""


class Declined(Refused):
    """The model read the request and would not answer; `usage` is what that took."""

    def __init__(self, message: str, usage: Usage) -> None:
        super().__init__(message)
        self.usage = usage


class RateLimited(LLMError):  # noqa: N818
    """Too many requests; `retry_after` is seconds, None where it wasn't told."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadOutput(LLMError):  # noqa: N818
    """What came back is not what was asked for, such as half JSON."""


class Busy(LLMError):  # noqa: N818
    """Too many requests wait for this provider already."""


class CeilingReached(LLMError):  # noqa: N818
    """The day's tokens or money are spent."""
