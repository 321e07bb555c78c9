"""Settings and stories as embeds. Pure functions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord.utils import escape_markdown

from bot.core.markdown import escape_around_code
from bot.domain.signal import Judge
from bot.models import Channel, Watch
from bot.texts import text

MAX_LINES = 30
_NO_CATEGORIES: Mapping[int, str] = {}
MAX_DESCRIPTION, MAX_VALUE = 4_096, 1_024  # characters; Discord refuses more


def channel_list_embed(
    channels: Sequence[Channel], categories: Mapping[int, str] = _NO_CATEGORIES
) -> discord.Embed:
    """Build the answer to `/channels list`; a category's choice holds for its channels without their own."""
    chosen = [channel for channel in channels if channel.watch != Watch.DEFAULT or channel.tip]
    lines = [_channel_line(channel, categories) for channel in chosen[:MAX_LINES]]
    shown = _fitting(lines, "\n", MAX_DESCRIPTION)
    embed = discord.Embed(title=text("channels.title"), description="\n".join(shown) or text("channels.none"))
    if len(chosen) > len(shown):
        embed.set_footer(text=text("channels.footer_more", count=len(chosen) - len(shown)))
    else:
        embed.set_footer(text=text("channels.footer"))
    return embed


def _channel_line(channel: Channel, categories: Mapping[int, str]) -> str:
    signs = {
        Watch.TRACK: text("channels.sign_watched"),
        Watch.IGNORE: text("channels.sign_ignored"),
        Watch.DEFAULT: text("channels.sign_default"),
    }
    place, sign = _place(channel, categories), signs[Watch(channel.watch)]
    if channel.tip:
        return text("channels.line_tip", place=place, sign=sign, tip=escape_markdown(channel.tip))
    return text("channels.line", place=place, sign=sign)


def _place(channel: Channel, categories: Mapping[int, str]) -> str:
    name = categories.get(channel.id)
    return f"<#{channel.id}>" if name is None else text("channels.category", name=escape_markdown(name))


def judged_by(observer: dict[str, Any]) -> str:
    """Return who judged a message."""
    light = observer["light"]
    judge = Judge(observer["judge"]).name.lower()
    if not light:
        return text(f"audit.judged_by_{judge}")
    return text(
        f"audit.judged_anew_by_{judge}", intent=light["intent"], confidence=f"{light['confidence']:.2f}"
    )


def suggested(told: dict[str, Any]) -> str:
    """Return what staff made of a suggested reply."""
    state, by = told["state"], told["decided_by"]
    if by and told["edited"]:
        said = text("audit.suggested_by_edited", state=state, member=by)
    elif by:
        said = text("audit.suggested_by", state=state, member=by)
    else:
        said = text("audit.suggested_edited", state=state) if told["edited"] else state
    return f"{said}: {escape_markdown(told['reason'])}" if told["reason"] else said


def given_feedback(given: Sequence[dict[str, Any]]) -> str:
    """Return how often each was said: "asker: wrong · member: right (3)"."""
    counts = Counter(
        f"{each['giver']}: {each['correct_intent'] or each['verdict']}".replace("_", " ") for each in given
    )
    return " · ".join(said + (f" ({count})" if count > 1 else "") for said, count in sorted(counts.items()))


def called(calls: Sequence[dict[str, Any]]) -> str:
    """Return who called the bot to a message, and what came of it."""
    who = (f"<@{each['user_id']}>" if each["user_id"] else text("audit.call_erased") for each in calls)
    lines = [
        text("audit.call", who=name, outcome=text(f"audit.call_{each['state']}"))
        for name, each in zip(who, calls, strict=True)
    ]
    return "\n".join(_fitting(lines, "\n", MAX_VALUE))


def writer(written_by: str) -> str:
    """Return which model wrote a reply, or why none did."""
    who, _, why = written_by.partition(": ")
    if who != "template":
        return text("audit.written_by", model=escape_markdown(written_by))
    if why:
        return text("audit.prepared_because", why=escape_around_code(why))
    return text("audit.prepared")


def described(parts: Sequence[str]) -> str:
    """Return parts as one line of a field."""
    return " · ".join(parts)[:MAX_VALUE]


def _fitting(parts: Sequence[str], between: str, length: int) -> Sequence[str]:
    """Return as many of `parts` from the beginning as fit into `length` characters when joined."""
    total = -len(between)
    for count, part in enumerate(parts):
        total += len(between) + len(part)
        if total > length:
            return parts[:count]
    return parts
