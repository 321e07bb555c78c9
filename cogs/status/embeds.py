"""The bot's state as embeds. Pure functions."""

import math
from collections.abc import Mapping

import discord
from discord.utils import escape_markdown

from bot.llm.breaker import State
from bot.services.status import Ceiling, ProviderState, Status, Voice

MAX_VALUE = 1_024  # characters of a field; Discord refuses more
MAX_MODELS = 8  # named for each provider
WORDS = {
    Voice.NONE: "No language model is set up; I answer with what I was given.",
    Voice.ANSWERS: "My language model answers.",
    Voice.SILENT: "My language model does not answer; meanwhile I answer with what I was given.",
    Voice.UNKNOWN: "My language model has not said yet whether it answers.",
}
COLOURS = {
    Voice.NONE: discord.Colour.green(),
    Voice.ANSWERS: discord.Colour.green(),
    Voice.SILENT: discord.Colour.orange(),
    Voice.UNKNOWN: discord.Colour.orange(),
}
BREAKERS = {
    State.CLOSED: "",
    State.HALF_OPEN: "being tried again with one call",
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
    empty = f"{len(queues) - len(waiting)} empty"
    return _short(" · ".join([*waiting, empty] if len(waiting) < len(queues) else waiting) or "none")


def _provider(provider: ProviderState) -> str:
    health, lane = provider.health, provider.lane
    if health is None:
        lines = ["⏳ it has not answered yet"]
    else:
        # What lacks models says so itself, with the commands; they stand below, one for each model.
        detail = health.detail.partition(" lacks ")[0] if health.missing else health.detail
        lines = [f"{'✅' if health.ok else '⚠️'} {_plain(detail)}"]
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
    lines.append(f"{lane.running} calls under way, {lane.waiting} waiting")
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


def _plain(text: str) -> str:
    """Return a text whose commands stay commands and whose other marks are no markup."""
    parts = text.split("`")
    return "`".join(part if place % 2 else escape_markdown(part) for place, part in enumerate(parts))


def _short(text: str) -> str:
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
