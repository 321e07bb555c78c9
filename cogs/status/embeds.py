"""The bot's state as embeds. Pure functions."""

import math
from collections.abc import Mapping

import discord

from bot.core.markdown import escape_around_code
from bot.llm.breaker import State
from bot.services.status import Ceiling, ProviderState, Status, Voice
from bot.texts import counted, text

MAX_VALUE = 1_024  # characters of a field; Discord refuses more
MAX_MODELS = 8  # named for each provider
COLOURS = {
    Voice.NONE: discord.Colour.green(),
    Voice.ANSWERS: discord.Colour.green(),
    Voice.SILENT: discord.Colour.orange(),
    Voice.UNKNOWN: discord.Colour.orange(),
}


def status_embed(voice: Voice, latency: float, maintenance: str = "") -> discord.Embed:
    """Build the answer to `/status` for everyone.

    Args:
        voice: whether a language model answers.
        latency: the gateway's, in seconds.
        maintenance: that the bot is being worked on; "" when it isn't.
    """
    about = text(
        "status.about", latency=_milliseconds(latency), words=text(f"status.voice_{voice.name.lower()}")
    )
    if maintenance:
        about, colour = f"{maintenance}\n{about}", discord.Colour.orange()
        return discord.Embed(title=text("status.title"), description=about, colour=colour)
    return discord.Embed(title=text("status.title"), description=about, colour=COLOURS[voice])


def staff_embed(status: Status, latency: float, maintenance: str = "") -> discord.Embed:
    """Build the answer to `/status` for staff."""
    embed = status_embed(status.voice, latency, maintenance)
    if status.database_seconds is None:
        embed.colour = discord.Colour.red()
    embed.add_field(name=text("status.gateway"), value=_milliseconds(latency))
    answer = (
        text("status.database_silent")
        if status.database_seconds is None
        else _milliseconds(status.database_seconds)
    )
    database = text("status.database_value", kind=status.database, answer=answer)
    embed.add_field(name=text("status.database"), value=database)
    embed.add_field(name=text("status.queues"), value=_queues(status.queues), inline=False)
    for provider in status.providers:
        embed.add_field(
            name=text("status.provider", provider=provider.name), value=_provider(provider), inline=False
        )
    if status.costs:
        embed.add_field(name=text("status.spent_here"), value=_spent(status.here))
        embed.add_field(name=text("status.spent_everywhere"), value=_spent(status.total))
    if status.untold:
        embed.add_field(
            name=text("status.untold"),
            value=_short("\n".join(f"⚠️ {each}" for each in status.untold)),
            inline=False,
        )
    if status.plugins:
        lines = "\n".join(f"⚠️ {escape_around_code(each)}" for each in status.plugins)
        embed.add_field(name=text("status.plugins"), value=_short(lines), inline=False)
    versions = status.versions
    embed.set_footer(
        text=text("status.versions", bot=versions.bot, python=versions.python, discord=versions.discord)
    )
    return embed


def _milliseconds(seconds: float) -> str:
    """Return a time in milliseconds; discord.py tells NaN or infinity while it isn't connected."""
    if not math.isfinite(seconds):
        return text("status.unknown_time")
    return f"{seconds * 1_000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1_000:.1f} ms"  # noqa: PLR2004


def _queues(queues: Mapping[str, int]) -> str:
    waiting = [f"{name} {depth:,}" for name, depth in queues.items() if depth]
    return _short(" · ".join(waiting) or text("status.queues_empty"))


def _provider(provider: ProviderState) -> str:
    health, lane = provider.health, provider.lane
    if health is None:
        lines = [text("status.provider_asked")]
    else:
        detail = escape_around_code(health.detail[:1].upper() + health.detail[1:])
        if health.missing and " lacks " in health.detail:
            # It names them with the commands; those stand below, one for each model.
            detail = text(
                "status.provider_lacks",
                provider=detail.partition(" lacks ")[0],
                models=counted(len(health.missing), "model"),
            )
        lines = [f"{'✅' if health.ok else '⚠️'} {detail}"]
    missing = set(health.missing) if health else set()
    is_known = health is not None and (health.ok or bool(missing))  # which models there are
    lines += [
        _model(provider.name, model, is_missing=model in missing, is_known=is_known)
        for model in provider.wanted[:MAX_MODELS]
    ]
    if len(provider.wanted) > MAX_MODELS:
        lines.append(text("status.models_more", count=len(provider.wanted) - MAX_MODELS))
    if len(missing) > 1 and provider.name == "ollama":
        lines.append(text("status.models_pull"))
    if lane.state is not State.CLOSED:
        lines.append(_breaker(lane.state))
    lines += [
        f"· `{each.model.replace('`', '')}` {_breaker(each.state)}: {escape_around_code(each.why)}"
        for each in lane.models[:MAX_MODELS]
        if each.state is not State.CLOSED
    ]
    if lane.running or lane.waiting:
        lines.append(text("status.calls", calls=counted(lane.running, "call"), waiting=f"{lane.waiting:,}"))
    return _short("\n".join(lines))


def _model(provider: str, model: str, *, is_missing: bool, is_known: bool) -> str:
    name = f"`{model.replace('`', '')}`"
    if not is_missing:
        return f"{'✓' if is_known else '·'} {name}"
    fix = f"`ollama pull {model.replace('`', '')}`" if provider == "ollama" else text("status.model_absent")
    return f"✗ {name}: {fix}"


def _spent(ceiling: Ceiling | None) -> str:
    if ceiling is None:
        return text("status.spent_unknown")
    most_cost, most_tokens = ceiling.max_cost, ceiling.max_tokens
    no_ceiling = text("status.no_ceiling")
    return text(
        "status.spent",
        cost=f"${ceiling.spent.cost:,.4f}",
        cost_ceiling=no_ceiling if most_cost is None else text("status.ceiling", most=f"${most_cost:,.2f}"),
        tokens=f"{ceiling.spent.tokens:,}",
        token_ceiling=no_ceiling if most_tokens is None else text("status.ceiling", most=f"{most_tokens:,}"),
    )


def _breaker(state: State) -> str:
    return "" if state is State.CLOSED else text(f"status.breaker_{state.name.lower()}")


def _short(words: str) -> str:
    return words if len(words) <= MAX_VALUE else f"{words[: MAX_VALUE - 1]}…"
