"""What is said to a question in a ticket: by how sure the training is, and by the server's choice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Self

from bot.db.database import Database
from bot.domain.thanks import is_closing
from bot.models import Outcome, Question, Ticket, TicketMessage
from bot.services.answer_writing import AnswerWriting, Show, Talk
from bot.services.tickets import wording
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tickets.talk import MOST_MESSAGES, searches, talk_of
from bot.services.training.knowledge import Band, Found, Knowledge
from bot.texts import text

OPEN, TRAINED_ONLY = "open", "trained_only"
TRAINED: Final = "trained #"  # who wrote it, before the entry's id


@dataclass(frozen=True, slots=True)
class Chosen:
    """What comes of a question.

    Attributes:
        text: to be posted; "" for a hand-over, whose words depend on when it is.
        reason: why it wasn't answered.
        entry_ids: the entries it rests on.
    """

    outcome: Outcome
    text: str = ""
    reason: str = ""
    written_by: str | None = None
    band: Band | None = None
    score: float | None = None
    entry_ids: tuple[int, ...] = ()

    def columns(self) -> dict[str, Any]:
        """Return it as columns of `questions`."""
        return {
            "outcome": self.outcome.value,
            "answer": self.text,
            "reason": self.reason,
            "written_by": self.written_by,
            "band": self.band.value if self.band else None,
            "score": self.score,
            "entry_id": self.entry_ids[0] if self.entry_ids else None,
        }


class AnswerChoice:
    """Decides; posts nothing but what it is told to show."""

    def __init__(
        self,
        database: Database,
        settings: TicketSettingsService,
        knowledge: Knowledge,
        writing: AnswerWriting,
    ) -> None:
        self._database = database
        self._settings = settings
        self._knowledge = knowledge
        self._writing = writing

    async def choose(self, ticket: Ticket, asked: TicketMessage | None, show: Show) -> Chosen:
        """Return what to say to a message, or to the opening of a ticket; `show` is told as it comes."""
        if asked is not None and is_closing(asked.content):
            return Chosen(Outcome.THANKED, text("ticket_answers.is_resolved"))
        if asked is not None and not asked.content.strip():
            return Chosen(Outcome.HANDED_OVER, reason=text("ticket_answers.reason_files"))
        async with self._database.reading() as tx:
            messages = await tx.ticket_messages.list_of(ticket.id, MOST_MESSAGES + 1)
            before = await tx.questions.of_ticket(ticket.id)
            guild = await tx.guilds.get(ticket.guild_id)
        talk = talk_of(ticket, messages, asked, guild.name if guild else "")
        given = {each.entry_id for each in before if (each.written_by or "").startswith(TRAINED)}
        found = await self._search(ticket.guild_id, searches(ticket, messages, asked), given)
        near = _Near.of(found)
        if found.band is Band.TRAINED:
            entry = found.matches[0].entry
            return near.chosen(Outcome.ANSWERED, wording.trained(entry), f"{TRAINED}{entry.id}", (entry.id,))
        if found.band is Band.COMPOSED:

            async def show_composed(words: str, used: tuple[int, ...]) -> None:
                await show(wording.composed(words, used, is_whole=False))

            made = await self._writing.compose(talk, found.matches, ticket.guild_id, show_composed)
            if made is not None:
                whole = wording.composed(made.text, made.used, is_whole=True)
                return near.chosen(Outcome.ANSWERED, whole, made.by, made.used)
        return await self._unknown(ticket, talk, found, before, show)

    async def _search(self, guild_id: int, texts: Sequence[str], given: Collection[int | None]) -> Found:
        """Return what is found by the likeliest of `texts`; what was said before isn't said again."""
        found: list[Found] = []
        for each in texts:
            found.append(_without(await self._knowledge.search(guild_id, each), given))
            if found[-1].band is Band.TRAINED:
                return found[-1]
        return max(found, key=lambda each: each.matches[0].score if each.matches else -1.0)

    async def _unknown(
        self, ticket: Ticket, talk: Talk, found: Found, before: Sequence[Question], show: Show
    ) -> Chosen:
        """Return what to say where the training doesn't answer, as the server wants it."""
        near, mode = _Near.of(found), self._settings.of(ticket.guild_id).answer_mode
        if mode == TRAINED_ONLY:
            return near.left_to_staff(text("ticket_answers.reason_untrained"))
        if not self._writing.is_on:
            return near.left_to_staff(text("ticket_answers.reason_no_model"))
        if mode == OPEN:

            async def show_unchecked(words: str) -> None:
                await show(wording.unchecked(words, is_whole=False))

            made = await self._writing.stream(talk, found.matches, ticket.guild_id, show_unchecked)
            if made is None:
                return near.left_to_staff(text("ticket_answers.reason_model_silent"))
            return near.chosen(Outcome.ANSWERED, wording.unchecked(made.text, is_whole=True), made.by)
        if any(each.outcome == Outcome.CLARIFIED for each in before):
            return near.left_to_staff(text("ticket_answers.reason_details"))
        back = await self._writing.clarify(talk, ticket.guild_id)
        asked, by = (back.text, back.by) if back else (text("ticket_answers.clarify"), "template")
        return near.chosen(Outcome.CLARIFIED, asked, by)


class _Near(NamedTuple):
    """How near the training came."""

    band: Band
    score: float | None
    entry_ids: tuple[int, ...]  # of the nearest

    @classmethod
    def of(cls, found: Found) -> Self:
        best = found.matches[0] if found.matches else None
        return cls(found.band, best.score if best else None, (best.entry.id,) if best else ())

    def chosen(self, outcome: Outcome, told: str, by: str, entry_ids: tuple[int, ...] = ()) -> Chosen:
        return Chosen(outcome, told, "", by, self.band, self.score, entry_ids or self.entry_ids)

    def left_to_staff(self, reason: str) -> Chosen:
        return Chosen(Outcome.HANDED_OVER, "", reason, None, self.band, self.score, self.entry_ids)


def _without(found: Found, given: Collection[int | None]) -> Found:
    """Return what was found but for the entries in `given`."""
    matches = tuple(each for each in found.matches if each.entry.id not in given)
    if len(matches) == len(found.matches):
        return found
    best = matches[0].score if matches else -1.0
    band = Band.TRAINED if best >= found.threshold else Band.COMPOSED if best >= found.low else Band.BELOW
    return replace(found, matches=matches, band=band)
