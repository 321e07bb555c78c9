"""Figures as embeds. Pure functions."""

from collections.abc import Sequence

import discord

from bot.domain.counted import counted
from bot.domain.statistics import Figures
from bot.services.statistics.activity import Activity, Days, OwnActivity

ALIKE = 0.005  # a smaller change is none
LISTED = 5  # of members and channels each


def activity_embed(found: Activity, lacking: str) -> discord.Embed:
    """Build a server's figures; `lacking`: why there is no picture, "" where there is."""
    embed = discord.Embed(title=f"Activity of {_title(found.days)}", description=_summary(found))
    if found.total.messages:
        embed.add_field(name="Busiest hours", value=_hours(found.by_hour))
        embed.add_field(name="Sentiment", value=_feelings(found.total))
    if found.channels:
        lines = [f"<#{key}> {counted(each.messages, 'message')}" for key, each in found.channels[:LISTED]]
        embed.add_field(name="Channels", value="\n".join(lines), inline=False)
    if found.contributors:
        lines = [f"<@{key}> {counted(each.messages, 'message')}" for key, each in found.contributors[:LISTED]]
        embed.add_field(name="Wrote most", value="\n".join(lines))
    if found.helpers:
        lines = [f"<@{key}> {counted(each.helped, 'answer')}" for key, each in found.helpers[:LISTED]]
        embed.add_field(name="Helped most", value="\n".join(lines))
    notes = ["Days and hours are those of the server's time zone; spam is left out."]
    if found.helpers:
        notes.append("Helped: answers that got thanks in a reply, or a check mark.")
    if found.partial:
        notes.append("Channels you can't read are left out.")
    if lacking:
        notes.append(f"No picture: {lacking}.")
    embed.set_footer(text=" ".join(notes))
    return embed


def own_embed(found: OwnActivity) -> discord.Embed:
    """Build a member's own figures."""
    total = found.total
    if not total.messages:
        text = "You wrote nothing that I know of in that time."
        return discord.Embed(title=f"Your activity of {_title(found.days)}", description=text)
    text = (
        f"**{total.messages:,}** {'message' if total.messages == 1 else 'messages'} on "
        f"{counted(found.active_days, 'day')}{_trend(total, found.before)}"
    )
    embed = discord.Embed(title=f"Your activity of {_title(found.days)}", description=text)
    embed.add_field(name="Your sentiment", value=_feelings(total))
    helped = (
        f"**{total.helped:,}** of your messages got thanks or a check mark\n"
        f"{counted(total.replies, 'reply', 'replies')} written, {counted(total.questions, 'question')} asked"
    )
    embed.add_field(name="Helpfulness", value=helped)
    if found.channels:
        lines = [f"<#{key}> {counted(each.messages, 'message')}" for key, each in found.channels[:LISTED]]
        embed.add_field(name="Where", value="\n".join(lines), inline=False)
    embed.set_footer(
        text="Only you see this. Sentiment is judged by a program, and often wrong for one message."
    )
    return embed


def _title(days: Days) -> str:
    count = (days.last - days.first).days + 1
    return "today" if count == 1 else f"the last {count} days"


def _summary(found: Activity) -> str:
    if not found.total.messages:
        return "Nothing was written that I know of, in channels you can read."
    return (
        f"**{found.total.messages:,}** {'message' if found.total.messages == 1 else 'messages'} by "
        f"{counted(found.members, 'member')}{_trend(found.total, found.before)}"
    )


def _trend(now: Figures, before: Figures) -> str:
    if not before.messages:
        return ""
    change = now.messages / before.messages - 1
    if abs(change) < ALIKE:
        return "\nas many as in the time before"
    way = "more" if change > 0 else "fewer"
    return f"\n{abs(change):,.0%} {way} than in the time before ({before.messages:,})"


def _hours(by_hour: Sequence[int]) -> str:
    busiest = sorted(range(24), key=lambda hour: (-by_hour[hour], hour))[:3]
    return "\n".join(f"{hour:02}:00: {by_hour[hour]:,}" for hour in busiest if by_hour[hour])


def _feelings(total: Figures) -> str:
    parts = ((total.positive, "positive"), (total.neutral, "neutral"), (total.negative, "negative"))
    shares = "\n".join(f"{total.share(part):.0%} {name} ({part:,})" for part, name in parts)
    return f"{shares}\naverage {total.average:+.2f} of -1 to 1"
