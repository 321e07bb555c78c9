"""Tickets written but not opened yet, while their member looks at similar ones; a restart loses none."""

from datetime import timedelta
from typing import Final

from bot.db.database import Database
from bot.domain.errors import NotFoundError
from bot.domain.tickets import MAX_ENVIRONMENT, MAX_QUESTION, MAX_TITLE
from bot.models import TicketDraft
from bot.services.arrival_rows import clean
from bot.services.clock import Clock
from bot.services.tickets.opening import Wish
from bot.texts import text

KEPT_FOR: Final = timedelta(hours=24)
MAX_DRAFTS: Final = 200  # of a server; a member has one


class TicketDrafts:
    """Keeps wishes until their member has decided."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, wish: Wish) -> None:
        """Keep what a member wrote, under its key, instead of what they wrote before."""
        draft = TicketDraft(
            key=wish.key,
            guild_id=wish.guild_id,
            opener_id=wish.opener_id,
            opener_name=wish.opener_name[:100],
            actor_id=wish.actor_id,
            category_id=wish.category_id,
            title=clean(wish.title)[:MAX_TITLE],
            question=clean(wish.question)[:MAX_QUESTION],
            environment=clean(wish.environment)[:MAX_ENVIRONMENT],
            source_channel_id=wish.source_channel_id,
            source_message_id=wish.source_message_id,
            created_at=self._clock.now(),
        )
        async with self._database.transaction() as tx:
            await tx.ticket_drafts.keep(draft, self._clock.now() - KEPT_FOR, MAX_DRAFTS)

    async def get(self, guild_id: int, user_id: int, key: str) -> Wish:
        """Return what a member wrote.

        Raises:
            NotFoundError: it is gone, too old, or somebody else's.
        """
        async with self._database.reading() as tx:
            draft = await tx.ticket_drafts.get(key)
        theirs = draft is not None and user_id in (draft.actor_id, draft.opener_id)
        is_old = draft is not None and draft.created_at < self._clock.now() - KEPT_FOR
        if draft is None or is_old or not theirs or draft.guild_id != guild_id:
            raise NotFoundError(text("ticket_life.draft_gone"))
        names = TicketDraft.model_fields.keys() - {"created_at"}
        return Wish(**{name: getattr(draft, name) for name in names})

    async def drop(self, key: str) -> None:
        """Forget what a member wrote."""
        async with self._database.transaction() as tx:
            await tx.ticket_drafts.drop(key)
