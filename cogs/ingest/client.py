"""Discord's messages to arrivals. Listens and parses, never posts."""

from typing import Any

import discord

from bot.domain.arrival import Arrival, Change

MEMBER_TYPES = (discord.MessageType.default, discord.MessageType.reply)
_MAX_EMBEDS = 10


class DiscordIngestClient:
    """Turns what discord.py gives into `Arrival`s."""

    def __init__(self, own_id: int) -> None:
        self._own_id = own_id

    def wants(self, message: discord.Message) -> bool:
        """Whether a person wrote it: no bot, no webhook, no system notice."""
        return not (message.author.bot or message.webhook_id is not None) and message.type in MEMBER_TYPES

    def arrival(
        self,
        message: discord.Message,
        *,
        change: Change = Change.CREATE,
        backfilled: bool = False,
        muted: bool = False,
    ) -> Arrival:
        """Return the arrival of a message that `wants` let through."""
        channel = message.channel
        guild = message.guild
        parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
        reference = message.reference
        reply_to_id = reference.message_id if reference is not None and message.type.value else None
        return Arrival(
            change,
            guild.id if guild is not None else None,
            parent_id or channel.id,
            channel.id if parent_id is not None else None,
            message.id,
            reply_to_id,
            message.author.id,
            message.author.display_name,
            message.content,
            _attachments(message) if message.attachments else None,
            _embeds(message) if message.embeds else None,
            self._mentions(message) if _mentions_any(message) else None,
            message.edited_at,
            backfilled,
            muted,
            reply_to_id is not None and self._answers_us(message),
        )

    def _answers_us(self, message: discord.Message) -> bool:
        assert message.reference is not None  # the caller looked
        resolved = message.reference.resolved
        return isinstance(resolved, discord.Message) and resolved.author.id == self._own_id

    def _mentions(self, message: discord.Message) -> list[str]:
        users = ["bot" if user.id == self._own_id else f"user:{user.id}" for user in message.mentions]
        roles = [f"role:{role_id}" for role_id in message.raw_role_mentions]
        return users + roles + (["everyone"] if message.mention_everyone else [])


def _mentions_any(message: discord.Message) -> bool:
    return bool(message.mentions or message.mention_everyone or "<@&" in message.content)


def _attachments(message: discord.Message) -> list[dict[str, Any]]:
    # No address: Discord's are signed and expire, and the file is none of ours to keep.
    return [
        {
            "id": str(each.id),
            "filename": each.filename[:200],
            "size": each.size,
            "content_type": each.content_type,
        }
        for each in message.attachments
    ]


def _embeds(message: discord.Message) -> list[dict[str, Any]]:
    found = []
    for embed in message.embeds[:_MAX_EMBEDS]:
        fields = {"title": embed.title, "description": embed.description, "url": embed.url}
        found.append({name: value[:1_000] for name, value in fields.items() if value})
    return found
