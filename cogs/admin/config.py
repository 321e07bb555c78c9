"""`/config`: how the bot answers in this server."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only, require_manage_server
from bot.domain.languages import describe_languages, suggest_languages
from bot.models import AutoReply
from bot.services.configuration.parsing import MOST, suggest
from bot.services.configuration.service import Configuration
from bot.services.configuration.settings import Kind, Setting
from bot.services.guilds import GuildService
from bot.services.zones import suggest_zones
from bot.texts import text
from cogs.admin.history import history_page
from cogs.admin.rights import WRITE, is_public, what_is_missing
from cogs.admin.settings_embeds import all_embed, describe, names_of, topic_embed, topic_name


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Config(commands.GroupCog, group_name="config"):
    """How the bot answers here."""

    def __init__(self, guilds: GuildService, configuration: Configuration) -> None:
        self._guilds = guilds
        self._configuration = configuration

    @app_commands.command()
    @app_commands.describe(topic="Only these, with their keys and what they do")
    @managers_only()
    async def show(self, interaction: discord.Interaction, topic: str | None = None) -> None:
        """Show every setting of this server."""
        guild = _guild(interaction)
        await interaction.response.defer(ephemeral=True)
        settings = self._configuration.of(topic) if topic else ()
        values = await self._configuration.values(guild.id)
        if settings:
            embed = topic_embed(settings[0].topic, settings, values, guild)
        else:
            embed = all_embed(self._configuration, values, guild)
        await interaction.followup.send(embed=embed)

    @app_commands.command(name="set")
    @app_commands.describe(key="Which setting", value="Its value; none for no value")
    @managers_only()
    async def set_value(
        self, interaction: discord.Interaction, key: str, value: app_commands.Range[str, 1, 2_000]
    ) -> None:
        """Change any setting of this server."""
        guild = _guild(interaction)
        setting = _allowed(interaction, self._configuration.get(key))
        await interaction.response.defer(ephemeral=True)
        await self._configuration.set(guild.id, setting.key, value, names_of(guild, _member(interaction)))
        now = (await self._configuration.values(guild.id)).get(setting.key)
        told = text("config.set", name=setting.name, value=describe(setting, now, guild))
        await _follow_up(interaction, told + _hints(setting, now, guild))

    @app_commands.command()
    @app_commands.describe(key="Which setting")
    @managers_only()
    async def reset(self, interaction: discord.Interaction, key: str) -> None:
        """Give a setting its default again."""
        guild = _guild(interaction)
        setting = _allowed(interaction, self._configuration.get(key))
        await interaction.response.defer(ephemeral=True)
        await self._configuration.reset(guild.id, setting.key)
        now = (await self._configuration.values(guild.id)).get(setting.key)
        await _follow_up(
            interaction, text("config.reset", name=setting.name, value=describe(setting, now, guild))
        )

    @app_commands.command()
    @app_commands.describe(key="Only of this setting")
    @managers_only()
    async def history(self, interaction: discord.Interaction, key: str | None = None) -> None:
        """Show who changed what, and when."""
        await interaction.response.defer(ephemeral=True)
        embed, view = await history_page(interaction, (key or "").strip().casefold(), None)
        await interaction.followup.send(embed=embed, view=view)

    @show.autocomplete("topic")
    async def _topics(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = [(topic_name(each), each) for each in self._configuration.topics()]
        return _choices(pair for pair in found if current.casefold() in " ".join(pair).casefold())

    @set_value.autocomplete("key")
    @reset.autocomplete("key")
    async def _keys(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return _choices(self._known(current))

    @history.autocomplete("key")
    async def _noted(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        keys = await self._configuration.changed_of_plugins(_guild_id(interaction))
        of_plugins = [(each, each) for each in keys if current.casefold() in each]
        return _choices([*of_plugins, *self._known(current)])

    def _known(self, current: str) -> list[tuple[str, str]]:
        """Return what names each setting to people, and its key, of those that fit what is typed."""
        found = [
            (f"{topic_name(each.topic)}: {each.name} ({each.key})", each.key)
            for each in self._configuration.all()
        ]
        return [pair for pair in found if current.casefold() in pair[0].casefold()]

    @set_value.autocomplete("value")
    async def _values(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        setting = self._configuration.find(str(interaction.namespace.key or "").strip().casefold())
        if setting is None or setting.write is None:
            return []
        return _choices(suggest(setting, current, names_of(_guild(interaction), _member(interaction))))

    @app_commands.command()
    @app_commands.describe(
        mode="on: I answer; suggest: staff post, edit or dismiss what I would answer; off: I only watch"
    )
    @managers_only()
    async def autoreply(self, interaction: discord.Interaction, mode: AutoReply) -> None:
        """Switch my answers on or off."""
        await self._guilds.set_auto_reply(_guild_id(interaction), mode)
        await _say(interaction, text("config.said_mode", mode=mode.value))

    @app_commands.command()
    @app_commands.describe(channel="Where staff read; empty switches escalations off")
    @managers_only()
    async def staff(
        self, interaction: discord.Interaction, channel: discord.TextChannel | None = None
    ) -> None:
        """Set where I point staff to urgent, toxic, repeated or unanswered messages."""
        await self._guilds.set_staff_channel(_guild_id(interaction), channel.id if channel else None)
        if channel is None:
            await _say(interaction, text("config.said_staff_none"))
            return
        warning = " " + text("channels.public") if is_public(channel) else ""
        lacking = what_is_missing(channel, WRITE)
        await _say(interaction, text("config.said_staff", channel=channel.mention) + warning + lacking)

    @app_commands.command()
    @app_commands.describe(zone="For example Europe/Berlin")
    @managers_only()
    async def timezone(self, interaction: discord.Interaction, zone: str) -> None:
        """Set this server's time zone."""
        await self._guilds.set_timezone(_guild_id(interaction), zone)
        await _say(interaction, text("config.said_timezone", zone=zone))

    @timezone.autocomplete("zone")
    async def _zones(self, _interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=zone, value=zone) for zone in suggest_zones(current)]

    @app_commands.command()
    @app_commands.describe(hours="For example 22:00-07:00; empty for none")
    @managers_only()
    async def quiet(self, interaction: discord.Interaction, hours: str | None = None) -> None:
        """Set the hours in which I don't answer."""
        await self._guilds.set_quiet_hours(_guild_id(interaction), hours)
        await _say(
            interaction, text("config.said_quiet", hours=hours) if hours else text("config.said_quiet_none")
        )

    @app_commands.command()
    @app_commands.describe(value="0 (answer on a hunch) to 1 (almost never); empty for the default")
    @managers_only()
    async def confidence(self, interaction: discord.Interaction, value: float | None = None) -> None:
        """Set how sure I must be to answer."""
        await self._guilds.set_min_confidence(_guild_id(interaction), value)
        now = self._guilds.policy(_guild_id(interaction)).min_confidence
        await _say(interaction, text("config.said_confidence", value=f"{now:.2f}"))

    @app_commands.command()
    @app_commands.describe(languages="For example German, fr; or all; empty for English alone")
    @managers_only()
    async def languages(
        self, interaction: discord.Interaction, languages: app_commands.Range[str, 1, 300] | None = None
    ) -> None:
        """Set in which languages beside English I answer, with my English words."""
        await self._guilds.set_languages(_guild_id(interaction), languages)
        now = describe_languages(self._guilds.policy(_guild_id(interaction)).languages)
        await _say(interaction, text("config.said_languages", languages=now))

    @languages.autocomplete("languages")
    async def _languages(
        self, _interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=value) for name, value in suggest_languages(current)]

    @app_commands.command()
    @app_commands.describe(role="Whose messages", ignored="True: don't answer them; False: answer them again")
    @managers_only()
    async def role(self, interaction: discord.Interaction, role: discord.Role, ignored: bool) -> None:
        """Stop answering members with a role, such as your staff."""
        await self._guilds.set_role_ignored(_guild_id(interaction), role.id, ignored)
        told = (
            text("config.said_role_off", role=role.mention)
            if ignored
            else text("config.said_role_on", role=role.mention)
        )
        await _say(interaction, told)


