"""The wizard's last page: what is chosen, what the bot lacks for it, and what happens next."""

from collections.abc import Iterator
from datetime import datetime

import discord
from discord.utils import format_dt

from bot.domain.tickets import TicketMode
from bot.models import AutoReply
from bot.texts import text
from bot.tools.summaries import NEEDS as SUMMARY_NEEDS
from bot.tools.tickets import FORUM_NEEDS, PRIVATE_NEEDS
from cogs.admin.rights import READ, WRITE
from cogs.onboarding.choices import Choices, Page, Where
from cogs.onboarding.page_view import ORDER, PageView
from cogs.onboarding.pages import COLOUR, Shown, channels_of, title_of
from cogs.onboarding.visit import Visit

NAMED = 5  # channels in a line
MAX_VALUE = 1_024  # characters of a field


def build_ready(choices: Choices, visit: Visit, first_summary: datetime | None) -> Shown:
    """Return the last page."""
    guild = visit.guild
    embed = discord.Embed(title=title_of(text("onboarding.name.done"), visit), colour=COLOUR)
    for name, value in (
        ("watch", channels_of(choices)),
        ("replies", text(f"onboarding.replies.mode.{choices.mode}")),
        ("staff", _staff(choices, visit)),
        ("summaries", _summary(choices)),
        ("tickets", _channel(choices.tickets.parent_id)),
    ):
        embed.add_field(name=text(f"onboarding.field.{name}"), value=value)
    lacks = list(_lacks(choices, guild))
    if lacks:
        role = visit.role(guild.self_role.id) if guild.self_role else guild.me.mention
        lines = [*lacks, text("onboarding.done.lack_fix", role=role)]
        embed.add_field(name=text("onboarding.done.lacks"), value="\n".join(lines)[:MAX_VALUE], inline=False)
    following = "\n".join(f"- {line}" for line in _following(choices, first_summary))
    embed.add_field(name=text("onboarding.done.next"), value=following[:MAX_VALUE], inline=False)
    view = PageView(visit)
    view.button(0, f"go/{Page.DONE}/{ORDER[-2]}", text("onboarding.button.back"))
    if lacks:
        view.button(0, f"go/{Page.DONE}/{Page.DONE}", text("onboarding.button.again"))
    view.button(0, "close", text("onboarding.button.done"), discord.ButtonStyle.success)
    return embed, view


def _staff(choices: Choices, visit: Visit) -> str:
    parts = [visit.role(choices.role_id)] if choices.role_id else []
    parts += [f"<#{choices.staff_channel_id}>"] if choices.staff_channel_id else []
    return " · ".join(parts) or text("onboarding.value.none")


def _summary(choices: Choices) -> str:
    if choices.where is Where.NONE:
        return text("onboarding.value.off")
    direct = choices.where is Where.DIRECT
    where = text("onboarding.value.direct") if direct else _channel(choices.summary_channel_id)
    return text("onboarding.value.summary", where=where, time=choices.at, zone=choices.zone)


def _channel(channel_id: int | None) -> str:
    return f"<#{channel_id}>" if channel_id is not None else text("onboarding.value.none")


def _lacks(choices: Choices, guild: discord.Guild) -> Iterator[str]:
    """Yield each set of missing permissions with the channels where they are missing."""
    answers = choices.mode != AutoReply.OFF
    needs: dict[int, set[str]] = {}
    for watched in choices.watched:
        needs.setdefault(watched.id, set()).update(READ, WRITE if answers else ())
    private = choices.tickets.mode == TicketMode.PRIVATE
    in_channel = choices.where is Where.CHANNEL
    for place_id, wanted in (
        (choices.staff_channel_id, WRITE),
        (choices.summary_channel_id if in_channel else None, SUMMARY_NEEDS),
        (choices.tickets.parent_id, PRIVATE_NEEDS if private else FORUM_NEEDS),
    ):
        if place_id is not None:
            needs.setdefault(place_id, set()).update(wanted)
    missing: dict[str, list[str]] = {}
    for channel_id, names in needs.items():
        channel = guild.get_channel(channel_id)
        if channel is None:
            continue
        have = channel.permissions_for(guild.me)
        lacking = ", ".join(
            name.replace("_", " ").title() for name in sorted(names) if not getattr(have, name)
        )
        if lacking:
            missing.setdefault(lacking, []).append(channel.mention)
    for lacking, channels in missing.items():
        more = f" +{len(channels) - NAMED}" if len(channels) > NAMED else ""
        yield text("onboarding.done.lack", permissions=lacking, channels=", ".join(channels[:NAMED]) + more)


def _following(choices: Choices, first_summary: datetime | None) -> Iterator[str]:
    suffix = {AutoReply.ON: "", AutoReply.OFF: "_off"}.get(AutoReply(choices.mode), "_suggest")
    yield text(f"onboarding.done.next.watch{suffix}")
    if first_summary is not None:
        yield text("onboarding.done.next.summary", when=format_dt(first_summary, "R"))
    if choices.tickets.parent_id is not None:
        yield text("onboarding.done.next.tickets")
    yield text("onboarding.done.next.train")
    yield text("onboarding.done.next.later")
