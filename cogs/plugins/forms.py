"""Forms and buttons of plugins; their ids carry whose they are, so they work after a restart."""

import re
from typing import Any, Self

import discord

from bot.core.checks import require_guild, require_level
from bot.core.forms import KeptForm, Written
from bot.core.ui import KeptButton
from bot.plugin_api.parts import Form, FormField
from bot.services.plugins.posting import check_form
from bot.services.plugins.service import PluginService
from bot.texts import text

_WHOSE = r"(?P<plugin>[a-z][a-z0-9_]{1,31}):(?P<kind>[a-z0-9_]{1,24}):(?P<value>.{0,50})"
BUTTON_PATTERN = rf"plugin:{_WHOSE}"
FORM_PATTERN = rf"plugin_form:{_WHOSE}"


class PluginForm(KeptForm, template=FORM_PATTERN):
    """A form that a plugin shows."""

    def __init__(self, plugin: str, form: Form) -> None:
        check_form(form)
        super().__init__(f"plugin_form:{plugin}:{form.kind}:{form.value}", form.title)
        self.plugin = plugin
        self.kind = form.kind
        self.value = form.value
        for each in form.fields:
            self.add_item(_label(each))

    @classmethod
    async def from_custom_id(cls, _interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent; its fields are not needed any more."""
        form = cls.__new__(cls)
        form.plugin, form.kind, form.value = match["plugin"], match["kind"], match["value"]
        return form

    async def receive(self, interaction: discord.Interaction[Any], written: Written) -> None:
        """Hand what was written to the plugin."""
        from cogs.plugins.calls import call_of

        service = _service_for(interaction)
        await require_level(interaction, service.level_of_form(self.plugin, self.kind))
        clean = service.cleaning(self.plugin)
        call = call_of(interaction, self.plugin, clean, value=self.value, written=written)
        await service.form(self.plugin, self.kind, call)
        await settle(interaction)


class PluginButton(KeptButton, template=BUTTON_PATTERN):
    """A button that a plugin made."""

    def __init__(self, plugin: str, kind: str, value: str) -> None:
        self.plugin, self.kind, self.value = plugin, kind, value
        super().__init__(discord.ui.Button(label=kind, custom_id=f"plugin:{plugin}:{kind}:{value}"))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["plugin"], match["kind"], match["value"])

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Tell the plugin."""
        from bot.tools.plugins import seen
        from cogs.plugins.calls import call_of

        service = _service_for(interaction)
        await require_level(interaction, service.level_of_button(self.plugin, self.kind))
        message = interaction.message
        about = seen(message, interaction.guild_id or 0) if message is not None else None
        clean = service.cleaning(self.plugin)
        call = call_of(interaction, self.plugin, clean, value=self.value, message=about)
        await service.button(self.plugin, self.kind, call)
        await settle(interaction)


async def settle(interaction: discord.Interaction[Any]) -> None:
    """Answer what a handler left unanswered, else Discord tells of a failure."""
    if not interaction.response.is_done():
        await interaction.response.send_message(text("plugins.done"), ephemeral=True)


def _service_for(interaction: discord.Interaction[Any]) -> PluginService:
    require_guild(interaction)
    service: PluginService = interaction.client.services.plugins
    return service


def _label(field: FormField) -> discord.ui.Label[Any]:
    style = discord.TextStyle.paragraph if field.long else discord.TextStyle.short
    return discord.ui.Label(
        text=field.label,
        component=discord.ui.TextInput(
            custom_id=field.name,
            style=style,
            required=field.required,
            placeholder=field.placeholder[:100] or None,
            default=field.text[: field.max_length] or None,
            max_length=min(field.max_length, 4_000),
        ),
    )