def _allowed(interaction: discord.Interaction, setting: Setting) -> Setting:
    """Return the setting if the caller may change it."""
    if setting.discord_only:
        require_manage_server(interaction)
    return setting


def _hints(setting: Setting, value: Any, guild: discord.Guild) -> str:
    """Return what else is needed for a setting to do what it says, "" for nothing."""
    if value is None:
        return ""
    if setting.key == "server.admin_role":
        return " " + text("config.admin_hidden")
    if setting.key == "server.staff_role":
        return " " + text("config.staff_hidden")
    channel = guild.get_channel(int(value)) if setting.kind is Kind.CHANNEL else None
    if channel is None:
        return ""
    open_to_all = isinstance(channel, discord.TextChannel) and is_public(channel)
    warning = " " + text("channels.public") if open_to_all and setting.topic == "server" else ""
    return warning + what_is_missing(channel, WRITE)


def _choices(pairs: Iterable[tuple[str, str]]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name[:100], value=value) for name, value in islice(pairs, MOST)]


def _guild(interaction: discord.Interaction) -> discord.Guild:
    assert interaction.guild is not None  # guild only
    return interaction.guild


def _member(interaction: discord.Interaction) -> discord.Member:
    assert isinstance(interaction.user, discord.Member)  # guild only
    return interaction.user


async def _follow_up(interaction: discord.Interaction, said: str) -> None:
    await interaction.followup.send(said, ephemeral=True, allowed_mentions=discord.AllowedMentions.none())


def _guild_id(interaction: discord.Interaction) -> int:
    assert interaction.guild_id is not None  # guild only
    return interaction.guild_id


async def _say(interaction: discord.Interaction, said: str) -> None:
    await interaction.response.send_message(
        said, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
    )
