"""`/config`: how the bot answers in this server."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.domain.languages import describe_languages, suggest_languages
from bot.models import AutoReply
from bot.services.guilds import GuildService
from bot.services.zones import suggest_zones
from cogs.admin.embeds import config_embed
from cogs.admin.rights import WRITE, is_public, what_is_missing


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Config(commands.GroupCog, group_name="config"):
    """How the bot answers here."""

    def __init__(self, guilds: GuildService) -> None:
        self._guilds = guilds

    @app_commands.command()
    @managers_only()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show every setting of this server."""
        guild_id = _guild_id(interaction)
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send(embed=config_embed(self._guilds.policy(guild_id)))

    @app_commands.command()
    @app_commands.describe(mode="on: I answer help requests and problem reports; off: I only watch")
    @managers_only()
    async def autoreply(self, interaction: discord.Interaction, mode: AutoReply) -> None:
        """Switch my answers on or off."""
        await self._guilds.set_auto_reply(_guild_id(interaction), mode)
        await _say(interaction, f"Auto-replies are **{mode.value}**.")

    @app_commands.command()
    @app_commands.describe(channel="Where staff read; empty switches escalations off")
    @managers_only()
    async def staff(
        self, interaction: discord.Interaction, channel: discord.TextChannel | None = None
    ) -> None:
        """Set where I point staff to urgent, toxic, repeated or unanswered messages."""
        await self._guilds.set_staff_channel(_guild_id(interaction), channel.id if channel else None)
        if channel is None:
            await _say(interaction, "Escalations are off.")
            return
        warning = " Everyone can read them there." if is_public(channel) else ""
        lacking = what_is_missing(channel, WRITE)
        await _say(interaction, f"Escalations go to {channel.mention}.{warning}{lacking}")

    @app_commands.command()
    @app_commands.describe(zone="For example Europe/Berlin")
    @managers_only()
    async def timezone(self, interaction: discord.Interaction, zone: str) -> None:
        """Set this server's time zone."""
        await self._guilds.set_timezone(_guild_id(interaction), zone)
        await _say(interaction, f"The time zone is **{zone}**.")

    @timezone.autocomplete("zone")
    async def _zones(self, _interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=zone, value=zone) for zone in suggest_zones(current)]

    @app_commands.command()
    @app_commands.describe(hours="For example 22:00-07:00; empty for none")
    @managers_only()
    async def quiet(self, interaction: discord.Interaction, hours: str | None = None) -> None:
        """Set the hours in which I don't answer."""
        await self._guilds.set_quiet_hours(_guild_id(interaction), hours)
        await _say(interaction, f"Quiet hours: **{hours}**." if hours else "There are no quiet hours.")

    @app_commands.command()
    @app_commands.describe(value="0 (answer on a hunch) to 1 (almost never); empty for the default")
    @managers_only()
    async def confidence(self, interaction: discord.Interaction, value: float | None = None) -> None:
        """Set how sure I must be to answer."""
        await self._guilds.set_min_confidence(_guild_id(interaction), value)
        now = self._guilds.policy(_guild_id(interaction)).min_confidence
        await _say(interaction, f"I answer from a confidence of **{now:.2f}**.")

    @app_commands.command()
    @app_commands.describe(languages="For example German, fr; or all; empty for English alone")
    @managers_only()
    async def languages(
        self, interaction: discord.Interaction, languages: app_commands.Range[str, 1, 300] | None = None
    ) -> None:
        """Set in which languages beside English I answer, with my English words."""
        await self._guilds.set_languages(_guild_id(interaction), languages)
        now = describe_languages(self._guilds.policy(_guild_id(interaction)).languages)
        await _say(interaction, f"I answer messages in **{now}**.")

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
        done = "I no longer answer" if ignored else "I answer"
        await _say(interaction, f"{done} members with {role.mention}.")


def _guild_id(interaction: discord.Interaction) -> int:
    assert interaction.guild_id is not None  # guild only
    return interaction.guild_id


async def _say(interaction: discord.Interaction, text: str) -> None:
    await interaction.response.send_message(
        text, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
    )
