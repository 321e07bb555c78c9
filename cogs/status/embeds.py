"""The bot's state as embeds. Pure functions."""

import math
from collections.abc import Mapping

import discord

from bot.core.markdown import escape_around_code
from bot.llm.breaker import State
from bot.services.status import Ceiling, ProviderState, Status, Voice

MAX_VALUE = 1_024  # characters of a field; Discord refuses more
MAX_MODELS = 8  # named for each provider
WORDS = {
    Voice.NONE: "No language model is set up; my answers are prepared ones.",
    Voice.ANSWERS: "My language model answers.",
    Voice.SILENT: "My language model does not answer; until it does, my answers are prepared ones.",
    Voice.UNKNOWN: "My language model has not said yet whether it answers.",
}
COLOURS = {
    Voice.NONE: discord.Colour.green(),
    Voice.ANSWERS: discord.Colour.green(),
    Voice.SILENT: discord.Colour.orange(),
    Voice.UNKNOWN: discord.Colour.orange(),
}
UNTOLD = "The owner could not be told by direct message"
BREAKERS = {
    State.CLOSED: "",
    State.HALF_OPEN: "tried again with one call at a time",
    State.OPEN: "not asked for a while, because it failed or asked for quiet",
}


def status_embed(voice: Voice, latency: float) -> discord.Embed:
    """Build the answer to `/status` for everyone; `latency` is the gateway's, in seconds."""
    about = f"I'm here, {_milliseconds(latency)} from Discord.\n{WORDS[voice]}"
    return discord.Embed(title="Status", description=about, colour=COLOURS[voice])


def staff_embed(status: Status, latency: float) -> discord.Embed:
    """Build the answer to `/status` for staff."""
    embed = status_embed(status.voice, latency)
    if status.database_seconds is None:
        embed.colour = discord.Colour.red()
    embed.add_field(name="Gateway", value=_milliseconds(latency))
    answer = "does not answer" if status.database_seconds is None else _milliseconds(status.database_seconds)
    embed.add_field(name="Database", value=f"{status.database}, {answer}")
    embed.add_field(name="Queues", value=_queues(status.queues), inline=False)
    for provider in status.providers:
        embed.add_field(name=f"Model provider: {provider.name}", value=_provider(provider), inline=False)
    if status.costs:
        embed.add_field(name="Spent today, this server", value=_spent(status.here))
        embed.add_field(name="Spent today, all servers", value=_spent(status.total))
    if status.untold:
        embed.add_field(
            name=UNTOLD, value=_short("\n".join(f"⚠️ {each}" for each in status.untold)), inline=False
        )
    versions = status.versions
    embed.set_footer(
        text=f"Lookout {versions.bot} · Python {versions.python} · discord.py {versions.discord}"
    )
    return embed


def _milliseconds(seconds: float) -> str:
    """Return a time in milliseconds; discord.py tells NaN or infinity while it isn't connected."""
    if not math.isfinite(seconds):
        return "an unknown time"
    return f"{seconds * 1_000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1_000:.1f} ms"  # noqa: PLR2004


def _queues(queues: Mapping[str, int]) -> str:
    waiting = [f"{name} {depth:,}" for name, depth in queues.items() if depth]
    return _short(" · ".join(waiting) or "all empty")


def _provider(provider: ProviderState) -> str:
    health, lane = provider.health, provider.lane
    if health is None:
        lines = ["⏳ it has not answered yet"]
    else:
        detail = escape_around_code(health.detail[:1].upper() + health.detail[1:])
        if health.missing and " lacks " in health.detail:
            # It names them with the commands; those stand below, one for each model.
            detail = f"{detail.partition(' lacks ')[0]} lacks {_count(len(health.missing), 'model')}"
        lines = [f"{'✅' if health.ok else '⚠️'} {detail}"]
    missing = set(health.missing) if health else set()
    is_known = health is not None and (health.ok or bool(missing))  # which models there are
    lines += [
        _model(provider.name, model, is_missing=model in missing, is_known=is_known)
        for model in provider.wanted[:MAX_MODELS]
    ]
    if len(provider.wanted) > MAX_MODELS:
        lines.append(f"and {len(provider.wanted) - MAX_MODELS} more models")
    if len(missing) > 1 and provider.name == "ollama":
        lines.append("all of them: `python run.py pull`")
    if BREAKERS[lane.state]:
        lines.append(BREAKERS[lane.state])
    lines += [
        f"· `{each.model.replace('`', '')}` {BREAKERS[each.state]}: {escape_around_code(each.why)}"
        for each in lane.models[:MAX_MODELS]
        if BREAKERS[each.state]
    ]
    if lane.running or lane.waiting:
        lines.append(f"{_count(lane.running, 'call')} under way, {lane.waiting:,} waiting")
    return _short("\n".join(lines))


def _model(provider: str, model: str, *, is_missing: bool, is_known: bool) -> str:
    name = f"`{model.replace('`', '')}`"
    if not is_missing:
        return f"{'✓' if is_known else '·'} {name}"
    fix = f"`ollama pull {model.replace('`', '')}`" if provider == "ollama" else "not there: check its name"
    return f"✗ {name}: {fix}"


def _spent(ceiling: Ceiling | None) -> str:
    if ceiling is None:
        return "can't be read now: see the log"
    cost = "no ceiling" if ceiling.max_cost is None else f"of ${ceiling.max_cost:,.2f}"
    tokens = "no ceiling" if ceiling.max_tokens is None else f"of {ceiling.max_tokens:,}"
    return f"${ceiling.spent.cost:,.4f} ({cost})\n{ceiling.spent.tokens:,} tokens ({tokens})"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _short(text: str) -> str:
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
