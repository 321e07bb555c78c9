"""The form for an entry, and the way back into it when something was wrong."""

from collections.abc import Awaitable, Callable
from datetime import datetime, tzinfo
from typing import Any

import discord

from bot.core.ui import StaffModal, StaffView
from bot.domain.errors import UserFacingError
from bot.services.training.drafts import (
    MAX_ANSWER,
    MAX_CATEGORY,
    Draft,
    parse_moment,
)
from bot.services.training.entries import Trained
from cogs.training.embeds import entry_embed

MAX_FIELD = 4_000  # characters; Discord takes no more
RETRY_SECONDS = 600.0

Fields = dict[str, str]
Save = Callable[[Draft], Awaitable[Trained]]


def fields_of(draft: Draft, zone: tzinfo) -> Fields:
    """Return what the form shows of a draft, with times in `zone`.

    Raises:
        UserFacingError: it doesn't fit into the form.
    """
    fields = {
        "questions": "\n".join(draft.questions),
        "answer": draft.answer,
        "category": draft.category,
        "links": "\n".join(draft.links),
        "dates": _dates(draft.valid_from, draft.valid_until, zone),
    }
    if max(map(len, fields.values())) > MAX_FIELD:
        raise UserFacingError(
            "This entry is too long for a form. Change it with this command's options, or by `/train export` "
            "and `/train import`."
        )
    return fields


def draft_of_fields(fields: Fields, zone: tzinfo) -> Draft:
    """Return what was written into the form.

    Raises:
        UserFacingError: a date can't be read.
    """
    begin, separator, end = fields["dates"].partition(" to ")
    if not separator and fields["dates"].strip().startswith("to "):
        begin, end = "", fields["dates"].strip().removeprefix("to ")
    return Draft(
        tuple(fields["questions"].split("\n")),
        fields["answer"],
        fields["category"],
        tuple(fields["links"].split()),
        parse_moment(begin, zone),
        parse_moment(end, zone, ends=True),
    )


class EntryForm(StaffModal):
    """Question, answer and the rest of an entry; `save` stores what was written."""

    def __init__(self, title: str, fields: Fields, zone: tzinfo, save: Save) -> None:
        super().__init__(title=title)
        self._zone = zone
        self._save = save
        self._inputs = {
            "questions": _input("Questions, one a line", fields, "questions", is_long=True),
            "answer": _input("Answer", fields, "answer", is_long=True, most=MAX_ANSWER),
            "category": _input("Category", fields, "category", most=MAX_CATEGORY),
            "links": _input("Links to attachments, one a line", fields, "links", is_long=True),
            "dates": _input("Valid (2026-12-01 to 2026-12-24)", fields, "dates", most=60),
        }
        for each in self._inputs.values():
            self.add_item(each)

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Store the entry and show it; when it can't be, offer what was written once more."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        written = {name: each.value for name, each in self._inputs.items()}
        try:
            trained = await self._save(draft_of_fields(written, self._zone))
        except UserFacingError as error:
            await interaction.followup.send(str(error), view=self.way_back(written, error), ephemeral=True)
            return
        await interaction.followup.send(embed=entry_embed(trained), ephemeral=True)

    def way_back(self, written: Fields, _error: UserFacingError) -> StaffView:
        """Return the buttons under what was wrong."""
        return Retry(EntryForm(self.title, written, self._zone, self._save))


class Retry(StaffView):
    """A button that opens the form again, filled in as it was."""

    def __init__(self, form: EntryForm) -> None:
        super().__init__(timeout=RETRY_SECONDS)
        self._form = form

    @discord.ui.button(label="Correct it", style=discord.ButtonStyle.primary)
    async def correct(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Open the form."""
        await interaction.response.send_modal(self._form)


def _input(
    label: str, fields: Fields, name: str, *, is_long: bool = False, most: int = MAX_FIELD
) -> discord.ui.TextInput[Any]:
    return discord.ui.TextInput(
        label=label,
        custom_id=name,
        style=discord.TextStyle.paragraph if is_long else discord.TextStyle.short,
        default=fields.get(name, "")[:most] or None,
        required=name in ("questions", "answer"),
        max_length=most,
    )


def _dates(begin: datetime | None, end: datetime | None, zone: tzinfo) -> str:
    if begin is None and end is None:
        return ""
    shown = [f"{each.astimezone(zone):%Y-%m-%d %H:%M}" if each else "" for each in (begin, end)]
    return f"{shown[0]} to {shown[1]}"
