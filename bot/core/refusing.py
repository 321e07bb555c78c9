"""Hard maintenance: what people use is refused, but to whoever runs the bot; a few things go on for all."""

from typing import Any, Final

import discord

from bot.core.checks import is_bot_owner
from bot.domain.errors import UserFacingError
from bot.domain.maintenance import Mode

# What goes on: how the bot is, what there is, and one's rights, with the buttons of their answers.
ALWAYS: Final = frozenset(("status", "help", "privacy"))
PAGES: Final = "pages:"  # how the ids of buttons begin that only turn pages
_ALWAYS_PARTS: Final = ("privacy:", PAGES)
_PARTS: Final = (discord.InteractionType.component, discord.InteractionType.modal_submit)


def is_part(payload: dict[str, Any]) -> bool:
    """Whether Discord tells of a button, a select or a form."""
    return payload["type"] in [each.value for each in _PARTS]


async def require_open(interaction: discord.Interaction[Any]) -> None:
    """Check that a command, button, select or form may be used now.

    Raises:
        UserFacingError: it may not.
        discord.HTTPException: Discord doesn't tell who runs the bot.
    """
    maintenance = interaction.client.services.maintenance
    if maintenance.now.mode is not Mode.HARD:
        return
    used: Any = interaction.data or {}
    if interaction.type in _PARTS:
        goes_on = str(used.get("custom_id", "")).startswith(_ALWAYS_PARTS)
    else:
        goes_on = str(used.get("name", "")) in ALWAYS
    if not goes_on and not await is_bot_owner(interaction):
        raise UserFacingError(maintenance.words())
