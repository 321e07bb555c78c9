"""The form for an entry, and the way back into it when something was wrong."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import discord

from bot.core.checks import require_support
from bot.core.forms import KeptForm, Written
from bot.core.ui import StaffView
from bot.domain.errors import UserFacingError
from bot.models import TrainingEntry
from bot.services.training.drafts import (
    MAX_ANSWER,
    MAX_CATEGORY,
    Draft,
    parse_moment,
)
from bot.services.training.entries import Trained, TrainingEntries
from bot.texts import text
from cogs.training.embeds import entry_embed

MAX_FIELD = 4_000  # characters; Discord takes no more
RETRY_SECONDS = 600.0

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ADD, EDIT, REPLY = "add", "edit", "reply"
FIELDS = ("questions", "answer", "category", "links", "dates")
FORM_ID = "train-form"
FORM_PATTERN = (
    rf"{FORM_ID}:(?P<kind>{ADD}|{EDIT}|{REPLY}):(?P<place>[0-9]{{1,19}}):(?P<mark>[0-9]{{1,19}})"
    r"(?::(?P<author>[0-9]{1,19}))?"
)

Fields = dict[str, str]


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
        raise UserFacingError(text("training.form_too_long"))
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


class Target(NamedTuple):
    """What a form does with an entry: "add" it, "edit" it as it was at a moment, or make it of a "reply"."""

    kind: str = ADD
    place: int = 0  # the entry, or the reply's channel
    mark: int = 0  # when the entry was changed last, in microseconds, or the reply
    author: int | None = None  # of the reply

    @property
    def custom_id(self) -> str:
        """Return the id of its form."""
        author = f":{self.author}" if self.author is not None else ""
        return f"{FORM_ID}:{self.kind}:{self.place}:{self.mark}{author}"

    @property
    def title(self) -> str:
        """Return what is written over its form."""
        titles = {
            ADD: text("training.form_add"),
            EDIT: text("training.form_edit", entry=self.place),
            REPLY: text("training.form_reply"),
        }
        return titles[self.kind]


def editing(entry: TrainingEntry) -> Target:
    """Return what changes an entry, unless somebody else does so meanwhile."""
    return Target(EDIT, entry.id, (entry.updated_at - EPOCH) // timedelta(microseconds=1))


class EntryForm(KeptForm, template=FORM_PATTERN):
    """Question, answer and the rest of an entry, for staff: who sends it is checked anew."""

    def __init__(self, target: Target, fields: Fields, zone: tzinfo, *, custom_id: str = "") -> None:
        super().__init__(custom_id or target.custom_id, target.title)
        self.target = target
        self.zone = zone
        for each in (
            _input(text("training.field_questions"), fields, "questions", is_long=True),
            _input(text("training.field_answer"), fields, "answer", is_long=True, most=MAX_ANSWER),
            _input(text("training.field_category"), fields, "category", most=MAX_CATEGORY),
            _input(text("training.field_links"), fields, "links", is_long=True),
            _input(text("training.field_dates"), fields, "dates", most=60),
        ):
            self.add_item(each)

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent."""
        author = int(match["author"]) if match["author"] else None
        target = Target(match["kind"], int(match["place"]), int(match["mark"]), author)
        return cls(target, {}, zone_of(interaction))

    async def receive(self, interaction: discord.Interaction[Any], written: Written) -> None:
        """Store the entry and show it; when it can't be, offer what was written once more."""
        require_support(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        fields = {name: written.get(name, "") for name in FIELDS}
        try:
            trained = await self.save(interaction, draft_of_fields(fields, self.zone))
        except UserFacingError as error:
            await interaction.followup.send(str(error), view=self.way_back(fields, error), ephemeral=True)
            return
        await interaction.followup.send(embed=entry_embed(trained), ephemeral=True)

    async def save(self, interaction: discord.Interaction[Any], draft: Draft) -> Trained:
        """Store what was written and return it."""
        assert interaction.guild_id is not None  # support staff are in a server
        entries: TrainingEntries = interaction.client.services.training
        guild_id, user_id, target = interaction.guild_id, interaction.user.id, self.target
        if target.kind == EDIT:
            seen = EPOCH + timedelta(microseconds=target.mark)
            return await entries.edit(guild_id, user_id, target.place, draft, seen)
        if target.kind == REPLY:
            link = f"https://discord.com/channels/{guild_id}/{target.place}/{target.mark}"
            return await entries.add(guild_id, user_id, draft, link, target.author)
        return await entries.add(guild_id, user_id, draft)

    def way_back(self, written: Fields, _error: UserFacingError) -> StaffView:
        """Return the buttons under what was wrong."""
        return Retry(EntryForm(self.target, written, self.zone))


def zone_of(interaction: discord.Interaction[Any]) -> ZoneInfo:
    """Return the time zone of the server something is used in, UTC outside of one."""
    if interaction.guild_id is None:
        return ZoneInfo("UTC")
    return ZoneInfo(interaction.client.services.guilds.policy(interaction.guild_id).timezone)


class Retry(StaffView):
    """A button that opens the form again, filled in as it was."""

    def __init__(self, form: EntryForm) -> None:
        super().__init__(timeout=RETRY_SECONDS)
        self._form = form
        self.correct.label = text("training.button_correct")

    @discord.ui.button(style=discord.ButtonStyle.primary)
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
