"""Views and forms in answers, and buttons that last; failures are told as those of commands are."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4
from weakref import WeakSet

import discord

from bot.core.checks import require_asker, require_support
from bot.core.errors import tell
from bot.core.refusing import PAGES
from bot.domain.errors import UserFacingError
from bot.texts import text

_living: WeakSet[discord.ui.View] = WeakSet()
PAGES_SECONDS = 900.0  # as long as Discord lets the answer be edited


def stop_views() -> None:
    """End every view: discord.py lets them wait for their timeout beyond the bot's end."""
    for view in list(_living):
        view.stop()


class AnswerView(discord.ui.View):
    """Parts of an answer that one person sees. Who presses is checked each time, whatever Discord shows."""

    def __init__(self, *, timeout: float) -> None:
        """Prepare a view that forgets everything `timeout` seconds after the last press."""
        super().__init__(timeout=timeout)
        _living.add(self)

    def require(self, interaction: discord.Interaction[Any]) -> None:
        """Check what beside having asked it takes; nothing, unless a kind of view says so.

        Raises:
            UserFacingError: the member may not.
        """

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Return whether the member may press; tell them if not."""
        try:
            require_asker(interaction)
            self.require(interaction)
        except UserFacingError as error:
            await tell(interaction, error)
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Tell the member."""
        await tell(interaction, error)


class StaffView(AnswerView):
    """Buttons for support staff: a role may have been taken since they were shown."""

    def require(self, interaction: discord.Interaction[Any]) -> None:
        """Check that the member works on tickets and training still."""
        require_support(interaction)


Shown = tuple[discord.Embed, bool]  # a page, and whether there is another after it
Turn = Callable[[discord.Interaction[Any], int], Awaitable[Shown]]


class Pages(AnswerView):
    """Back and forth in an answer that only its reader sees; `turn` checks anew what they may see."""

    def __init__(self, turn: Turn) -> None:
        """Make the buttons; `turn` returns the page of a number, which count from 1."""
        super().__init__(timeout=PAGES_SECONDS)
        self._turn = turn
        self.back.label, self.forth.label = text("ui.back"), text("ui.next")
        name = f"{PAGES}{uuid4().hex}"
        self.back.custom_id, self.forth.custom_id = f"{name}:back", f"{name}:forth"
        self._number = 1

    async def begin(self, interaction: discord.Interaction[Any]) -> None:
        """Answer a deferred interaction with the first page; with no buttons where there is no other."""
        embed, has_more = await self._turn(interaction, 1)
        self._show(1, has_more=has_more)
        if has_more:
            await interaction.followup.send(embed=embed, view=self, ephemeral=True)
        else:
            self.stop()
            await interaction.followup.send(embed=embed, ephemeral=True)

    def _show(self, number: int, *, has_more: bool) -> None:
        self._number = number
        self.back.disabled = number <= 1
        self.forth.disabled = not has_more

    @discord.ui.button()
    async def back(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Show the page before."""
        await self._go(interaction, self._number - 1)

    @discord.ui.button()
    async def forth(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Show the page after."""
        await self._go(interaction, self._number + 1)

    async def _go(self, interaction: discord.Interaction[Any], number: int) -> None:
        embed, has_more = await self._turn(interaction, max(1, number))
        self._show(max(1, number), has_more=has_more)
        await interaction.response.edit_message(embed=embed, view=self)


class TellingModal(discord.ui.Modal):
    """A form whose failures are told as those of commands are; only who asked for it sends it."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Return true.

        Raises:
            UserFacingError: it was shown to somebody else.
        """
        require_asker(interaction)
        return True

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
