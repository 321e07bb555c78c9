"""How a plugin's handler answers an interaction."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import discord

from bot.core.checks import level_of
from bot.core.forms import Written
from bot.plugin_api.calls import Call, Content, Option
from bot.plugin_api.errors import DiscordError
from bot.plugin_api.parts import Form, SeenMessage
from bot.services.tools import ToolError
from bot.tools.errors import translated
from bot.tools.plugins import SILENT, files_of, parts_of
from cogs.plugins.forms import PluginForm

Clean = Callable[[Content], Content]


class DiscordAnswering:
    """The `Answering` of one interaction."""

    def __init__(self, interaction: discord.Interaction[Any], plugin: str, clean: Clean) -> None:
        self._interaction = interaction
        self._plugin = plugin
        self._clean = clean

    async def defer(self, *, private: bool) -> None:
        """Have Discord say that the answer comes."""
        if not self._interaction.response.is_done():
            with _told():
                await self._interaction.response.defer(ephemeral=private, thinking=True)

    async def reply(self, content: Content, *, private: bool) -> int | None:
        """Answer; return the message's id."""
        cleaned = self._clean(content)
        shown: dict[str, Any] = parts_of(cleaned)
        if cleaned.files:
            shown["files"] = files_of(cleaned.files)
        with _told():
            if self._interaction.response.is_done():
                message = await self._interaction.followup.send(
                    **shown, ephemeral=private, allowed_mentions=SILENT, wait=True
                )
                return message.id
            done = await self._interaction.response.send_message(
                **shown, ephemeral=private, allowed_mentions=SILENT
            )
        return done.message_id

    async def update(self, content: Content) -> None:
        """Change the message that the pressed button stands under."""
        cleaned = self._clean(content)
        shown = {"content": "", "embed": None, "view": None} | parts_of(cleaned)
        shown["attachments"] = files_of(cleaned.files)
        with _told():
            if self._interaction.response.is_done():
                if self._interaction.message is None:
                    raise DiscordError("there is no message to change")
                await self._interaction.message.edit(**shown, allowed_mentions=SILENT)
            else:
                await self._interaction.response.edit_message(**shown, allowed_mentions=SILENT)

    async def revise(self, content: Content) -> None:
        """Change the first answer."""
        if not self._interaction.response.is_done():
            raise DiscordError("there is no answer yet to change")
        cleaned = self._clean(content)
        shown = {"content": "", "embed": None, "view": None} | parts_of(cleaned)
        with _told():
            await self._interaction.edit_original_response(
                **shown, attachments=files_of(cleaned.files), allowed_mentions=SILENT
            )

    async def show(self, form: Form) -> None:
        """Show a form."""
        with _told():
            await self._interaction.response.send_modal(PluginForm(self._plugin, form))


def call_of(  # noqa: PLR0913  (a call may have any of these)
    interaction: discord.Interaction[Any],
    plugin: str,
    clean: Clean,
    *,
    options: Mapping[str, Option] | None = None,
    value: str = "",
    written: Written | None = None,
    message: SeenMessage | None = None,
    member_id: int | None = None,
) -> Call:
    """Return what a plugin's handler gets; the interaction is one of a server."""
    assert interaction.guild_id is not None
    return Call(
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        is_age_restricted=_is_age_restricted(interaction.channel),
        user_id=interaction.user.id,
        user_name=interaction.user.display_name,
        level=level_of(interaction),
        answering=DiscordAnswering(interaction, plugin, clean),
        options=options or {},
        value=value,
        written=written or {},
        message=message,
        member_id=member_id,
    )


def _is_age_restricted(channel: object) -> bool:
    asked = getattr(channel, "is_nsfw", None)  # not every kind of channel has it; threads ask their parent
    return bool(asked is not None and asked())


@contextmanager
def _told() -> Iterator[None]:
    """Turn what discord.py raises into a `DiscordError`."""
    try:
        with translated():
            yield
    except discord.InteractionResponded as error:
        raise DiscordError("it has been answered already: a form can only be the first answer") from error
    except ToolError as error:
        raise DiscordError(str(error)) from error
