"""How the bot answers while whoever runs it works on it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.domain.signal import Signal

HELD: Final = "waits for the end of maintenance"  # the reason of a signal that is kept
AFTER: Final = " (after maintenance)"  # ends the reason of what is done about it then
REFUSED: Final = "maintenance mode"


class Mode(StrEnum):
    """What becomes of what people ask."""

    OFF = "off"  # it is answered
    SOFT = "soft"  # it is kept, and answered in the end
    HARD = "hard"  # it is refused


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What holds now.

    Attributes:
        text: what people are told beside the usual words.
        since: when it began; None while it is off.
        held_until: when what was kept began to be answered, None where nothing ever was.
    """

    mode: Mode = Mode.OFF
    text: str = ""
    since: datetime | None = None
    held_until: datetime | None = None


def was_held(signal: Signal) -> bool:
    """Whether a signal was kept during maintenance: it is answered however old it is."""
    reason = signal.orchestrator.reason
    return reason.endswith((HELD, AFTER))
