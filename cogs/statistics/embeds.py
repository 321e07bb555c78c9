"""Figures as embeds. Pure functions."""

from collections.abc import Sequence

import discord

from bot.domain.statistics import Figures
from bot.services.statistics.activity import Activity, Days, OwnActivity
from bot.texts import counted, text

ALIKE = 0.005  # a smaller change is none
LISTED = 5  # of members and channels each


def activity_embed(found: Activity, lacking: str) -> discord.Embed:
    """Build a server's figures; `lacking`: why there is no picture, "" where there is."""
    embed = discord.Embed(title=_title(found.days), description=_summary(found))
    if found.total.messages:
        embed.add_field(name=text("statistics.busiest"), value=_hours(found.by_hour))
        embed.add_field(name=text("statistics.sentiment"), value=_feelings(found.total))
    if found.channels:
        lines = [f"<#{key}> {counted(each.messages, 'message')}" for key, each in found.channels[:LISTED]]
        embed.add_field(name=text("statistics.channels"), value="\n".join(lines), inline=False)
    if found.contributors:
        lines = [f"<@{key}> {counted(each.messages, 'message')}" for key, each in found.contributors[:LISTED]]
        embed.add_field(name=text("statistics.wrote_most"), value="\n".join(lines))
    if found.helpers:
        lines = [f"<@{key}> {counted(each.helped, 'answer')}" for key, each in found.helpers[:LISTED]]
        embed.add_field(name=text("statistics.helped_most"), value="\n".join(lines))
    notes = [text("statistics.note_zone")]
    if found.helpers:
        notes.append(text("statistics.note_helped"))
    if found.partial:
        notes.append(text("statistics.note_partial"))
    if lacking:
        notes.append(text("statistics.note_picture", why=lacking))
    embed.set_footer(text=" ".join(notes))
    return embed


def own_embed(found: OwnActivity) -> discord.Embed:
    """Build a member's own figures."""
    total = found.total
    if not total.messages:
        nothing = text("statistics.own_nothing")
        return discord.Embed(title=_own_title(found.days), description=nothing)
    values = {"messages": f"{total.messages:,}", "days": counted(found.active_days, "day")}
    wrote = (
        text("statistics.own_summary_one", **values)
        if total.messages == 1
        else text("statistics.own_summary_many", **values)
    )
    embed = discord.Embed(title=_own_title(found.days), description=wrote + _trend(total, found.before))
    embed.add_field(name=text("statistics.own_sentiment"), value=_feelings(total))
    helped = text(
        "statistics.own_helped",
        helped=f"{total.helped:,}",
        replies=counted(total.replies, "reply"),
        questions=counted(total.questions, "question"),
    )
    embed.add_field(name=text("statistics.own_helpfulness"), value=helped)
    if found.channels:
        lines = [f"<#{key}> {counted(each.messages, 'message')}" for key, each in found.channels[:LISTED]]
        embed.add_field(name=text("statistics.own_where"), value="\n".join(lines), inline=False)
    embed.set_footer(text=text("statistics.own_footer"))
    return embed


def _title(days: Days) -> str:
    count = (days.last - days.first).days + 1
    return text("statistics.title_today") if count == 1 else text("statistics.title_days", count=count)


def _own_title(days: Days) -> str:
    count = (days.last - days.first).days + 1
    if count == 1:
        return text("statistics.own_title_today")
    return text("statistics.own_title_days", count=count)


def _summary(found: Activity) -> str:
    if not found.total.messages:
        return text("statistics.nothing")
    values = {"messages": f"{found.total.messages:,}", "members": counted(found.members, "member")}
    wrote = (
        text("statistics.summary_one", **values)
        if found.total.messages == 1
        else text("statistics.summary_many", **values)
    )
    return wrote + _trend(found.total, found.before)


def _trend(now: Figures, before: Figures) -> str:
    if not before.messages:
        return ""
    change = now.messages / before.messages - 1
    if abs(change) < ALIKE:
        return "\n" + text("statistics.trend_same")
    values = {"share": f"{abs(change):,.0%}", "before": f"{before.messages:,}"}
    return "\n" + (
        text("statistics.trend_more", **values) if change > 0 else text("statistics.trend_fewer", **values)
    )


def _hours(by_hour: Sequence[int]) -> str:
    busiest = sorted(range(24), key=lambda hour: (-by_hour[hour], hour))[:3]
    return "\n".join(f"{hour:02}:00: {by_hour[hour]:,}" for hour in busiest if by_hour[hour])


def _feelings(total: Figures) -> str:
    parts = {"positive": total.positive, "neutral": total.neutral, "negative": total.negative}
    shares = [
        text(f"statistics.share_{name}", share=f"{total.share(part):.0%}", count=f"{part:,}")
        for name, part in parts.items()
    ]
    return "\n".join([*shares, text("statistics.average", average=f"{total.average:+.2f}")])
