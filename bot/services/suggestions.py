"""Replies that staff are asked about first: posted, edited, dismissed, or overtaken by what happened."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from loguru import logger

from bot.db.database import Database, Transaction
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.outgoing import prepare
from bot.domain.signal import Signal, Stage
from bot.models import Action, ActionStatus, SignalRecord, Suggestion, SuggestionState, Verdict
from bot.models.signal import signal_from_row
from bot.nlp.redaction import redact
from bot.services.actions import action_of
from bot.services.arrival_rows import SOURCE
from bot.services.clock import Clock
from bot.services.compose import REPLY, SUGGEST
from bot.services.failpoints import fail_point
from bot.services.feedback import FeedbackService
from bot.services.orchestrator import OrchestratorService
from bot.services.tools import TargetGoneError, ToolError
from bot.settings import WorkerSettings
from bot.texts import text

EVERY_SECONDS = 2.0
CLEAR_EVERY = 15  # looks, from one search for cards of deleted messages to the next, which reads every card
MAX_AGE = timedelta(days=1)  # then nobody waits for the answer any more
AT_ONCE = 100  # suggestions looked at in one go
LIMIT = 2_000  # characters of a message
LONGEST_REASON = 300


class Card(NamedTuple):
    """What the card in the staff channel tells."""

    suggestion: Suggestion
    signal: Signal


class SuggestionDesk(Protocol):
    """What suggestions need of Discord."""

    async def show(self, card: Card) -> None:
        """Have the card tell how its suggestion stands.

        Raises:
            ToolError: it can't be done.
        """
        ...

    async def remove(self, channel_id: int, card_id: int) -> None:
        """Delete a card.

        Raises:
            ToolError: it can't be done.
        """
        ...


class SuggestionService:
    """What staff decide, once for each; and what the cards tell."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        orchestrator: OrchestratorService,
        feedback: FeedbackService,
        desk: SuggestionDesk,
        settings: WorkerSettings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._orchestrator = orchestrator
        self._feedback = feedback
        self._desk = desk
        self._lease = timedelta(seconds=settings.lease_seconds)

    async def of(self, guild_id: int, message_id: int) -> Card:
        """Return what was suggested for a message, as it stands.

        Raises:
            NotFoundError: nothing was, in that server.
        """
        async with self._database.reading() as tx:
            found, record = await _known(tx, guild_id, message_id)
        return _card(found, record)

    async def post(self, guild_id: int, message_id: int, user_id: int, words: str | None = None) -> Card:
        """Have a suggested reply posted, as it is or in staff's words; return how it stands.

        The reply's row is what makes it happen once, however many press and whatever dies meanwhile.

        Raises:
            UserFacingError: it is decided already, can't be posted any more, or has no words.
        """
        ready = None if words is None else redact(prepare(words)).strip()
        if ready is not None and not 0 < len(ready) <= LIMIT:
            raise UserFacingError(text("suggest.wrong_length"))
        async with self._database.transaction() as tx:
            found, record = await _known(tx, guild_id, message_id, hold=True)
            overtaken = await _overtaken(tx, found, record, self._clock.now())
            if overtaken:
                begun = None
                await self._expire(tx, found, overtaken)
            else:
                begun = await self._begin(tx, found, record, user_id, ready)
        fail_point("suggestion.after_decide")
        if begun is None:
            await self._show(guild_id, message_id)
            raise UserFacingError(text("suggest.expired", reason=overtaken))
        self._orchestrator.post(signal_from_row(record.model_dump()), [begun])
        return await self._show(guild_id, message_id)

    async def _begin(
        self, tx: Transaction, found: Suggestion, record: SignalRecord, user_id: int, words: str | None
    ) -> Action:
        """Store the decision, the reply that is to be posted, and that its message is acted on again."""
        now = self._clock.now()
        changed = words if words != found.proposed else None
        await self._decide(tx, found, user_id, {"state": SuggestionState.POSTING.value, "posted": changed})
        content = words or found.proposed
        draft = action_of(
            signal_from_row(record.model_dump()), REPLY, content, record.place_id, record.message_id
        )
        told = {"created_at": now, "source": found.source, "written_by": await _writer(tx, record)}
        reply = await tx.actions.begin(draft.sqlmodel_update(told))
        leased = {"stage": Stage.ACT.value, "lease_until": now + self._lease}
        if reply is None:
            raise UserFacingError(text("suggest.answered"))
        if not await tx.queue.advance(
            [record.id], Stage.DONE, leased
        ):  # its card is there, and not yet noted
            raise UserFacingError(text("suggest.not_ready"))
        await self._feedback.decided(tx, record, user_id, Verdict.RIGHT)
        return reply

    async def dismiss(self, guild_id: int, message_id: int, user_id: int, reason: str = "") -> Card:
        """Have a suggested reply not posted; return how it stands.

        Raises:
            UserFacingError: it is decided already.
        """
        async with self._database.transaction() as tx:
            found, record = await _known(tx, guild_id, message_id, hold=True)
            kept = redact(reason.strip())[:LONGEST_REASON] or None
            values = {"state": SuggestionState.DISMISSED.value, "reason": kept}
            await self._decide(tx, found, user_id, values)
            if record.deleted_at is None:
                await self._feedback.decided(tx, record, user_id, Verdict.WRONG)
        fail_point("suggestion.after_dismiss")
        return await self._show(guild_id, message_id)

    async def run(self) -> None:
        """Look after suggestions until cancelled."""
        looks = 0
        while True:
            await self.look(searches=looks % CLEAR_EVERY == 0)
            looks += 1
            await self._clock.sleep(EVERY_SECONDS)

    async def look(self, *, searches: bool = True) -> None:
        """Find out what was overtaken, posted or deleted, and have the cards tell it.

        Args:
            searches: whether to search all cards for those of deleted messages, too.
        """
        after = 0
        while True:
            async with self._database.reading() as tx:
                living = await tx.suggestions.living(after, AT_ONCE)
            for each in living:
                searches |= await self._settle(each)
            if len(living) < AT_ONCE:
                break
            after = living[-1].id
        if searches:
            await self._clear()
        async with self._database.reading() as tx:
            unshown = await tx.suggestions.unshown(AT_ONCE)
        for each in unshown:
            with suppress(NotFoundError):  # deleted just now, or purged: the next search clears it
                await self._show(each.guild_id, _message_id(each))

    async def _settle(self, suggestion: Suggestion) -> bool:
        """Move a suggestion on whose fate is known; return whether it is."""
        async with self._database.reading() as tx:
            record = await tx.signals.get(suggestion.signal_id)
            if suggestion.state == SuggestionState.OPEN:
                overtaken = await _overtaken(tx, suggestion, record, self._clock.now())
                outcome = None
            else:
                overtaken = ""
                outcome = await _outcome(tx, suggestion, record)
        if not overtaken and outcome is None:
            return False
        async with self._database.transaction() as tx:
            if outcome is None:
                await self._expire(tx, suggestion, overtaken)
            else:
                state, why = outcome
                values = {"state": state.value, "reason": why or None}
                await tx.suggestions.move(suggestion.id, SuggestionState.POSTING, values)
        fail_point("suggestion.after_settle")
        return True

    async def _clear(self) -> None:
        """Take away the cards of messages that were deleted, with their words."""
        async with self._database.reading() as tx:
            orphaned = await tx.suggestions.orphaned(AT_ONCE)
        for each in orphaned:
            if each.state == SuggestionState.POSTING and await self._is_under_way(each):
                continue
            card_id = await self._card_id(each)
            if card_id is not None and not await self._removed(each, card_id):
                continue
            async with self._database.transaction() as tx:
                state = SuggestionState.EXPIRED.value if each.state in _LIVING else each.state
                emptied = {"proposed": "", "posted": None, "reason": None, "card_id": None}
                await tx.suggestions.change(each.id, {**emptied, "state": state, "shown": state})

    async def _is_under_way(self, suggestion: Suggestion) -> bool:
        async with self._database.reading() as tx:
            record = await tx.signals.get(suggestion.signal_id)
            return record is not None and await _outcome(tx, suggestion, record) is None

    async def _removed(self, suggestion: Suggestion, card_id: int) -> bool:
        try:
            await self._desk.remove(suggestion.channel_id, card_id)
        except TargetGoneError:
            return True
        except ToolError as error:
            log = logger.bind(guild_id=suggestion.guild_id)
            log.warning("A card with a suggested reply can't be removed ({}); trying again", error)
            return False
        return True

    async def _card_id(self, suggestion: Suggestion) -> int | None:
        if suggestion.card_id is not None:
            return suggestion.card_id
        async with self._database.reading() as tx:
            actions = await tx.actions.list_for(suggestion.signal_id)
        return next((each.message_id for each in actions if each.kind == SUGGEST), None)

    async def _show(self, guild_id: int, message_id: int) -> Card:
        """Have the card tell how its suggestion stands; return that."""
        async with self._database.reading() as tx:
            found, record = await _known(tx, guild_id, message_id)
        card_id = await self._card_id(found)
        shown = found.model_copy(update={"card_id": card_id})
        card = _card(shown, record)
        if card_id is None:
            return card  # not posted yet
        try:
            await self._desk.show(card)
        except TargetGoneError:
            pass  # staff deleted it: there is nothing to tell
        except ToolError as error:
            log = logger.bind(guild_id=guild_id)
            log.warning("A card with a suggested reply can't be edited ({}); trying again", error)
            return card
        fail_point("suggestion.after_show")
        async with self._database.transaction() as tx:
            await tx.suggestions.change(found.id, {"shown": found.state, "card_id": card_id})
        return card

    async def _decide(
        self, tx: Transaction, found: Suggestion, user_id: int, values: dict[str, str | None]
    ) -> None:
        """Take the decision for one who presses; who comes second is told of the first.

        Raises:
            UserFacingError: somebody else was first.
        """
        whole = {**values, "decided_by": user_id, "decided_at": self._clock.now()}
        if found.state != SuggestionState.OPEN or not await tx.suggestions.move(
            found.id, SuggestionState.OPEN, whole
        ):
            raise UserFacingError(text("suggest.decided"))

    async def _expire(self, tx: Transaction, found: Suggestion, reason: str) -> None:
        values = {"state": SuggestionState.EXPIRED.value, "reason": reason, "decided_at": self._clock.now()}
        await tx.suggestions.move(found.id, SuggestionState.OPEN, values)


