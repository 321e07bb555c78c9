"""What the orchestrator may do to the outside: the port its tools implement."""

from dataclasses import dataclass
from typing import Protocol

from bot.domain.errors import BotError
from bot.domain.signal import Signal
from bot.models import Action


class ToolError(BotError):
    """A tool could not act."""


class TargetGoneError(ToolError):
    """The message to answer, or the place to answer in, no longer exists."""


class NotPermittedError(ToolError):
    """Discord forbids it."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"missing permission: {missing}")
        self.missing = missing  # names of permissions, in words


class RefusedError(ToolError):
    """Discord will never take this as it is."""


class UnreachableError(ToolError):
    """Discord did not answer or is failing: it is unknown whether the action took effect."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an action."""

    message_id: int


class Tool(Protocol):
    """Does one kind of action. Receives the whole signal, posts, and never listens."""

    kind: str  # also the name it is registered by

    async def send(self, action: Action, signal: Signal) -> Sent:
        """Carry the action out.

        Raises:
            ToolError: see its subclasses.
        """
        ...

    async def find(self, action: Action, signal: Signal) -> int | None:
        """Return the message an interrupted action had posted, None when it had not.

        Raises:
            ToolError: it can't be found out.
        """
        ...
