"""A server's ticket statistics as an embed. Pure functions."""

from collections.abc import Sequence

import discord

from bot.domain.counted import counted
from bot.domain.markdown import escape_markdown
from bot.domain.tickets import TicketState
from bot.services.tickets.chart import ANSWERERS, duration
from bot.services.tickets.settings import STATE_TAGS
from bot.services.tickets.statistics import Line, Spread, TicketStatistics

MAX_LINES = 8  # of categories and of staff
MAX_VALUE = 1_024  # characters; Discord refuses more


def statistics_embed(found: TicketStatistics, lacking: str) -> discord.Embed:
    """Build the figures; `lacking`: why there is no picture, "" where there is."""
    embed = discord.Embed(title=title(found), description=_summary(found))
    if found.total.opened:
        embed.add_field(name="First answer", value=_spread(found.response))
        embed.add_field(name="Solved after", value=_spread(found.resolution))
        embed.add_field(name="First answered by", value=_answered(found), inline=False)
    if found.ratings:
        embed.add_field(name="Ratings", value=_ratings(found), inline=False)
    if found.categories:
        embed.add_field(name="By category", value=_lines(found.categories), inline=False)
    if found.staff:
        embed.add_field(name="By staff, of tickets they claimed", value=_lines(found.staff), inline=False)
    embed.set_footer(
        text="Median, and what 9 of 10 stay below, of tickets opened in that time."
        + (f" No picture: {lacking}." if lacking else "")
    )
    return embed


def title(found: TicketStatistics) -> str:
    """Return what the figures are about."""
    return "Tickets of today" if len(found.days) == 1 else f"Tickets of the last {len(found.days)} days"


def _summary(found: TicketStatistics) -> str:
    living = sum(found.living.values())
    states = [f"{found.living[s]:,} {STATE_TAGS[s].lower()}" for s in TicketState if found.living.get(s)]
    now = f"Open now: **{living:,}**" + (f" ({', '.join(states)})" if states else "")
    return f"**{found.total.opened:,}** opened, **{found.total.solved:,}** of them solved\n{now}"


def _spread(spread: Spread) -> str:
    if spread.median is None or spread.p90 is None:
        return "none yet"
    median, most = duration(spread.median), duration(spread.p90)
    return median if median == most else f"{median} · 9 of 10 below {most}"


def _answered(found: TicketStatistics) -> str:
    shown = [(name, found.answered_by.get(key, 0)) for key, name in ANSWERERS.items()]
    return " · ".join(f"{name} **{count:,}**" for name, count in shown if count) or "none yet"


def _ratings(found: TicketStatistics) -> str:
    count = sum(found.ratings.values())
    mean = sum(stars * each for stars, each in found.ratings.items()) / count
    each = " · ".join(f"{stars}★ {found.ratings[stars]:,}" for stars in sorted(found.ratings, reverse=True))
    return f"**{mean:.1f}** of 5 from {count:,}: {each}"


def _lines(lines: Sequence[Line]) -> str:
    shown: list[str] = []
    for line in lines[:MAX_LINES]:
        name = f"<@{line.user_id}>" if line.user_id is not None else escape_markdown(line.name)
        parts = [counted(line.tickets.opened, "ticket")]
        if line.messages:
            parts.append(counted(line.messages, "message"))
        if line.response.median is not None:
            parts.append(f"answered in {duration(line.response.median)}")
        if line.resolution.median is not None:
            parts.append(f"solved in {duration(line.resolution.median)}")
        if line.tickets.rating is not None:
            parts.append(f"{line.tickets.rating:.1f}★")
        text = f"**{name}** {' · '.join(parts)}"
        if len("\n".join([*shown, text])) > MAX_VALUE - 20:
            break
        shown.append(text)
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown)} more")
    return "\n".join(shown)
