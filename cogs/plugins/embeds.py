"""Plugins as people see them. Pure functions."""

from collections.abc import Sequence

import discord

from bot.core.markdown import escape_around_code
from bot.plugin_api.parts import CommandSpec, Target
from bot.services.plugins.servers import Setting
from bot.services.plugins.service import PluginInfo
from bot.texts import text

MAX_TEXT, MAX_FIELD = 4_000, 1_000
_COLOURS = {"runs": discord.Colour.green(), "off": discord.Colour.light_grey()}


def list_embed(plugins: Sequence[PluginInfo]) -> discord.Embed:
    """Build the answer to `/plugins list`."""
    lines = []
    for each in plugins:
        mark = "⚠" if each.state in {"failed", "suspended"} else "●" if each.is_on else "○"
        manifest = each.manifest
        lines.append(
            text(
                "plugins.list_line",
                mark=mark,
                id=each.id,
                name=escape_around_code(manifest.name) if manifest else each.id,
                version=manifest.version if manifest else "",
                description=escape_around_code(manifest.description) if manifest else "?",
            )
        )
        if each.why:
            lines.append(f"-# {each.state}: {escape_around_code(_short(each.why, 300))}")
    embed = discord.Embed(title=text("plugins.list_title"), description=_short("\n".join(lines), MAX_TEXT))
    return embed.set_footer(text=text("plugins.list_footer"))


def info_embed(info: PluginInfo, lacking: str = "") -> discord.Embed:
    """Build the answer to `/plugins info`; `lacking` says what the bot may not that the plugin needs."""
    manifest = info.manifest
    embed = discord.Embed(
        title=escape_around_code(f"{manifest.name} {manifest.version}") if manifest else info.id,
        description=escape_around_code(manifest.description) if manifest else None,
        colour=_COLOURS.get(info.state, discord.Colour.orange()),
    )
    state = info.state + (f": {escape_around_code(info.why)}" if info.why else "")
    if info.failures:
        state += f"\n{text('plugins.info_failures', count=info.failures)}"
    embed.add_field(name=text("plugins.info_state"), value=_short(state, MAX_FIELD), inline=False)
    here = text("plugins.info_on") if info.is_on else text("plugins.info_off")
    embed.add_field(name=text("plugins.info_here"), value=here)
    if lacking:
        embed.add_field(name=text("plugins.info_lacks"), value=_short(lacking, MAX_FIELD), inline=False)
    if manifest is not None:
        may = ", ".join(sorted(f"`{each.value}`" for each in manifest.permissions))
        embed.add_field(
            name=text("plugins.info_may"), value=may or text("plugins.info_may_nothing"), inline=False
        )
        keeps = escape_around_code(manifest.data_statement) or text("plugins.info_keeps_nothing")
        embed.add_field(name=text("plugins.info_keeps"), value=_short(keeps, MAX_FIELD), inline=False)
        if manifest.http_hosts:
            hosts = ", ".join(f"`{each}`" for each in manifest.http_hosts)
            embed.add_field(name=text("plugins.info_hosts"), value=_short(hosts, MAX_FIELD), inline=False)
    if info.commands:
        embed.add_field(
            name=text("plugins.info_commands"),
            value=_short(", ".join(map(shown, info.commands)), MAX_FIELD),
            inline=False,
        )
    return embed


def settings_embed(info: PluginInfo, settings: Sequence[Setting]) -> discord.Embed:
    """Build the answer to `/plugins config`."""
    lines = [
        text(
            "plugins.settings_line",
            key=each.key,
            value=escape_around_code(_short(each.value, 200)),
            changed="" if each.is_default else f" {text('plugins.settings_changed')}",
            choices=f" · {', '.join(each.choices)}" if each.choices else "",
            about=escape_around_code(each.about),
        ).strip()
        for each in settings
    ]
    name = info.manifest.name if info.manifest else info.id
    return discord.Embed(
        title=text("plugins.settings_title", name=escape_around_code(name)),
        description=_short("\n".join(lines), MAX_TEXT),
    )


def shown(spec: CommandSpec) -> str:
    """Return a command as people read it."""
    return f"`/{spec.name}`" if spec.target is Target.SLASH else f"“{spec.name}”"


def _short(value: str, limit: int) -> str:
    return value if len(value) <= limit else f"{value[: limit - 1]}…"
