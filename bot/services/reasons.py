"""Why the bot did what it did, for whoever asks about a message: a member's, or one of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.db.database import Database
from bot.domain.audience import Person
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.signal import PlanKind
from bot.models import Outcome, Question, SignalRecord
from bot.services.arrival_rows import SOURCE
from bot.services.audience import AudienceService, KnownThread, Spot
from bot.services.stories import StoryService
from bot.texts import text

MOST_RECENT: Final = 300  # decisions looked at
PAGE: Final = 8


@dataclass(frozen=True, slots=True)
class Reason:
    """What is known about a message.

    Attributes:
        place: where the member's message was said; who can't read there is told nothing.
        author_id: who may ask beside staff; None: whoever sees it.
        story: of a member's message.
        words: of what has no story.
        readable: of the places that `story` names, those the asker can read.
    """

    place: Spot
    author_id: int | None
    story: dict[str, Any] | None = None
    words: str = ""
    readable: frozenset[int] = field(default_factory=frozenset)


class ReasonService:
    """Finds out what a message is, and tells only who may know."""

    def __init__(self, database: Database, audience: AudienceService) -> None:
        self._database = database
        self._stories = StoryService(database)
        self._audience = audience

    async def why(
        self, guild_id: int, message_id: int, asker: Person, *, is_staff: bool, here: int | None = None
    ) -> Reason:
        """Return what is known about a message of one guild.

        Args:
            guild_id: where it is asked.
            message_id: a member's message, or one of the bot's.
            asker: who asks.
            is_staff: whether they may ask about everybody's.
            here: the channel they see the message in.

        Raises:
            NotFoundError: nothing is known of it.
            UserFacingError: the asker may not know.
        """
        found = await self._find(guild_id, message_id)
        if not is_staff and found.author_id not in {None, asker.user_id}:
            raise UserFacingError(text("audit.not_yours"))
        if found.story is None and here is not None:
            return found  # about what they see
        spot_id = found.place if isinstance(found.place, int) else found.place.id
        if spot_id != here and not self._audience.may_carry(found.place, asker):
            raise UserFacingError(text("audit.unreadable"))
        named = {action["channel_id"] for action in (found.story or {}).get("actions", ())}
        readable = self._audience.readable_sources(asker, named) | {spot_id}
        return Reason(found.place, found.author_id, found.story, found.words, frozenset(readable))

    async def recent(
        self, guild_id: int, asker: Person, page: int, plan: PlanKind | None, place_id: int | None
    ) -> tuple[Sequence[SignalRecord], bool]:
        """Return a page of what was decided lately, the newest first, and whether there is another.

        Only of places that the asker can read; pages count from 1.
        """
        async with self._database.reading() as tx:
            rows = await tx.signals.decided(guild_id, MOST_RECENT, plan, place_id)
        spots = {row.place_id: _spot(row.channel_id, row.thread_id) for row in rows}
        readable = self._audience.readable_sources(asker, spots.values())
        shown = [row for row in rows if row.place_id in readable]
        start = (page - 1) * PAGE
        return shown[start : start + PAGE], len(shown) > start + PAGE

    async def _find(self, guild_id: int, message_id: int) -> Reason:
        story = await self._stories.story(f"{SOURCE}:{message_id}")
        async with self._database.reading() as tx:
            actions = await tx.actions.sent_as([message_id])
            question = await tx.questions.by_answer(message_id)
            ticket = await tx.tickets.get(question.ticket_id) if question and question.ticket_id else None
            post = await tx.summary_runs.post_as(message_id)
        if story is None and actions:
            story = await self._stories.story(actions[0].signal_id)
        if story is not None and story["message"]["guild_id"] == guild_id:
            message = story["message"]
            return Reason(
                _spot(message["channel_id"], message["thread_id"]), message["author_id"], story=story
            )
        if question is not None and ticket is not None and ticket.guild_id == guild_id:
            return Reason(ticket.thread_id or 0, ticket.opener_id, words=_of_ticket(question))
        if post is not None and post.guild_id == guild_id:
            return Reason(post.target_id, None, words=text("audit.daily", day=post.local_date.isoformat()))
        raise NotFoundError(text("audit.no_record"))


def _spot(channel_id: int, thread_id: int | None) -> Spot:
    """Return a place; a thread that Discord has forgotten is taken for a private one."""
    return channel_id if thread_id is None else KnownThread(thread_id, channel_id, is_private=True)


def _of_ticket(question: Question) -> str:
    match Outcome(question.outcome):
        case Outcome.PENDING:
            return text("audit.ticket_pending")
        case Outcome.ANSWERED:
            return text("audit.ticket_answered", by=question.written_by or "template")
        case Outcome.CLARIFIED:
            return text("audit.ticket_clarified")
        case Outcome.HANDED_OVER:
            return text("audit.ticket_handed_over", reason=question.reason)
        case _:
            return text("audit.ticket_other")
