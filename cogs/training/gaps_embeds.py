"""What is missing in training, as embeds. Pure functions."""

from collections.abc import Sequence

import discord
from discord.utils import format_dt

from bot.domain.markdown import escape_markdown
from bot.services.training.contradictions import Contradiction
from bot.services.training.gaps import Gap, StaleEntry

EXAMPLES = 3  # of a gap
MAX_EXAMPLE = 150  # characters


def gaps_embed(gaps: Sequence[Gap], start: int) -> discord.Embed:
    """Build a page of gaps, of which the first is the `start`th from 0."""
    lines = []
    for number, gap in enumerate(gaps, start + 1):
        lines.append(f"**{number}** · {_times(gap.count)}, last {format_dt(gap.newest, 'R')}")
        lines += [f"> {_short(text)}" for text in gap.texts[:EXAMPLES]]
        if len(gap.texts) > EXAMPLES:
            lines.append(f"-# and asked in {len(gap.texts) - EXAMPLES} other ways")
    return discord.Embed(
        title="Questions not answered",
        description="\n".join(lines) or "There are none: every question got an answer that helped.",
    )


def stale_embed(stale: Sequence[StaleEntry]) -> discord.Embed:
    """Build a page of entries that no longer serve."""
    lines = [
        f"**Entry {each.entry.id}** {_short(each.question)}\n-# {' · '.join(_reasons(each))}"
        for each in stale
    ]
    return discord.Embed(
        title="Entries to look at",
        description="\n".join(lines)
        or "There are none: every entry is valid, used, and not rejected more often than not.",
    )


def contradictions_embed(contradictions: Sequence[Contradiction]) -> discord.Embed:
    """Build a page of entries that answer alike questions differently."""
    lines = []
    for each in contradictions:
        one, other = each.first, each.second
        lines.append(f"**Entries {one.entry_id} and {other.entry_id}**, {each.likeness:.2f} alike")
        lines += [f"> {_short(it.text)}\n> -# {_short(it.answer)}" for it in (one, other)]
    return discord.Embed(
        title="Entries contradicting each other",
        description="\n".join(lines)
        or "There are none: no two entries are asked alike and answer differently.",
    )


def _times(count: int) -> str:
    return "asked once" if count == 1 else f"asked {count:,} times"


def _reasons(stale: StaleEntry) -> list[str]:
    entry, reasons = stale.entry, []
    if stale.is_rejected:
        reasons.append(f"often rejected: 👎 {entry.unhelpful}, 👍 {entry.helpful}")
    if stale.is_expired and entry.valid_until is not None:
        reasons.append(f"expired {format_dt(entry.valid_until, 'R')}")
    if stale.is_unused:
        last = f"last used {format_dt(entry.last_used_at, 'R')}" if entry.last_used_at else "never used"
        reasons.append(last)
    return reasons


def _short(text: str) -> str:
    line = " ".join(text.split())
    return escape_markdown(line if len(line) <= MAX_EXAMPLE else f"{line[: MAX_EXAMPLE - 1]}…")
