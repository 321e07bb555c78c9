"""What privacy needs of Discord: removing what quotes somebody, and warning who posted a secret."""

from collections.abc import Sequence

import discord

from bot.domain.signal import Signal
from bot.models import Action
from bot.services.privacy.leaks import WARN_LEAK
from bot.services.tools import Sent, TargetGoneError, UnreachableError
from bot.tools.errors import translated
from bot.tools.owner import SILENT, direct_messages
from bot.tools.tickets import DiscordTicketDesk

SEARCHED = 50  # messages of a conversation, when looking for an interrupted warning


class DiscordPrivacyDesk:
    """The `PrivacyDesk` of services/privacy, and the tool that warns."""

    kind = WARN_LEAK

    def __init__(self, desk: DiscordTicketDesk) -> None:
        self._desk = desk

    async def remove(self, guild_id: int, channel_ids: Sequence[int], message_id: int) -> None:
        """Delete a message of the bot from whichever of these channels has it."""
        guild = self._desk.client.get_guild(guild_id)
        if guild is None or guild.unavailable:
            raise UnreachableError("the server is out of reach")
        for channel_id in channel_ids:
            channel = guild.get_channel(channel_id)
            if not isinstance(channel, discord.TextChannel):
                continue
            try:
                with translated(channel, ("view_channel", "read_message_history")):
                    await channel.get_partial_message(message_id).delete()
            except TargetGoneError:
                continue
            return

    async def send(self, action: Action, signal: Signal) -> Sent:
        """Tell who wrote a message, in private."""
        with translated():
            place = await direct_messages(self._desk.client, signal.message.author_id)
            message = await place.send(action.content, nonce=action.nonce, allowed_mentions=SILENT)
        return Sent(message.id)

    async def find(self, action: Action, signal: Signal) -> int | None:
        """Return what an interrupted warning had posted, None when it hadn't."""
        user = self._desk.client.user
        with translated():
            place = await direct_messages(self._desk.client, signal.message.author_id)
            async for message in place.history(limit=SEARCHED):
                if user is not None and message.author.id == user.id and message.content == action.content:
                    return message.id
        return None
