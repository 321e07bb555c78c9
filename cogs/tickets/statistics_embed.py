"""A server's ticket statistics as an embed. Pure functions."""

from collections.abc import Sequence

import discord

from bot.domain.markdown import escape_markdown
from bot.domain.tickets import TicketState
from bot.services.tickets.chart import ANSWERERS, answerer, duration
from bot.services.tickets.statistics import Line, Spread, TicketStatistics
from bot.texts import text

MAX_LINES = 8  # of categories and of staff
MAX_VALUE = 1_024  # characters; Discord refuses more


def statistics_embed(found: TicketStatistics, lacking: str) -> discord.Embed:
    """Build the figures; `lacking`: why there is no picture, "" where there is."""
    embed = discord.Embed(title=title(found), description=_summary(found))
    if found.total.opened:
        embed.add_field(name=text("ticket_statistics.answer"), value=_spread(found.response))
        embed.add_field(name=text("ticket_statistics.solved"), value=_spread(found.resolution))
        embed.add_field(name=text("ticket_statistics.chart_answerers"), value=_answered(found), inline=False)
    if found.ratings:
        embed.add_field(name=text("ticket_statistics.ratings"), value=_ratings(found), inline=False)
    if found.categories:
        embed.add_field(
            name=text("ticket_statistics.categories"), value=_lines(found.categories), inline=False
        )
    if found.staff:
        embed.add_field(name=text("ticket_statistics.staff"), value=_lines(found.staff), inline=False)
    footer = text("ticket_statistics.footer")
    if lacking:
        footer = f"{footer} {text('ticket_statistics.no_picture', why=lacking)}"
    embed.set_footer(text=footer)
    return embed


def title(found: TicketStatistics) -> str:
    """Return what the figures are about."""
    if len(found.days) == 1:
        return text("ticket_statistics.title_today")
    return text("ticket_statistics.title", days=len(found.days))


def _summary(found: TicketStatistics) -> str:
    living = sum(found.living.values())
    states = [
        f"{found.living[s]:,} {text(f'tickets.in_state_{s}')}" for s in TicketState if found.living.get(s)
    ]
    now = text("ticket_statistics.now", count=f"{living:,}") + (f" ({', '.join(states)})" if states else "")
    total = text(
        "ticket_statistics.total", opened=f"{found.total.opened:,}", solved=f"{found.total.solved:,}"
    )
    return f"{total}\n{now}"


def _spread(spread: Spread) -> str:
    if spread.median is None or spread.p90 is None:
        return text("ticket_statistics.none")
    median, most = duration(spread.median), duration(spread.p90)
    return median if median == most else text("ticket_statistics.spread", median=median, most=most)


def _answered(found: TicketStatistics) -> str:
    shown = [(answerer(key), found.answered_by.get(key, 0)) for key in ANSWERERS]
    return " · ".join(f"{name} **{count:,}**" for name, count in shown if count) or text(
        "ticket_statistics.none"
    )


def _ratings(found: TicketStatistics) -> str:
    count = sum(found.ratings.values())
    mean = sum(stars * each for stars, each in found.ratings.items()) / count
    each = " · ".join(f"{stars}★ {found.ratings[stars]:,}" for stars in sorted(found.ratings, reverse=True))
    return text("ticket_statistics.rated", mean=f"{mean:.1f}", count=f"{count:,}", each=each)


def _lines(lines: Sequence[Line]) -> str:
    shown: list[str] = []
    for line in lines[:MAX_LINES]:
        name = f"<@{line.user_id}>" if line.user_id is not None else escape_markdown(line.name)
        entry = f"**{name}** {' · '.join(_parts(line))}"
        if len("\n".join([*shown, entry])) > MAX_VALUE - 20:
            break
        shown.append(entry)
    if len(lines) > len(shown):
        shown.append(text("ticket_statistics.more", count=len(lines) - len(shown)))
    return "\n".join(shown)


def _parts(line: Line) -> list[str]:
    opened, written = line.tickets.opened, line.messages
    parts = [text("ticket_statistics.tickets", count=f"{opened:,}")]
    if opened == 1:
        parts = [text("ticket_statistics.ticket")]
    if written == 1:
        parts.append(text("ticket_statistics.message"))
    elif written:
        parts.append(text("ticket_statistics.messages", count=f"{written:,}"))
    if line.response.median is not None:
        parts.append(text("ticket_statistics.answered_in", duration=duration(line.response.median)))
    if line.resolution.median is not None:
        parts.append(text("ticket_statistics.solved_in", duration=duration(line.resolution.median)))
    if line.tickets.rating is not None:
        parts.append(f"{line.tickets.rating:.1f}★")
    return parts
