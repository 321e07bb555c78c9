"""'Teach this?': the buttons of a proposal, the form staff edit it in, and what is there already."""

import re
from typing import Any, Self
from zoneinfo import ZoneInfo

import discord

from bot.core.checks import require_support
from bot.core.ui import KeptButton, StaffView
from bot.domain.audience import Person
from bot.domain.errors import UserFacingError
from bot.models import Ticket
from bot.services.tickets.lessons import Lesson
from bot.services.tickets.teach import SimilarError, TicketLessons
from bot.services.training.drafts import Draft
from bot.services.training.entries import Trained
from bot.tools.ticket_closing import LESSON_ID, LESSON_PATTERN, TEACH
from cogs.tickets.forms import SILENT
from cogs.training.embeds import entry_embed
from cogs.training.forms import RETRY_SECONDS, EntryForm, Fields, draft_of_fields, fields_of

MAX_TEXT = 2_000  # characters of a message


class LessonButton(KeptButton, template=LESSON_PATTERN):
    """Look and teach, or nothing to teach; it carries the ticket's id, so it works after a restart."""

    def __init__(self, action: str, ticket_id: int) -> None:
        self.action = action
        self.ticket_id = ticket_id
        custom_id = LESSON_ID.format(action=action, ticket_id=ticket_id)
        super().__init__(discord.ui.Button(label=action.capitalize(), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["action"], int(match["ticket_id"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it says."""
        require_support(interaction)
        assert interaction.guild_id is not None  # checked
        services = interaction.client.services
        lessons: TicketLessons = services.ticket_closing.lessons
        ticket = await services.tickets.life.get(interaction.guild_id, self.ticket_id)
        if self.action == TEACH:
            lesson = await lessons.proposal(ticket, _reader(interaction))
            zone = ZoneInfo(services.guilds.policy(ticket.guild_id).timezone)
            await interaction.response.send_modal(LessonForm(lessons, ticket, _fields(lesson, zone), zone))
            return
        await lessons.dismiss(ticket, _reader(interaction))
        said = interaction.message.content if interaction.message else ""
        await interaction.response.edit_message(
            content=f"{said}\nNothing to teach, says {interaction.user.mention}."[-MAX_TEXT:],
            view=None,
            allowed_mentions=SILENT,
        )


class LessonForm(EntryForm):
    """The form of an entry, filled in with a lesson; who sends it is checked anew."""

    def __init__(self, lessons: TicketLessons, ticket: Ticket, fields: Fields, zone: ZoneInfo) -> None:
        super().__init__("Teach this?", fields, zone, self._teach)
        self._lessons = lessons
        self._ticket = ticket
        self._own_zone = zone
        self._sender: Person | None = None

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Teach it, or show what is there already."""
        self._sender = _reader(interaction)
        await super().on_submit(interaction)

    def way_back(self, written: Fields, error: UserFacingError) -> StaffView:
        """Return the buttons under what was wrong."""
        again = LessonForm(self._lessons, self._ticket, written, self._own_zone)
        draft = draft_of_fields(written, self._own_zone) if isinstance(error, SimilarError) else None
        return LessonView(self._lessons, self._ticket, again, draft, error)

    async def _teach(self, draft: Draft) -> Trained:
        assert self._sender is not None  # set when the form was sent
        return await self._lessons.teach(self._ticket, self._sender, draft)


class LessonView(StaffView):
    """Ways to go on with a lesson that could not be taught as it was written."""

    def __init__(
        self,
        lessons: TicketLessons,
        ticket: Ticket,
        again: LessonForm,
        draft: Draft | None,
        error: UserFacingError,
    ) -> None:
        super().__init__(timeout=RETRY_SECONDS)
        self._lessons = lessons
        self._ticket = ticket
        self._again = again
        self._draft = draft
        self._entry_id = error.entry_id if isinstance(error, SimilarError) else None
        if self._entry_id is None:
            self.remove_item(self.add_phrasing)
            self.remove_item(self.add_own)
        elif isinstance(error, SimilarError) and error.is_exact:
            self.remove_item(self.add_own)

    @discord.ui.button(label="Add as another phrasing", style=discord.ButtonStyle.primary)
    async def add_phrasing(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Have the entry that is there answer this question, too."""
        assert self._entry_id is not None  # the button is there
        assert self._draft is not None
        await interaction.response.defer()
        reader = _reader(interaction)
        trained = await self._lessons.add_phrasings(self._ticket, reader, self._entry_id, self._draft)
        await self._done(interaction, trained)

    @discord.ui.button(label="Add as an entry of its own")
    async def add_own(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Make an entry beside the similar one."""
        assert self._draft is not None  # the button is there
        await interaction.response.defer()
        trained = await self._lessons.teach(self._ticket, _reader(interaction), self._draft, is_new=True)
        await self._done(interaction, trained)

    @discord.ui.button(label="Correct it")
    async def correct(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Open the form again, filled in as it was."""
        await interaction.response.send_modal(self._again)

    async def _done(self, interaction: discord.Interaction[Any], trained: Trained) -> None:
        self.stop()
        await interaction.edit_original_response(content=None, embed=entry_embed(trained), view=None)


def _fields(lesson: Lesson, zone: ZoneInfo) -> Fields:
    return fields_of(Draft((lesson.question,), lesson.answer, lesson.category), zone)


def _reader(interaction: discord.Interaction[Any]) -> Person:
    """Return who pressed as a reader of tickets."""
    user = interaction.user
    assert interaction.guild_id is not None  # support staff are in a server
    assert isinstance(user, discord.Member)
    return Person(user.id, interaction.guild_id, frozenset(role.id for role in user.roles))
