"""Settings and their history as people read them. Pure functions."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord.utils import escape_markdown

from bot.domain.languages import describe_languages
from bot.models import SettingChange
from bot.services.configuration.changes import CHANNELS, PLUGINS
from bot.services.configuration.service import Configuration
from bot.services.configuration.settings import Kind, Named, Names, Setting
from bot.services.summaries.settings import describe_days
from bot.texts import text

MAX_DESCRIPTION, MAX_FIELD = 4_096, 1_024  # characters; Discord refuses more
MAX_SHOWN = 300  # characters of one value
_TYPES = {
    discord.ChannelType.text: "text",
    discord.ChannelType.news: "text",
    discord.ChannelType.forum: "forum",
    discord.ChannelType.media: "forum",
    discord.ChannelType.voice: "voice",
    discord.ChannelType.stage_voice: "voice",
    discord.ChannelType.category: "category",
}


def names_of(guild: discord.Guild, reader: discord.Member | None = None) -> Names:
    """Return a server's channels and roles: those that `reader` sees, or all."""
    channels = [
        Named(each.id, each.name, _TYPES.get(each.type, ""))
        for each in guild.channels
        if reader is None or each.permissions_for(reader).view_channel
    ]
    return Names(guild.id, channels, [Named(each.id, each.name) for each in guild.roles])


def describe(setting: Setting | None, value: Any, guild: discord.Guild) -> str:
    """Return a value in words; None as what holds where nothing was chosen."""
    if value is None and setting is not None:
        if setting.unset is not None:
            value = setting.unset(guild.id)
        elif setting.default is not None:
            value = setting.default
    if setting is not None and (value is None or (value == "none" and setting.none)):
        return setting.none or "-"
    shown = _plain(setting, value, guild)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"


def _plain(setting: Setting | None, value: Any, guild: discord.Guild) -> str:  # noqa: PLR0911  (one for each kind)
    kind = setting.kind if setting is not None else Kind.TEXT
    if isinstance(value, bool):
        return text("config.on_word") if value else text("config.off_word")
    match kind:
        case Kind.CHANNEL:
            return _channel(int(value), guild)
        case Kind.ROLE:
            return _role(int(value), guild)
        case Kind.CHANNELS:
            return ", ".join(_channel(int(each), guild) for each in value)
        case Kind.ROLES:
            return ", ".join(_role(int(each), guild) for each in value)
        case Kind.DAYS:
            return describe_days(value)
        case Kind.LANGUAGES:
            return describe_languages(frozenset(value))
    if isinstance(value, dict):
        return "; ".join(
            f"{escape_markdown(name)}: {_role(int(each), guild)}" for name, each in value.items()
        )
    if isinstance(value, list):  # of whom nothing but their number is told
        return str(len(value)) if kind is Kind.TEXT else escape_markdown("; ".join(map(str, value)))
    shown = f"{value:.2f}" if kind is Kind.SHARE else escape_markdown(str(value))
    return f"{shown} {setting.unit}" if setting is not None and setting.unit else shown


def _channel(channel_id: int, guild: discord.Guild) -> str:
    known = guild.get_channel_or_thread(channel_id)
    return f"<#{channel_id}>" if known is not None else text("config.deleted_channel")


def _role(role_id: int, guild: discord.Guild) -> str:
    return f"<@&{role_id}>" if guild.get_role(role_id) is not None else text("config.deleted_role")


def is_default(setting: Setting, value: Any) -> bool:
    """Whether a value is what a server starts with."""
    return value is None or (value == setting.default and setting.unset is None)


def all_embed(configuration: Configuration, values: Mapping[str, Any], guild: discord.Guild) -> discord.Embed:
    """Build the answer to `/config show`: a field for each topic, in bold what was chosen."""
    embed = discord.Embed(title=text("config.all_title"))
    for topic in configuration.topics():
        lines = [_line(each, values.get(each.key), guild) for each in configuration.of(topic)]
        embed.add_field(name=topic_name(topic), value=_fitted(lines, MAX_FIELD), inline=False)
        if len(embed) > 5_500:  # noqa: PLR2004  (Discord takes 6,000 characters of one message's embeds)
            index = len(embed.fields) - 1
            embed.set_field_at(
                index, name=topic_name(topic), value=text("config.more", count=len(lines)), inline=False
            )
    embed.set_footer(text=text("config.all_footer"))
    return embed


