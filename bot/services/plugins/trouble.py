"""What goes wrong with plugins."""

from dataclasses import dataclass
from enum import StrEnum


class TroubleKind(StrEnum):
    """What went wrong; the owner is told of each kind once, until the plugin is loaded anew."""

    LOAD = "load"  # it could not be loaded
    RAISED = "raised"  # a handler failed
    LATE = "late"  # a handler took longer than its deadline
    STUBBORN = "stubborn"  # a handler didn't end when it was cancelled
    STALLED = "stalled"  # it held up the event loop
    ALLOCATED = "allocated"  # it took too much memory
    DENIED = "denied"  # it asked for what its manifest lacks
    FLOODED = "flooded"  # it posted too much
    OVERRUN = "overrun"  # more events came than it handles
    FULL = "full"  # it keeps as much as it may in a server
    SECRET = "secret"  # noqa: S105  (it printed or posted one)
    SUSPENDED = "suspended"  # too many failures


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong; `text` is for people."""

    plugin: str
    kind: TroubleKind
    text: str


# After these a plugin doesn't go on: each more would hurt everybody.
FATAL = frozenset((TroubleKind.STUBBORN, TroubleKind.STALLED, TroubleKind.ALLOCATED, TroubleKind.SUSPENDED))
# These count as failures of its handlers.
COUNTED = frozenset((TroubleKind.RAISED, TroubleKind.LATE))
# Of these whoever runs the bot is told; single failures are in the log.
TOLD = frozenset(TroubleKind) - COUNTED


class PluginInterrupt(BaseException):
    """Raised inside a plugin's code to end it; no Exception, lest a plugin catches it by accident."""

    kind: TroubleKind

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class PluginStalled(PluginInterrupt):
    """It held up the event loop."""

    kind = TroubleKind.STALLED


class PluginAllocated(PluginInterrupt):
    """It took too much memory."""

    kind = TroubleKind.ALLOCATED
