"""The story of a message as an embed. Pure functions."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.utils import escape_markdown, format_dt

from bot.domain.maintenance import HELD
from bot.domain.signal import PlanKind, Status
from bot.models import SignalRecord
from bot.services.reasons import MOST_RECENT
from bot.texts import text
from cogs.admin.embeds import MAX_VALUE, called, described, given_feedback, judged_by, suggested, writer

MAX_QUOTE = 300  # characters
MAX_SAID = 40  # characters of a message in a list
MAX_ACTIONS = 5


def story_embed(
    story: dict[str, Any], *, readable: Collection[int] | None = None, has_feedback: bool = True
) -> discord.Embed:
    """Build the answer to `/audit message`.

    Args:
        story: as `StoryService` tells it.
        readable: the channels that may be named; None: all.
        has_feedback: whether what others thought of it is told.
    """
    message, tags, observer = story["message"], story["nano_tags"], story["observer"]
    quoted = escape_markdown(message["content"][:MAX_QUOTE]) or text("audit.no_text")
    said = text("audit.deleted") if story["deleted"] else f">>> {quoted}"
    embed = discord.Embed(title=text("audit.title"), url=message["link"], description=said)
    feeling = f"{_feeling(tags['sentiment'])} ({tags['sentiment_score']:+.2f})"
    embed.add_field(
        name=text("audit.tags"),
        value=text(
            "audit.tags_line",
            purpose=tags["purpose"],
            feeling=feeling,
            urgency=tags["urgency"],
            toxicity=f"{tags['toxicity']:.2f}",
            language=story["language"],
        ),
        inline=False,
    )
    because = f"\n{escape_markdown(observer['rationale'])}" if observer["rationale"] else ""
    judged = f"{observer['intent']} ({observer['confidence']:.2f}), {judged_by(observer)}{because}"
    embed.add_field(name=text("audit.intent"), value=judged, inline=False)
    plan = story["orchestrator"]
    embed.add_field(
        name=text("audit.decision"),
        value=f"{plan['plan'] or text('audit.not_yet')}: {plan['reason'] or '-'} → **{plan['status']}**"
        f"\n{_plainly(story)}"[:MAX_VALUE],
        inline=False,
    )
    for action in story["actions"][:MAX_ACTIONS]:
        name = text("audit.action", number=action["id"], kind=action["kind"])
        embed.add_field(name=name, value=_action(action, readable), inline=False)
    if has_feedback:  # staff alone: it tells that a secret was in the message
        for warning in story["warnings"]:
            embed.add_field(name=text("audit.warning"), value=_warning(warning), inline=False)
    if story["summons"]:
        embed.add_field(name=text("audit.called"), value=called(story["summons"]), inline=False)
    if story["suggestion"] and has_feedback:
        asked = suggested(story["suggestion"])
        embed.add_field(name=text("audit.suggestion"), value=asked[:MAX_VALUE], inline=False)
    if story["feedback"] and has_feedback:
        embed.add_field(name=text("audit.feedback"), value=given_feedback(story["feedback"]), inline=False)
    times = _times(story["times"], backfilled=story["backfilled"])
    if times:
        embed.add_field(name=text("audit.times"), value=times, inline=False)
    return embed


def recent_embed(rows: Sequence[SignalRecord], page: int) -> discord.Embed:
    """Build a page of `/audit recent`."""
    lines = [_line(row) for row in rows]
    embed = discord.Embed(
        title=text("audit.recent_title"), description="\n".join(lines) or text("audit.recent_none")
    )
    embed.set_footer(text=text("audit.recent_footer", page=page, most=MOST_RECENT))
    return embed


def _line(row: SignalRecord) -> str:
    words = " ".join(row.content.split())
    words = words if len(words) <= MAX_SAID else f"{words[:MAX_SAID]}…"
    words = words.translate(str.maketrans("[]()", "    "))
    return text(
        "audit.recent_line",
        at=format_dt(row.created_at, "R"),
        said=escape_markdown(words).strip() or text("audit.no_text"),
        link=f"https://discord.com/channels/{row.guild_id}/{row.place_id}/{row.message_id}",
        place=row.place_id,
        intent=row.intent.replace("_", " "),
        confidence=f"{row.confidence:.2f}",
        plan=row.plan or "-",
        reason=escape_markdown(row.reason) or "-",
    )


def _plainly(story: dict[str, Any]) -> str:
    """Return what was done, in a sentence."""
    plan, intent = story["orchestrator"], story["observer"]["intent"].replace("_", " ")
    reason = escape_markdown(plan["reason"] or "-")
    if plan["reason"].endswith(HELD):
        return text("audit.held")
    if plan["status"] == Status.RESPONDED:
        return text("audit.answered", intent=intent)
    if plan["status"] == Status.ESCALATED:
        return text("audit.staff", reason=reason)
    if plan["status"] != Status.SKIPPED:
        return text("audit.waiting")
    if plan["plan"] in {PlanKind.REPLY, PlanKind.ESCALATE}:
        return text("audit.not_answered", intent=intent, reason=reason)
    return text("audit.nothing", reason=reason)


def _action(action: dict[str, Any], readable: Collection[int] | None) -> str:
    is_open = readable is None or action["channel_id"] in readable
    where = text("audit.place", channel=action["channel_id"]) if is_open else text("audit.elsewhere")
    parts = [f"{action['status']} {where}"]
    if action["message_id"] and is_open:
        parts.append(text("audit.action_message", message=action["message_id"]))
    return _done(action, parts)


def _warning(action: dict[str, Any]) -> str:
    return _done(action, [f"{action['status']} {text('audit.in_private')}"])


def _done(action: dict[str, Any], parts: list[str]) -> str:
    if action["written_by"]:
        parts.append(writer(action["written_by"]))
    if action["detail"]:
        parts.append(escape_markdown(action["detail"]))
    if action["finished_at"]:
        parts.append(format_dt(datetime.fromisoformat(action["finished_at"]), "T"))
    if action["retries"]:
        parts.append(text("audit.retries", count=action["retries"]))
    return " · ".join(parts)[:MAX_VALUE]


def _times(times: dict[str, str | None], *, backfilled: bool) -> str:
    """Return how long each step took since the message was written."""
    moments = {name: datetime.fromisoformat(each) for name, each in times.items() if each}
    created = moments.get("created")
    if created is None:
        return ""
    parts = []
    if "ingested" in moments:
        after = _duration(moments["ingested"] - created)
        told = text("audit.time_missed", after=after) if backfilled else text("audit.time_heard", after=after)
        parts.append(told)
    steps = [name for name in ("observed", "decided", "finished") if name in moments]
    parts += [text(f"audit.time_{name}", after=_duration(moments[name] - created)) for name in steps]
    return described(parts)


def _duration(passed: timedelta) -> str:
    seconds = max(0.0, passed.total_seconds())
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    if seconds < 3_600:  # noqa: PLR2004
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h"


def _feeling(sentiment: str) -> str:
    return text(f"audit.feeling_{sentiment}")
