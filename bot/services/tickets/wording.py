"""What the bot says by itself in tickets. Pure functions."""

from datetime import datetime
from typing import Final

from bot.models import TrainingEntry

UNCHECKED: Final = "-# Not checked by staff: written by a language model."
CLARIFY: Final = (
    "I haven't found an answer to this yet. Which steps did you take, what did you expect, and what happened "
    "instead (with the exact words of an error, if there is one)?"
)
RESOLVED: Final = "Glad to hear it. Is this ticket resolved?"
ASKED: Final = "I've asked the team to look at this."
TAKEN_OVER: Final = "The team is on this now."
LONGEST: Final = 4_096  # characters that one message can show


def trained(entry: TrainingEntry) -> str:
    """Return a trained answer as it was written, with its links and its source."""
    links = "".join(f"\n{link}" for link in entry.links or () if link not in entry.answer)
    source = f"\n-# Answer by the team, entry #{entry.id}"
    room = LONGEST - len(entry.answer) - len(source)
    return f"{entry.answer}{links if len(links) <= room else ''}{source}"


def composed(text: str, entry_ids: tuple[int, ...], *, is_whole: bool) -> str:
    """Return what a model puts together, with what it rests on from its first word on."""
    named = ", ".join(f"#{entry_id}" for entry_id in entry_ids)
    source = f"-# Put together from the team's {'entry' if len(entry_ids) == 1 else 'entries'} {named}"
    return f"{text}{'' if is_whole else ' …'}\n{source}"


def unchecked(text: str, *, is_whole: bool) -> str:
    """Return what a model says by itself, marked as such from its first word on."""
    return f"{text}{'' if is_whole else ' …'}\n{UNCHECKED}"


def handed_over(begin: datetime | None) -> str:
    """Return what a member is told; `begin` is when staff are back, None while they are there."""
    text = f"{ASKED} Add whatever may help them: they read it here."
    if begin is None:
        return text
    moment = int(begin.timestamp())
    return f"{text} They are back <t:{moment}:F> (<t:{moment}:R>)."
