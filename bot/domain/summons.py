"""A member calls the bot to a message by a reaction. Pure."""

from datetime import timedelta
from typing import Final

from bot.domain.signal import Signal

SUMMONED: Final = "summoned"  # begins the reason of a signal that the bot was called to
EMOJI: Final = "\N{SQUARED SOS}"
WINDOW: Final = timedelta(minutes=10)
PER_MEMBER: Final = 3  # messages within the window
PER_PLACE: Final = 6
_VARIATION: Final = "\ufe0f"


def is_summons(emoji: str | None) -> bool:
    """Whether a reaction calls the bot."""
    return (emoji or "").rstrip(_VARIATION) == EMOJI  # a deleted one has no name


def was_summoned(signal: Signal) -> bool:
    """Whether a member called the bot to it: then it is answered even if nothing was recognised, or old."""
    return signal.orchestrator.reason.startswith(SUMMONED)
