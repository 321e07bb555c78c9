"""The pages of the wizard: an embed and its selects, from what is chosen. Nothing is stored here."""

import discord
from discord.utils import escape_markdown

from bot.domain.tickets import TicketMode
from bot.models import AutoReply, WatchDefault
from bot.texts import counted, text
from bot.tools.errors import lacking
from bot.tools.summaries import NEEDS as SUMMARY_NEEDS
from cogs.admin.rights import WRITE
from cogs.onboarding.choices import Choices, Page, Where
from cogs.onboarding.page_view import MOST, ORDER, PageView
from cogs.onboarding.visit import Visit

STEPS = len(ORDER) - 1  # the last one only tells
COLOUR = discord.Colour(0x5865F2)
COMMON_ZONES = (
    "UTC", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York",
    "America/Sao_Paulo", "Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Madrid", "Europe/Rome",
    "Europe/Warsaw", "Europe/Athens", "Europe/Istanbul", "Europe/Moscow", "Asia/Dubai", "Asia/Kolkata",
    "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo", "Asia/Seoul", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip
Shown = tuple[discord.Embed, discord.ui.View]


def title_of(title: str, visit: Visit) -> str:
    """Return a page's title; in direct messages it names the server."""
    if not visit.is_direct:
        return title
    return text("onboarding.title_direct", title=title, server=escape_markdown(visit.guild.name))


def build(page: Page, choices: Choices, visit: Visit) -> Shown:
    """Return a page, but for the last one, as it is shown."""
    guild = visit.guild
    name = text(f"onboarding.name.{page}")
    title = text("onboarding.title", number=ORDER.index(page) + 1, count=STEPS, name=name)
    embed = discord.Embed(
        title=title_of(title, visit),
        description=text(f"onboarding.intro.{page}"),
        colour=COLOUR,
    )
    view = PageView(visit)
    if page is Page.WATCH:
        lines = _watch(choices, view)
    elif page is Page.REPLIES:
        lines = _replies(choices, guild, view)
    elif page is Page.SUMMARIES:
        lines = _summaries(choices, guild, view)
    else:
        lines = _tickets(choices, visit, view)
    view.go(page, 4)
    if page in choices.proposed:
        lines = [*lines, text("onboarding.suggested")]
    if view.is_cut:
        lines = [*lines, text("onboarding.cut", most=MOST)]
    embed.description = "\n".join([str(embed.description), *lines])
    return embed, view


def _watch(choices: Choices, view: PageView) -> list[str]:
    options = [
        discord.SelectOption(
            label=text(f"onboarding.watch.default.{each}"),
            description=text(f"onboarding.watch.default.{each}.about"),
            value=each.value,
            default=each is choices.watch_default,
        )
        for each in WatchDefault
    ]
    view.choose(0, "set/watch/default", options, text("onboarding.name.watch"))
    only = choices.watch_default is WatchDefault.CHOSEN
    label = text("onboarding.watch.pick") if only else text("onboarding.watch.pick_more")
    view.channel(1, "set/watch/channels", label, choices.tracked, several=True)
    if not choices.watched:
        return [text("onboarding.watch.none")]
    return [text(f"onboarding.watch.now_{choices.watch_default}", channels=channels_of(choices))]


def channels_of(choices: Choices) -> str:
    """Return how many channels are watched, in words."""
    return counted(len(choices.watched), "channel")


def _lacking(guild: discord.Guild, channel_id: int | None, needed: tuple[str, ...]) -> list[str]:
    """Return a line on what the bot may not do in a channel, none where it may all."""
    channel = guild.get_channel(channel_id) if channel_id is not None else None
    missing = lacking(channel, needed) if channel is not None else ""
    if channel is None or not missing:
        return []
    return [text("onboarding.lacking", permissions=missing, channel=channel.mention)]


def _replies(choices: Choices, guild: discord.Guild, view: PageView) -> list[str]:
    modes = [
        discord.SelectOption(
            label=text(f"onboarding.replies.mode.{each}"), value=each.value, default=each == choices.mode
        )
        for each in AutoReply
    ]
    view.choose(0, "set/replies/mode", modes, text("onboarding.field.replies"))
    role_id = choices.role_id
    view.role(1, "set/replies/role", text("onboarding.replies.role"), role_id)
    channel_id = choices.staff_channel_id
    label = text("onboarding.replies.channel")
    view.channel(2, "set/replies/channel", label, [channel_id] if channel_id else [])
    lines = [] if role_id else [text("onboarding.replies.no_role")]
    channel = guild.get_channel(channel_id) if channel_id else None
    if channel is None:
        lines.append(text("onboarding.replies.no_channel"))
    elif channel.permissions_for(guild.default_role).view_channel:
        lines.append(text("onboarding.replies.public_channel", channel=channel.mention))
    return lines + _lacking(guild, channel_id, WRITE)


def _summaries(choices: Choices, guild: discord.Guild, view: PageView) -> list[str]:
    options = [
        discord.SelectOption(
            label=text(f"onboarding.summaries.where.{each}"), value=each.value, default=each is choices.where
        )
        for each in Where
    ]
    view.choose(0, "set/summaries/where", options, text("onboarding.name.summaries"))
    in_channel = choices.where is Where.CHANNEL and choices.summary_channel_id
    chosen = [choices.summary_channel_id] if in_channel and choices.summary_channel_id else []
    view.channel(1, "set/summaries/channel", text("onboarding.summaries.channel"), chosen)
    times = sorted({choices.at, *(f"{hour:02}:00" for hour in range(24))})
    view.choose(
        2,
        "set/summaries/at",
        [_option("time", each, chosen=each == choices.at) for each in times],
        text("onboarding.summaries.time", time=choices.at),
    )
    zones = list(dict.fromkeys((choices.zone, *COMMON_ZONES)))[:MOST]
    view.choose(
        3,
        "set/summaries/zone",
        [_option("zone", each, chosen=each == choices.zone) for each in zones],
        text("onboarding.summaries.zone", zone=choices.zone),
    )
    if choices.where is Where.DIRECT and choices.others:
        return [text("onboarding.summaries.others", count=choices.others)]
    return _lacking(guild, chosen[0], SUMMARY_NEEDS) if chosen else []


def _option(kind: str, value: str, *, chosen: bool) -> discord.SelectOption:
    label = text(f"onboarding.summaries.{kind}", **{kind: value})
    return discord.SelectOption(label=label, value=value, default=chosen)


def _tickets(choices: Choices, visit: Visit, view: PageView) -> list[str]:
    if choices.tickets.parent_id is None:
        view.button(0, "forum", text("onboarding.button.forum"), discord.ButtonStyle.success)
    if visit.is_direct:  # their settings choose channels and roles, which Discord offers only in a server
        return [tickets_line(choices, visit.guild), text("onboarding.tickets.in_server")]
    view.button(0, "tickets", text("onboarding.button.tickets"))
    return [tickets_line(choices, visit.guild)]


def tickets_line(choices: Choices, guild: discord.Guild) -> str:
    """Return what is set up for tickets, in a line."""
    parent_id = choices.tickets.parent_id
    channel = guild.get_channel(parent_id) if parent_id is not None else None
    if channel is None:
        return text("onboarding.tickets.none")
    if choices.tickets.mode == TicketMode.PRIVATE:
        return text("onboarding.tickets.private", channel=channel.mention)
    return text("onboarding.tickets.forum", channel=channel.mention)
