"""Who reads a summary: the one who asks or presses, by their roles in its server."""

from typing import Any

import discord

from bot.core.places import person
from bot.domain.audience import Person
from bot.domain.errors import NotFoundError
from bot.texts import text


def reader_of(interaction: discord.Interaction[Any]) -> Person:
    """Return the caller; of a private thread they ask in they are a member."""
    assert isinstance(interaction.user, discord.Member)  # guild only
    inside = interaction.channel
    is_thread = isinstance(inside, discord.Thread) and inside.is_private()
    return person(interaction.user, frozenset({inside.id} if is_thread and inside is not None else ()))


async def check_reads(interaction: discord.Interaction[Any], summary_id: int) -> int:
    """Check that the caller may read a summary, in its server or in direct messages; return the server's id.

    Raises:
        NotFoundError: there is none with this id, or not for them.
    """
    store = interaction.client.services.summaries.store
    if interaction.guild_id is not None:
        guild_id: int = interaction.guild_id
        reader = reader_of(interaction)
    else:
        guild_id = await store.guild_of(summary_id)
        reader = await _member(interaction, guild_id)
    await store.readable(guild_id, reader, summary_id)
    return guild_id


async def _member(interaction: discord.Interaction[Any], guild_id: int) -> Person:
    guild = interaction.client.get_guild(guild_id)
    if guild is None or guild.unavailable:
        raise NotFoundError(text("summaries.gone"))
    try:
        return person(await guild.fetch_member(interaction.user.id))
    except discord.NotFound:  # has left, or was never there
        raise NotFoundError(text("summaries.gone")) from None
