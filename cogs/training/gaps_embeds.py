"""What is missing in training, as embeds. Pure functions."""

from collections.abc import Sequence

import discord
from discord.utils import format_dt

from bot.domain.markdown import escape_markdown
from bot.services.training.contradictions import Contradiction
from bot.services.training.gaps import Gap, StaleEntry
from bot.texts import text

EXAMPLES = 3  # of a gap
MAX_EXAMPLE = 150  # characters


def gaps_embed(gaps: Sequence[Gap], start: int) -> discord.Embed:
    """Build a page of gaps, of which the first is the `start`th from 0."""
    lines = []
    for number, gap in enumerate(gaps, start + 1):
        lines.append(
            text("training.gap_line", number=number, times=_times(gap.count), last=format_dt(gap.newest, "R"))
        )
        lines += [f"> {_short(each)}" for each in gap.texts[:EXAMPLES]]
        if len(gap.texts) > EXAMPLES:
            lines.append(text("training.gap_more", count=len(gap.texts) - EXAMPLES))
    return discord.Embed(
        title=text("training.gaps_title"),
        description="\n".join(lines) or text("training.gaps_none"),
    )


def stale_embed(stale: Sequence[StaleEntry]) -> discord.Embed:
    """Build a page of entries that no longer serve."""
    lines = [
        text(
            "training.stale_line",
            entry=each.entry.id,
            question=_short(each.question),
            reasons=" · ".join(_reasons(each)),
        )
        for each in stale
    ]
    return discord.Embed(
        title=text("training.stale_title"),
        description="\n".join(lines) or text("training.stale_none"),
    )


def contradictions_embed(contradictions: Sequence[Contradiction]) -> discord.Embed:
    """Build a page of entries that answer alike questions differently."""
    lines = []
    for each in contradictions:
        one, other = each.first, each.second
        lines.append(
            text(
                "training.contradiction_line",
                one=one.entry_id,
                other=other.entry_id,
                likeness=f"{each.likeness:.2f}",
            )
        )
        lines += [f"> {_short(it.text)}\n> -# {_short(it.answer)}" for it in (one, other)]
    return discord.Embed(
        title=text("training.contradictions_title"),
        description="\n".join(lines) or text("training.contradictions_none"),
    )


def _times(count: int) -> str:
    return text("training.asked_once") if count == 1 else text("training.asked_often", count=f"{count:,}")


def _reasons(stale: StaleEntry) -> list[str]:
    entry, reasons = stale.entry, []
    if stale.is_rejected:
        reasons.append(text("training.stale_rejected", unhelpful=entry.unhelpful, helpful=entry.helpful))
    if stale.is_expired and entry.valid_until is not None:
        reasons.append(text("training.stale_expired", when=format_dt(entry.valid_until, "R")))
    if stale.is_unused:
        last = (
            text("training.stale_last_used", when=format_dt(entry.last_used_at, "R"))
            if entry.last_used_at
            else text("training.stale_never_used")
        )
        reasons.append(last)
    return reasons


def _short(words: str) -> str:
    line = " ".join(words.split())
    return escape_markdown(line if len(line) <= MAX_EXAMPLE else f"{line[: MAX_EXAMPLE - 1]}…")