def topic_embed(
    topic: str, settings: Sequence[Setting], values: Mapping[str, Any], guild: discord.Guild
) -> discord.Embed:
    """Build the answer to `/config show topic`: each setting with its key and what it does."""
    lines = [
        f"{_line(each, values.get(each.key), guild)}\n-# `{each.key}` {each.description}" for each in settings
    ]
    return discord.Embed(title=topic_name(topic), description=_fitted(lines, MAX_DESCRIPTION))


def history_embed(
    configuration: Configuration, changes: Sequence[SettingChange], guild: discord.Guild
) -> discord.Embed:
    """Build a page of the answer to `/config history`."""
    lines = [_change(configuration, each, guild) for each in changes]
    shown = _fitted(lines, MAX_DESCRIPTION) or text("config.nothing_changed")
    return discord.Embed(title=text("config.history"), description=shown)


def topic_name(topic: str) -> str:
    """Return what a topic is called; that of a plugin is called as its settings' keys begin."""
    known = {
        "server": text("config.topic.server"),
        "replies": text("config.topic.replies"),
        "tickets": text("config.topic.tickets"),
        "summaries": text("config.topic.summaries"),
        "alerts": text("config.topic.alerts"),
        "statistics": text("config.topic.statistics"),
    }
    return known.get(topic, topic.replace("_", " ").capitalize())


def _line(setting: Setting, value: Any, guild: discord.Guild) -> str:
    shown = describe(setting, value, guild)
    return f"{setting.name}: {shown}" if is_default(setting, value) else f"**{setting.name}:** {shown}"


def _change(configuration: Configuration, change: SettingChange, guild: discord.Guild) -> str:
    setting = configuration.find(change.key)
    by = f"<@{change.by_id}>" if change.by_id is not None else text("config.by_bot")
    name = f"**{_full_name(setting)}**" if setting is not None else f"`{change.key}`"
    if change.key.startswith(CHANNELS):
        channel_id, _, what = change.key.removeprefix(CHANNELS).partition(".")
        name = f"{_channel(int(channel_id), guild)} {what}"
    is_open = setting is None or setting.unset is not None  # what the default was then nobody knows now
    is_of_plugin = change.key.startswith(PLUGINS)
    old, new = (
        text("config.default")
        if is_open and each is None
        else _of_plugin(each, guild)
        if is_of_plugin
        else describe(setting, each, guild)
        for each in (change.old, change.new)
    )
    return f"<t:{int(change.at.timestamp())}:R> {name}: {old} → {new} ({by})"


def _full_name(setting: Setting) -> str:
    """Return a setting's name with its topic's: by itself "At" says little."""
    topic = topic_name(setting.topic)
    return setting.name if setting.name == topic else f"{topic} · {setting.name}"


def _of_plugin(value: Any, guild: discord.Guild) -> str:
    """Return a value of a plugin's setting, whose kind only the plugin knows: places are shown as such."""
    if isinstance(value, list):
        shown = ", ".join(_of_plugin(each, guild) for each in value) or "-"
        return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"
    if isinstance(value, str) and value.isdecimal():
        if guild.get_channel_or_thread(int(value)) is not None:
            return f"<#{value}>"
        if guild.get_role(int(value)) is not None:
            return f"<@&{value}>"
    return describe(None, value, guild)


def _fitted(lines: Sequence[str], length: int) -> str:
    """Return as many lines as fit, and how many don't."""
    shown: list[str] = []
    total = 0
    for each in lines:
        total += len(each) + 1
        if total > length - len("… and 100 more"):
            return "\n".join([*shown, text("config.more", count=len(lines) - len(shown))])
        shown.append(each)
    return "\n".join(shown)
