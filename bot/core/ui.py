"""Views for support staff alone, and buttons that last; failures are told as those of commands are."""

from typing import Any
from weakref import WeakSet

import discord

from bot.core.checks import require_support
from bot.core.errors import tell
from bot.domain.errors import UserFacingError

_living: WeakSet["StaffView"] = WeakSet()


def stop_views() -> None:
    """End every view: discord.py lets them wait for their timeout beyond the bot's end."""
    for view in list(_living):
        view.stop()


class StaffView(discord.ui.View):
    """Buttons of which each press is checked anew: a role may have been taken meanwhile."""

    def __init__(self, *, timeout: float) -> None:
        """Prepare a view that forgets everything `timeout` seconds after the last press."""
        super().__init__(timeout=timeout)
        _living.add(self)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Return whether the member may press; tell them if not."""
        return await _may(interaction)

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Tell the member."""
        await tell(interaction, error)


class TellingModal(discord.ui.Modal):
    """A form whose failures are told as those of commands are."""

    async def on_error(  # type: ignore[override]  # discord.py's own form differs from its view so, too
        self, interaction: discord.Interaction[Any], error: Exception, /
    ) -> None:
        """Tell the member."""
        await tell(interaction, error)


class KeptButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"(?!)"):
    """A button that works after a restart: its id carries what it is about, as its template reads it."""

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do it, or tell why not."""
        try:
            await self.act(interaction)
        except Exception as error:  # noqa: BLE001  (discord.py would only log it)
            await tell(interaction, error)

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says."""
        raise NotImplementedError


async def _may(interaction: discord.Interaction[Any]) -> bool:
    try:
        require_support(interaction)
    except UserFacingError as error:
        await tell(interaction, error)
        return False
    return True
