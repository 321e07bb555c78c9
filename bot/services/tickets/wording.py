"""What the bot says by itself in tickets. Pure functions."""

from datetime import datetime
from typing import Final

from bot.models import TrainingEntry
from bot.texts import text

# By these an interrupted post is found again and left out of summaries, so they stay as they are.
ASKED: Final = "I've asked the team to look at this."
TAKEN_OVER: Final = "The team is on this now."
LONGEST: Final = 4_096  # characters that one message can show


def trained(entry: TrainingEntry) -> str:
    """Return a trained answer as it was written, with its links and its source."""
    links = "".join(f"\n{link}" for link in entry.links or () if link not in entry.answer)
    source = "\n" + text("ticket_answers.by_team", entry=entry.id)
    room = LONGEST - len(entry.answer) - len(source)
    return f"{entry.answer}{links if len(links) <= room else ''}{source}"


def composed(words: str, entry_ids: tuple[int, ...], *, is_whole: bool) -> str:
    """Return what a model puts together, with what it rests on from its first word on."""
    named = ", ".join(f"#{entry_id}" for entry_id in entry_ids)
    source = text("ticket_answers.from_entries", entries=named)
    if len(entry_ids) == 1:
        source = text("ticket_answers.from_entry", entry=named)
    return f"{words}{'' if is_whole else ' …'}\n{source}"


def unchecked(words: str, *, is_whole: bool) -> str:
    """Return what a model says by itself, marked as such from its first word on."""
    return f"{words}{'' if is_whole else ' …'}\n{text('ticket_answers.unchecked')}"


def handed_over(begin: datetime | None) -> str:
    """Return what a member is told; `begin` is when staff are back, None while they are there."""
    told = f"{ASKED} Add whatever may help them: they read it here."
    if begin is None:
        return told
    moment = int(begin.timestamp())
    return f"{told} They are back <t:{moment}:F> (<t:{moment}:R>)."
