"""Errors as embeds. Pure functions."""

import discord
from discord.utils import format_dt

from bot.core.markdown import escape_around_code
from bot.models import ErrorRecord
from bot.services.errors.explaining import Explanation
from bot.services.errors.service import ErrorPage
from bot.services.errors.telling import explained
from bot.texts import counted, text

MAX_VALUE = 1_024  # characters of a field; Discord refuses more


def list_embed(page: ErrorPage, *, has_servers: bool) -> discord.Embed:
    """Build a page of `/errors`; `has_servers` says whose each is."""
    lines = [_line(fault, has_server=has_servers) for fault in page.faults]
    embed = discord.Embed(title=text("errors.title"), description="\n".join(lines) or text("errors.none"))
    embed.set_footer(text=text("errors.footer", page=page.number))
    return embed


def explanation_embed(fault: ErrorRecord, explanation: Explanation, *, has_trace: bool) -> discord.Embed:
    """Build the answer to `/explain_error`; the traceback is for whoever runs the bot."""
    embed = discord.Embed(
        title=text("errors.explain_title", reference=fault.reference),
        description=explained(explanation),
        colour=discord.Colour.red() if fault.is_critical else None,
    )
    facts = text(
        "errors.explain_facts",
        kind=_kind(fault),
        place=escape_around_code(fault.place),
        times=counted(fault.count, "time"),
        first=format_dt(fault.first_at, "R"),
        last=format_dt(fault.last_at, "R"),
    )
    embed.add_field(name="\u200b", value=facts, inline=False)
    if fault.about and has_trace:
        about = fault.about.replace("`", "'")
        embed.add_field(name=text("errors.explain_about"), value=f"`{about}`", inline=False)
    if fault.trace and has_trace:
        room = MAX_VALUE - len("```\n\n```")
        end = fault.trace.replace("```", "'''")[-room:]
        embed.add_field(name=text("errors.explain_trace"), value=f"```\n{end}\n```", inline=False)
    return embed


def _line(fault: ErrorRecord, *, has_server: bool) -> str:
    last = format_dt(fault.last_at, "R")
    if fault.count > 1:
        last = text("errors.entry_count", times=counted(fault.count, "time"), last=last)
    line = text(
        "errors.entry",
        reference=fault.reference,
        kind=_kind(fault),
        place=escape_around_code(fault.place),
        last=last,
    )
    if has_server and fault.guild_id is not None:
        line = text("errors.entry_server", line=line, guild=fault.guild_id)
    return text("errors.entry_critical", line=line) if fault.is_critical else line


def _kind(fault: ErrorRecord) -> str:
    return escape_around_code(fault.kind) if fault.kind else text("errors.logged")
