"""Settings and stories as embeds. Pure functions."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import discord
from discord.utils import escape_markdown, format_dt

from bot.core.markdown import escape_around_code
from bot.domain.languages import describe_languages
from bot.domain.policy import GuildPolicy
from bot.domain.signal import Judge
from bot.models import Channel, Watch

MAX_LINES = 30
MAX_QUOTE = 300  # characters
JUDGES: dict[str, str] = {
    Judge.LIGHT: "the light judge",
    Judge.ENCODER: "the encoder",
    Judge.LLM: "a language model",
}
MAX_DESCRIPTION, MAX_VALUE = 4_096, 1_024  # characters; Discord refuses more


def channel_list_embed(channels: Sequence[Channel]) -> discord.Embed:
    """Build the answer to `/channels list`."""
    chosen = [channel for channel in channels if channel.watch != Watch.DEFAULT or channel.tip]
    signs = {Watch.TRACK: "watched", Watch.IGNORE: "ignored", Watch.DEFAULT: "default"}
    lines = [
        f"<#{channel.id}>: {signs[Watch(channel.watch)]}"
        + (f" · tip: {escape_markdown(channel.tip)}" if channel.tip else "")
        for channel in chosen[:MAX_LINES]
    ]
    shown = _fitting(lines, "\n", MAX_DESCRIPTION)
    embed = discord.Embed(title="Channels", description="\n".join(shown) or "You chose nothing yet.")
    more = f" · {len(chosen) - len(shown)} more not shown" if len(chosen) > len(shown) else ""
    embed.set_footer(text=f"All other channels are watched if everyone can read them{more}")
    return embed


def config_embed(policy: GuildPolicy) -> discord.Embed:
    """Build the answer to `/config show`."""
    quiet = policy.quiet_hours
    hours = f"{quiet.start:%H:%M} to {quiet.end:%H:%M}" if quiet else "none"
    embed = discord.Embed(title="Settings of this server")
    embed.add_field(name="Auto-replies", value="on" if policy.auto_reply else "off")
    embed.add_field(name="Answers from confidence", value=f"{policy.min_confidence:.2f}")
    embed.add_field(
        name="Staff channel",
        value=f"<#{policy.staff_channel_id}>" if policy.staff_channel_id else "none: nothing is escalated",
    )
    embed.add_field(name="Time zone", value=policy.timezone)
    embed.add_field(name="Quiet hours", value=hours)
    embed.add_field(name="Languages answered", value=describe_languages(policy.languages)[:MAX_VALUE])
    roles = [f"<@&{role_id}>" for role_id in sorted(policy.ignored_role_ids)]
    shown = _fitting(roles, " ", MAX_VALUE - len(" and 250 more"))
    more = f" and {len(roles) - len(shown)} more" if len(roles) > len(shown) else ""
    embed.add_field(name="Roles not answered", value=(" ".join(shown) or "none") + more)
    return embed


def story_embed(story: dict[str, Any]) -> discord.Embed:
    """Build the answer to `/audit message`."""
    message, tags, observer = story["message"], story["nano_tags"], story["observer"]
    quoted = escape_markdown(message["content"][:MAX_QUOTE]) or "(no text)"
    embed = discord.Embed(
        title="What happened to this message", url=message["link"],
        description="(deleted)" if story["deleted"] else f">>> {quoted}",
    )  # fmt: skip
    feeling = f"{tags['sentiment']} ({tags['sentiment_score']:+.2f})"
    embed.add_field(
        name="Tags",
        value=f"purpose {tags['purpose']} · sentiment {feeling} · urgency {tags['urgency']} · "
        f"toxicity {tags['toxicity']:.2f} · "
        f"language {story['language']}",
        inline=False,
    )
    because = f"\n{escape_markdown(observer['rationale'])}" if observer["rationale"] else ""
    judged = f"{observer['intent']} ({observer['confidence']:.2f}), {_judge(observer)}{because}"
    embed.add_field(name="Intent", value=judged, inline=False)
    plan = story["orchestrator"]
    embed.add_field(
        name="Decision",
        value=f"{plan['plan'] or 'not yet'}: {plan['reason'] or '-'} → **{plan['status']}**",
        inline=False,
    )
    for action in story["actions"][:5]:
        embed.add_field(name=f"Action {action['id']}: {action['kind']}", value=_action(action), inline=False)
    if story["feedback"]:
        embed.add_field(name="Feedback", value=_feedback(story["feedback"]), inline=False)
    return embed


def _judge(observer: dict[str, Any]) -> str:
    """Return who judged a message."""
    light = observer["light"]
    before = f" (light judge: {light['intent']} {light['confidence']:.2f})" if light else ""
    return f"judged by {JUDGES[observer['judge']]}{before}"


def _feedback(given: Sequence[dict[str, Any]]) -> str:
    """Return how often each was said: "asker: wrong · member: right (3)"."""
    counts = Counter(
        f"{each['giver']}: {each['correct_intent'] or each['verdict']}".replace("_", " ") for each in given
    )
    return " · ".join(said + (f" ({count})" if count > 1 else "") for said, count in sorted(counts.items()))


def _action(action: dict[str, Any]) -> str:
    parts = [f"{action['status']} in <#{action['channel_id']}>"]
    if action["message_id"]:
        parts.append(f"message {action['message_id']}")
    if action["written_by"]:
        parts.append(_writer(action["written_by"]))
    if action["detail"]:
        parts.append(escape_markdown(action["detail"]))
    if action["finished_at"]:
        parts.append(format_dt(datetime.fromisoformat(action["finished_at"]), "T"))
    if action["retries"]:
        parts.append(f"{action['retries']} retries")
    return " · ".join(parts)[:MAX_VALUE]


def _writer(written_by: str) -> str:
    """Return which model wrote a reply, or why none did."""
    who, _, why = written_by.partition(": ")
    if who != "template":
        return f"written by {escape_markdown(written_by)}"
    return "a prepared answer" + (f", no model wrote one: {escape_around_code(why)}" if why else "")


def _fitting(parts: Sequence[str], between: str, length: int) -> Sequence[str]:
    """Return as many of `parts` from the beginning as fit into `length` characters when joined."""
    total = -len(between)
    for count, part in enumerate(parts):
        total += len(between) + len(part)
        if total > length:
            return parts[:count]
    return parts