_LIVING = (SuggestionState.OPEN, SuggestionState.POSTING)


async def _known(
    tx: Transaction, guild_id: int, message_id: int, *, hold: bool = False
) -> tuple[Suggestion, SignalRecord]:
    if hold:  # who decides at the same time waits here
        await tx.queue.standing(f"{SOURCE}:{message_id}")
    record = await tx.signals.get(f"{SOURCE}:{message_id}")
    found = await tx.suggestions.of(f"{SOURCE}:{message_id}")
    if record is None or found is None or found.guild_id != guild_id:
        raise NotFoundError(text("suggest.unknown"))
    return found, record


async def _overtaken(tx: Transaction, found: Suggestion, record: SignalRecord | None, now: datetime) -> str:
    """Return why an open suggestion can't be posted any more, "" while it can."""
    if found.state != SuggestionState.OPEN:
        return ""
    if record is None or record.deleted_at is not None:
        return text("suggest.was_deleted")
    if record.edited_at is not None and record.edited_at > found.created_at:
        return text("suggest.was_edited")
    if now - found.created_at > MAX_AGE:
        return text("suggest.too_old")
    if await tx.signals.answered_by_others(record.place_id, record.message_id, record.author_id):
        return text("suggest.was_answered")
    return ""


async def _outcome(
    tx: Transaction, suggestion: Suggestion, record: SignalRecord | None
) -> tuple[SuggestionState, str] | None:
    """Return what became of a reply that staff wanted posted, None while it is on its way."""
    actions: Sequence[Action] = await tx.actions.list_for(suggestion.signal_id)
    reply = next((each for each in actions if each.kind == REPLY), None)
    if reply is not None and reply.status == ActionStatus.SENT:
        return SuggestionState.POSTED, ""
    if reply is not None and reply.status != ActionStatus.PENDING:
        return SuggestionState.FAILED, reply.detail
    if record is None or record.stage == Stage.DONE:
        return SuggestionState.FAILED, text("suggest.was_deleted")
    return None


async def _writer(tx: Transaction, record: SignalRecord) -> str | None:
    actions = await tx.actions.list_for(record.id)
    return next((each.written_by for each in actions if each.kind == SUGGEST), None)


def _card(suggestion: Suggestion, record: SignalRecord) -> Card:
    return Card(suggestion, signal_from_row(record.model_dump()))


def _message_id(suggestion: Suggestion) -> int:
    return int(suggestion.signal_id.rpartition(":")[2])
