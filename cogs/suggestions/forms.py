"""The forms behind a card: other words for the reply, and why it is dismissed."""

import re
from typing import Any, Self

import discord

from bot.core.checks import require_support
from bot.core.forms import KeptForm, Written
from bot.core.places import person
from bot.domain.errors import UserFacingError
from bot.services.suggestions import LIMIT, LONGEST_REASON, Card
from bot.texts import text

_FIELD = "words"


async def readable_card(interaction: discord.Interaction[Any], message_id: int) -> Card:
    """Return what was suggested for a message, to support staff who may read the message.

    Raises:
        UserFacingError: the caller is no support staff or may not read it, or nothing is known of it.
    """
    require_support(interaction)
    assert isinstance(interaction.user, discord.Member)  # staff of a server
    services = interaction.client.services
    card: Card = await services.suggestions.of(interaction.user.guild.id, message_id)
    if not services.audience.may_carry(card.signal.message.place_id, person(interaction.user)):
        raise UserFacingError(text("suggest.unreadable"))
    return card


class EditForm(KeptForm, template=r"suggest-edit:(?P<message_id>[0-9]{15,20})"):
    """Takes the reply in staff's words, and posts that."""

    def __init__(self, message_id: int, words: str = "") -> None:
        super().__init__(f"suggest-edit:{message_id}", text("suggest.edit_title"))
        self._message_id = message_id
        field = discord.ui.TextInput[Any](
            style=discord.TextStyle.paragraph, max_length=LIMIT, default=words or None, custom_id=_FIELD
        )
        self.add_item(discord.ui.Label(text=text("suggest.edit_label"), component=field))

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent."""
        return cls(int(match["message_id"]))

    async def receive(self, interaction: discord.Interaction[Any], written: Written) -> None:
        """Post it."""
        await readable_card(interaction, self._message_id)
        assert interaction.guild_id is not None  # support staff are staff of a server
        await interaction.response.defer(ephemeral=True)
        service = interaction.client.services.suggestions
        await service.post(interaction.guild_id, self._message_id, interaction.user.id, written[_FIELD])
        await interaction.followup.send(text("suggest.done_post"), ephemeral=True)


class DismissForm(KeptForm, template=r"suggest-dismiss:(?P<message_id>[0-9]{15,20})"):
    """Takes a reason, if there is one, and dismisses the reply."""

    def __init__(self, message_id: int) -> None:
        super().__init__(f"suggest-dismiss:{message_id}", text("suggest.dismiss_title"))
        self._message_id = message_id
        field = discord.ui.TextInput[Any](required=False, max_length=LONGEST_REASON, custom_id=_FIELD)
        self.add_item(discord.ui.Label(text=text("suggest.dismiss_label"), component=field))

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent."""
        return cls(int(match["message_id"]))

    async def receive(self, interaction: discord.Interaction[Any], written: Written) -> None:
        """Dismiss it."""
        await readable_card(interaction, self._message_id)
        assert interaction.guild_id is not None  # support staff are staff of a server
        await interaction.response.defer(ephemeral=True)
        service = interaction.client.services.suggestions
        reason = written.get(_FIELD, "")
        await service.dismiss(interaction.guild_id, self._message_id, interaction.user.id, reason)
        await interaction.followup.send(text("suggest.done_dismiss"), ephemeral=True)
