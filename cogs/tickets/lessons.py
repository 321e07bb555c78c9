"""'Teach this?': the buttons of a proposal, the form staff edit it in, and what is there already."""

import re
from datetime import tzinfo
from typing import Any, Self

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
from bot.texts import text
from bot.tools.ticket_closing import LESSON_ID, LESSON_PATTERN, TEACH
from cogs.tickets.forms import SILENT
from cogs.training.embeds import entry_embed
from cogs.training.forms import RETRY_SECONDS, EntryForm, Fields, Target, draft_of_fields, fields_of, zone_of

MAX_TEXT = 2_000  # characters of a message


class LessonButton(KeptButton, template=LESSON_PATTERN):
    """Look and teach, or nothing to teach; it carries the ticket's id, so it works after a restart."""

    def __init__(self, action: str, ticket_id: int) -> None:
        self.action = action
        self.ticket_id = ticket_id
        custom_id = LESSON_ID.format(action=action, ticket_id=ticket_id)
        super().__init__(
            discord.ui.Button(label=text(f"ticket_closing.button_{action}"), custom_id=custom_id)
        )

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
        lessons = _lessons(interaction)
        ticket = await interaction.client.services.tickets.life.get(interaction.guild_id, self.ticket_id)
        if self.action == TEACH:
            lesson = await lessons.proposal(ticket, _reader(interaction))
            zone = zone_of(interaction)
            await interaction.response.send_modal(LessonForm(ticket, _fields(lesson, zone), zone))
            return
        await lessons.dismiss(ticket, _reader(interaction))
        said = interaction.message.content if interaction.message else ""
        await interaction.response.edit_message(
            content=f"{said}\n{text('ticket_closing.not_taught', member=interaction.user.mention)}"[
                -MAX_TEXT:
            ],
            view=None,
            allowed_mentions=SILENT,
        )


class LessonForm(EntryForm, template=r"lesson-form:(?P<ticket_id>[0-9]{1,18})"):
    """The form of an entry, filled in with a lesson."""

    def __init__(self, ticket: Ticket, fields: Fields, zone: tzinfo) -> None:
        super().__init__(Target(), fields, zone, custom_id=f"lesson-form:{ticket.id}")
        self.title = text("ticket_closing.form_lesson_title")
        self._ticket = ticket

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent."""
        require_support(interaction)
        assert interaction.guild_id is not None  # checked
        life = interaction.client.services.tickets.life
        ticket = await life.get(interaction.guild_id, int(match["ticket_id"]))
        return cls(ticket, {}, zone_of(interaction))

    async def save(self, interaction: discord.Interaction[Any], draft: Draft) -> Trained:
        """Teach it."""
        return await _lessons(interaction).teach(self._ticket, _reader(interaction), draft)

    def way_back(self, written: Fields, error: UserFacingError) -> StaffView:
        """Return the buttons under what was wrong."""
        again = LessonForm(self._ticket, written, self.zone)
        draft = draft_of_fields(written, self.zone) if isinstance(error, SimilarError) else None
        return LessonView(self._ticket, again, draft, error)


class LessonView(StaffView):
    """Ways to go on with a lesson that could not be taught as it was written."""

    def __init__(
        self, ticket: Ticket, again: LessonForm, draft: Draft | None, error: UserFacingError
    ) -> None:
        super().__init__(timeout=RETRY_SECONDS)
        self._ticket = ticket
        self._again = again
        self.add_phrasing.label = text("ticket_closing.add_phrasing")
        self.add_own.label = text("ticket_closing.add_own")
        self.correct.label = text("ticket_closing.correct")
        self._draft = draft
        self._entry_id = error.entry_id if isinstance(error, SimilarError) else None
        if self._entry_id is None:
            self.remove_item(self.add_phrasing)
            self.remove_item(self.add_own)
        elif isinstance(error, SimilarError) and error.is_exact:
            self.remove_item(self.add_own)

    @discord.ui.button(style=discord.ButtonStyle.primary)
    async def add_phrasing(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Have the entry that is there answer this question, too."""
        assert self._entry_id is not None  # the button is there
        assert self._draft is not None
        await interaction.response.defer()
        reader = _reader(interaction)
        lessons = _lessons(interaction)
        trained = await lessons.add_phrasings(self._ticket, reader, self._entry_id, self._draft)
        await self._done(interaction, trained)

    @discord.ui.button()
    async def add_own(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Make an entry beside the similar one."""
        assert self._draft is not None  # the button is there
        await interaction.response.defer()
        lessons = _lessons(interaction)
        trained = await lessons.teach(self._ticket, _reader(interaction), self._draft, is_new=True)
        await self._done(interaction, trained)

    @discord.ui.button()
    async def correct(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Open the form again, filled in as it was."""
        await interaction.response.send_modal(self._again)

    async def _done(self, interaction: discord.Interaction[Any], trained: Trained) -> None:
        self.stop()
        await interaction.edit_original_response(content=None, embed=entry_embed(trained), view=None)


def _lessons(interaction: discord.Interaction[Any]) -> TicketLessons:
    lessons: TicketLessons = interaction.client.services.ticket_closing.lessons
    return lessons


def _fields(lesson: Lesson, zone: tzinfo) -> Fields:
    return fields_of(Draft((lesson.question,), lesson.answer, lesson.category), zone)


def _reader(interaction: discord.Interaction[Any]) -> Person:
    """Return who pressed as a reader of tickets."""
    user = interaction.user
    assert interaction.guild_id is not None  # support staff are in a server
    assert isinstance(user, discord.Member)
    return Person(user.id, interaction.guild_id, frozenset(role.id for role in user.roles))
