"""What members are told of their data. Pure functions."""

from collections.abc import Sequence

import discord

from bot.services.privacy.service import Overview
from bot.settings import LogSettings, RetentionSettings
from bot.texts import text


def place_of(guild_id: int | None) -> str:
    """Return in words what something is about: a server, or everything."""
    return text("privacy.here") if guild_id is not None else text("privacy.everywhere")


def overview_embed(
    overview: Overview,
    guild_id: int | None,
    retention: RetentionSettings,
    log: LogSettings,
    providers: Sequence[str],
) -> discord.Embed:
    """Build the answer to `/privacy show`."""
    place = place_of(guild_id)
    summaries = text("privacy.show_stay")
    if retention.summaries_days is not None:
        summaries = text("privacy.show_days", days=retention.summaries_days)
    models = text("privacy.show_models", names=", ".join(providers)) if providers else ""
    how_long = text(
        "privacy.show_how_long",
        messages=retention.messages_days,
        conversations=retention.conversations_days,
        intents=retention.intents_days,
        actions=retention.actions_days,
        sessions=retention.sessions_days,
        summaries=summaries,
        backups=retention.backups_days,
        logs=log.keep_days,
    )
    embed = discord.Embed(
        title=text("privacy.show_title"),
        description=text("privacy.show_what") + "\n\n" + text("privacy.show_where", models=models),
        colour=discord.Colour.blurple(),
    )
    embed.add_field(name=text("privacy.show_how_long_title"), value=how_long, inline=False)
    embed.add_field(name=text("privacy.show_counts_title"), value=counts_text(overview, place), inline=False)
    if overview.opted_out:
        embed.add_field(name="\u200b", value=text("privacy.show_opted_out", place=place), inline=False)
    embed.add_field(
        name=text("privacy.show_may_title"), value=text("privacy.show_may", place=place), inline=False
    )
    return embed


def counts_text(overview: Overview, place: str) -> str:
    """Return how much there is of a member, a line for each kind."""
    if not overview.counts:
        return text("privacy.show_nothing", place=place)
    lines = [f"{count:,} {text(f'privacy.count_{kind}')}" for kind, count in overview.counts.items()]
    return text("privacy.show_counts", place=place, lines="\n".join(lines))
