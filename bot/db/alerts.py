"""What servers want to be told, what was asked and reported of late, and the nudges to helpers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy import select as sa_select
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.domain.signal import Purpose, signal_id
from bot.models import Action, AlertSettings, Nudge, Outcome, Question, SignalRecord

_TABLE = SignalRecord.__table__  # type: ignore[attr-defined]
# As the index has it, so that a plan made without knowing parameters takes it too.
_ASKED: ColumnElement[bool] = literal_column("intent <> 'other'")
_SOURCE = "discord"
_AT_ONCE = 500  # ids in one condition
_REPLY = "reply"
_TOO_FAR = "below"  # the band of entries that are no answer


class Asked(NamedTuple):
    """A request or report."""

    message_id: int
    place_id: int
    author_id: int
    content: str
    intent: str
    created_at: datetime
    edited_at: datetime | None


_COLUMNS = tuple(_TABLE.c[name] for name in Asked._fields)


class AlertRepository:
    """The rows seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def settings(self) -> Sequence[AlertSettings]:
        """Return every server's settings."""
        return (await self._session.exec(select(AlertSettings))).all()

    async def settings_of(self, guild_id: int) -> AlertSettings | None:
        """Return a server's settings, None where it has chosen nothing."""
        return await self._session.get(AlertSettings, guild_id, populate_existing=True)

    async def change(self, guild_id: int, values: dict[str, Any]) -> AlertSettings:
        """Set columns of a known server's settings, which begin with the defaults; return the settings."""
        begun = AlertSettings(guild_id=guild_id).model_dump() | values
        insert = insert_for(self._session, AlertSettings).values(**begun)
        statement = insert.on_conflict_do_update(
            index_elements=["guild_id"], set_=values or {"guild_id": guild_id}
        )
        await self._session.exec(statement)
        settings = await self._session.get(AlertSettings, guild_id, populate_existing=True)
        assert settings is not None  # just written
        return settings

    async def asked(self, guild_id: int, since: datetime, before: datetime, limit: int) -> list[Asked]:
        """Return the newest requests and reports of a time, newest first: not erased, no spam."""
        query = (
            sa_select(*_COLUMNS)
            .where(_ASKED, _TABLE.c.guild_id == guild_id)
            .where(_TABLE.c.created_at >= since, _TABLE.c.created_at < before)
            .where(_TABLE.c.deleted_at.is_(None), _TABLE.c.purpose != Purpose.SPAM.value)
            .order_by(_TABLE.c.created_at.desc(), _TABLE.c.message_id.desc())
            .limit(limit)
        )
        rows = (await (await self._session.connection()).execute(query)).all()
        return [Asked(*row) for row in rows]

    async def standing(self, message_ids: Sequence[int]) -> dict[int, Asked]:
        """Return those of some messages that are neither erased nor spam, by id."""
        found: dict[int, Asked] = {}
        for start in range(0, len(message_ids), _AT_ONCE):
            ids = [signal_id(_SOURCE, each) for each in message_ids[start : start + _AT_ONCE]]
            query = sa_select(*_COLUMNS).where(
                _TABLE.c.id.in_(ids), _TABLE.c.deleted_at.is_(None), _TABLE.c.purpose != Purpose.SPAM.value
            )
            rows = (await (await self._session.connection()).execute(query)).all()
            found |= {row.message_id: Asked(*row) for row in rows}
        return found

    async def answered(self, message_ids: Sequence[int]) -> set[int]:
        """Return those of some messages that the bot answered from what it was trained on."""
        found: set[int] = set()
        for start in range(0, len(message_ids), _AT_ONCE):
            ids = {signal_id(_SOURCE, each): each for each in message_ids[start : start + _AT_ONCE]}
            grounded = (
                select(Question.id)
                .where(
                    col(Question.key) == col(Action.signal_id),
                    Question.outcome == Outcome.ANSWERED.value,
                    col(Question.entry_id).is_not(None),
                    Question.band != _TOO_FAR,
                )
                .exists()
            )
            query = select(Action.signal_id).where(
                col(Action.signal_id).in_(ids),
                col(Action.kind) == _REPLY,  # what was only suggested to staff is no answer
                col(Action.message_id).is_not(None),
                grounded,
            )
            found |= {ids[each] for each in (await self._session.exec(query)).all()}
        return found

    async def last_nudge(self, guild_id: int) -> Nudge | None:
        """Return a server's newest nudge."""
        query = select(Nudge).where(Nudge.guild_id == guild_id).order_by(col(Nudge.id).desc()).limit(1)
        return (await self._session.exec(query)).first()

    async def nudged(self, guild_id: int, since: datetime) -> set[int]:
        """Return the questions that helpers were called to since then."""
        query = select(Nudge.message_ids).where(Nudge.guild_id == guild_id, col(Nudge.created_at) >= since)
        return {int(each) for ids in (await self._session.exec(query)).all() for each in ids}

    async def begin_nudge(self, nudge: Nudge) -> Nudge:
        """Insert a nudge that is about to be posted."""
        self._session.add(nudge)
        await self._session.flush()
        return nudge

    async def end_nudge(self, nudge_id: int, message_id: int | None, now: datetime) -> None:
        """Note what became of it; None: it was given up."""
        values = {"message_id": message_id, "finished_at": now}
        await self._session.exec(update(Nudge).where(col(Nudge.id) == nudge_id).values(**values))

    async def purge_nudges(self, before: datetime) -> int:
        """Delete nudges made before then."""
        done = await self._session.exec(delete(Nudge).where(col(Nudge.created_at) < before))
        return done.rowcount or 0
