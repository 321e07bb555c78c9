"""What alerts need of Discord: the staff's message with its button, and calls to the helper role."""

from collections.abc import AsyncIterator
from datetime import datetime

import discord

from bot.models import Nudge
from bot.services.incidents.rendering import Alert
from bot.services.summaries.rendering import link
from bot.services.tools import TargetGoneError, UnreachableError
from bot.texts import text
from bot.tools.errors import translated
from bot.tools.owner import SILENT
from bot.tools.summaries import DiscordSummaryDesk
from bot.tools.tickets import SLACK

OPEN_COLOUR, RESOLVED_COLOUR = 0xE67E22, 0x3BA55D
ALERT_NEEDS = ("view_channel", "send_messages", "embed_links", "read_message_history")
CALL_NEEDS = ("view_channel", "send_messages", "read_message_history")
SEARCHED = 500  # messages, when looking for an interrupted post
BUTTON_ID = "incident:resolve:{incident_id}"
BUTTON_PATTERN = r"incident:resolve:(?P<incident_id>[0-9]{1,18})"


class DiscordAlertDesk:
    """The `AlertDesk` and `NudgeDesk` of the services; acts as the bot of the summaries' desk."""

    def __init__(self, desk: DiscordSummaryDesk) -> None:
        self._desk = desk

    async def post(self, channel_id: int, alert: Alert, nonce: str) -> int:
        """Post an alert; return the message's id."""
        channel = self._channel(channel_id)
        with translated(channel, ALERT_NEEDS):
            message = await channel.send(
                embed=alert_embed(alert), view=alert_view(alert), nonce=nonce, allowed_mentions=SILENT
            )
        return message.id

    async def find(self, channel_id: int, incident_id: int, since: datetime) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        wanted = BUTTON_ID.format(incident_id=incident_id)
        async for message in self._own(channel_id, since):
            if any(wanted == each for each in _buttons(message)):
                return message.id
        return None

    async def edit(self, channel_id: int, message_id: int, alert: Alert) -> None:
        """Have a message say what `alert` does."""
        channel = self._channel(channel_id)
        with translated(channel, ALERT_NEEDS):
            message = channel.get_partial_message(message_id)
            await message.edit(embed=alert_embed(alert), view=alert_view(alert), allowed_mentions=SILENT)

    async def call(self, nudge: Nudge, role_id: int, nonce: str) -> int:
        """Call a role, and nobody else, to the nudge's questions; return the message's id."""
        channel = self._channel(nudge.place_id)
        if channel.guild.get_role(role_id) is None:
            raise TargetGoneError(text("tools.helper_role_gone"))
        only = discord.AllowedMentions(
            everyone=False, users=False, roles=[discord.Object(role_id)], replied_user=False
        )
        with translated(channel, CALL_NEEDS):
            message = await channel.send(
                f"<@&{role_id}> {_call_text(nudge)}",
                nonce=nonce,
                allowed_mentions=only,
                suppress_embeds=True,
                reference=channel.get_partial_message(int(nudge.message_ids[0])),
            )
        return message.id

    async def find_call(self, nudge: Nudge) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        wanted = _call_text(nudge)
        async for message in self._own(nudge.place_id, nudge.created_at):
            if message.content.endswith(wanted):
                return message.id
        return None

    async def _own(self, channel_id: int, since: datetime) -> AsyncIterator[discord.Message]:
        channel = self._channel(channel_id)
        own_id = self._living.user.id if self._living.user else 0
        with translated(channel, ALERT_NEEDS):
            async for message in channel.history(limit=SEARCHED, after=since - SLACK, oldest_first=True):
                if message.author.id == own_id:
                    yield message

    @property
    def _living(self) -> discord.Client:
        if self._desk.bot is None:
            raise UnreachableError("not connected yet")
        return self._desk.bot

    def _channel(self, channel_id: int) -> discord.TextChannel | discord.Thread | discord.VoiceChannel:
        channel = self._living.get_channel(channel_id)
        if channel is None and any(guild.unavailable for guild in self._living.guilds):
            raise UnreachableError("a server is out of reach")
        if not isinstance(channel, discord.TextChannel | discord.Thread | discord.VoiceChannel):
            raise TargetGoneError(text("tools.channel_gone"))
        return channel


def alert_embed(alert: Alert) -> discord.Embed:
    """Build the embed of an alert."""
    colour = OPEN_COLOUR if alert.is_open else RESOLVED_COLOUR
    embed = discord.Embed(title=alert.title, description=alert.text[:4_096], colour=colour)
    embed.set_footer(text=text("incidents.alert_footer", incident=alert.incident_id))
    return embed


def alert_view(alert: Alert) -> discord.ui.View:
    """Build the button below it; whoever presses it is heard by the cog's dynamic item."""
    view = discord.ui.View(timeout=None)
    if alert.is_open:
        custom_id = BUTTON_ID.format(incident_id=alert.incident_id)
        view.add_item(
            discord.ui.Button(
                label=text("incidents.button_resolved"),
                style=discord.ButtonStyle.success,
                custom_id=custom_id,
            )
        )
    view.stop()
    return view


def _call_text(nudge: Nudge) -> str:
    links = [link(nudge.guild_id, nudge.place_id, int(each)) for each in nudge.message_ids]
    if len(links) == 1:
        return f"Nobody has answered this yet: {links[0]}"
    return "Nobody has answered these yet:\n" + "\n".join(f"- {each}" for each in links)


def _buttons(message: discord.Message) -> list[str]:
    return [
        each.custom_id
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for each in row.children
        if each.custom_id is not None
    ]
