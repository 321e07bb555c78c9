"""Erasing what a member wrote where the bot watches."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.privacy.scope import Whose, table_of
from bot.db.signals import ERASED
from bot.db.statistics_marks import StatisticsMarkRepository
from bot.db.summary_texts import SummaryTextRepository
from bot.domain.signal import Stage, Status
from bot.domain.statistics import slot_of
from bot.models import LEAK_PREFIX, ActionStatus, SuggestionState

_SIGNALS, _ACTIONS = table_of("signals"), table_of("actions")
_SUGGESTIONS = table_of("suggestions")
_FEEDBACK, _QUESTIONS = table_of("feedback"), table_of("questions")
WHY = "erased for its author"


class MessageErasing:
    """The messages seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def ids(self, whose: Whose) -> Sequence[str]:
        """Return the ids of everything they wrote; looks at every message, so read it beside the writers."""
        query = select(_SIGNALS.c.id).where(*whose.owns(_SIGNALS.c.author_id)).order_by(_SIGNALS.c.id)
        return (await (await self._session.connection()).execute(query)).scalars().all()

    async def texts(self, ids: Sequence[str]) -> Sequence[str]:
        """Return what these messages say, without those that say nothing."""
        query = select(_SIGNALS.c.content).where(_SIGNALS.c.id.in_(ids), _SIGNALS.c.content != "")
        return (await (await self._session.connection()).execute(query)).scalars().all()

    async def erase(self, ids: Sequence[str], now: datetime) -> None:
        """Leave nothing of these messages but that there was one, so that no late create brings it back.

        What is being acted on ends by itself: its answer is on the way. What the bot said to them goes, too.
        """
        connection = await self._session.connection()
        these = _SIGNALS.c.id.in_(ids)
        rows = (
            await connection.execute(select(_SIGNALS.c.guild_id, _SIGNALS.c.message_id).where(these))
        ).all()
        undecided = _SIGNALS.c.stage.in_((Stage.OBSERVE.value, Stage.PLAN.value))
        ended = {"stage": Stage.DONE.value, "status": Status.SKIPPED.value, "finished_at": now}
        await connection.execute(update(_SIGNALS).where(these, undecided).values(**ended, reason=WHY))
        gone = {
            **ERASED,
            "author_id": 0,
            "reply_to_id": None,
            "deleted_at": func.coalesce(_SIGNALS.c.deleted_at, now),
        }
        await connection.execute(update(_SIGNALS).where(these).values(**gone))
        said = _ACTIONS.c.signal_id.in_([*ids, *(LEAK_PREFIX + each for each in ids)])
        waiting = _ACTIONS.c.status == ActionStatus.PENDING.value
        never = {"status": ActionStatus.SKIPPED.value, "detail": WHY, "finished_at": now}
        await connection.execute(update(_ACTIONS).where(said, waiting).values(**never))
        await connection.execute(update(_ACTIONS).where(said).values(content=""))
        await connection.execute(delete(_FEEDBACK).where(_FEEDBACK.c.signal_id.in_(ids)))
        asked = update(_QUESTIONS).where(_QUESTIONS.c.signal_id.in_(ids))
        await connection.execute(asked.values(answer=None, message_id=None))
        proposed = _SUGGESTIONS.c.signal_id.in_(ids)
        still = _SUGGESTIONS.c.state.in_((SuggestionState.OPEN.value, SuggestionState.POSTING.value))
        expired = {"state": SuggestionState.EXPIRED.value, "decided_at": now}
        await connection.execute(update(_SUGGESTIONS).where(proposed, still).values(**expired))
        # Not empty: by that its card is found and removed.
        emptied = {"proposed": WHY, "posted": None, "reason": WHY}
        await connection.execute(update(_SUGGESTIONS).where(proposed).values(**emptied))
        await SummaryTextRepository(self._session).forget_messages([(row[0], row[1]) for row in rows])
        await StatisticsMarkRepository(self._session).mark(slot_of(row[1]) for row in rows)
