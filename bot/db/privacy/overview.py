"""What is kept of a member: how many rows of each kind, and the rows themselves, page by page."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.privacy.scope import Whose, table_of


class Kind(NamedTuple):
    """A kind of rows of which a member has some.

    Attributes:
        owner: the column with their id.
        columns: what an export tells of it: what is theirs, and no words of others.
    """

    name: str
    table: str
    owner: str
    columns: tuple[str, ...]


KINDS: Final = (
    Kind("members", "members", "user_id", ("guild_id", "name", "first_seen_at", "next_reply_at")),
    Kind(
        "messages", "signals", "author_id",
        (
            "id", "guild_id", "channel_id", "thread_id",
            "message_id", "reply_to_id", "author_name", "content",
            "attachments", "embeds", "mentions", "created_at",
            "edited_at", "language", "purpose", "sentiment",
            "sentiment_score", "urgency", "toxicity", "intent", "confidence", "rationale", "stage", "status",
            "plan", "reason", "observed_at", "decided_at", "finished_at",
        ),
    ),
    Kind("reactions", "message_reactions", "user_id", ("guild_id", "message_id", "emoji", "kind")),
    Kind(
        "feedback", "feedback", "user_id",
        ("guild_id", "message_id", "kind", "giver", "verdict", "correct_intent", "created_at"),
    ),
    Kind("calls_to_messages", "summons", "user_id", ("guild_id", "message_id", "state", "created_at")),
    Kind(
        "tickets", "tickets", "opener_id",
        (
            "guild_id", "number", "thread_id", "opener_name", "state", "priority", "title", "question",
            "environment", "source_channel_id", "source_message_id", "opened_at", "first_response_at",
            "handed_over_at", "resolved_at", "closed_at", "reopened", "rating", "rated_at",
        ),
    ),
    Kind(
        "ticket_messages", "ticket_messages", "author_id",
        ("ticket_id", "message_id", "author_name", "role",
         "content", "attachments", "created_at", "edited_at"),
    ),
    Kind(
        "ticket_events", "ticket_events", "actor_id", ("ticket_id", "kind", "detail", "at"),
    ),
    Kind(
        "ticket_drafts", "ticket_drafts", "opener_id",
        ("guild_id", "title", "question", "environment", "created_at"),
    ),
    Kind("reports_of_problems", "incident_reports", "author_id", ("incident_id", "message_id", "created_at")),
    Kind(
        "summaries_for_you", "summaries", "reader_id",
        ("id", "guild_id", "starts_at", "ends_at", "created_at"),
    ),
    Kind("quoted_in_summaries", "summary_sources", "author_id", ("summary_id", "message_id")),
    Kind("summary_feedback", "summary_feedback", "user_id", ("summary_id", "helpful", "created_at")),
    Kind("summary_notes", "summary_notes", "user_id", ("summary_id", "kind", "text", "created_at")),
    Kind(
        "figures_by_day", "daily_user_statistics", "user_id",
        (
            "guild_id", "channel_id", "date", "messages",
            "replies", "questions", "helped", "mood", "positive",
            "negative",
        ),
    ),
    Kind(
        "figures_by_month", "monthly_user_statistics", "user_id",
        ("guild_id", "month", "messages", "replies", "questions", "helped", "mood", "positive", "negative"),
    ),
    Kind(
        "counted_messages", "counted_messages", "user_id",
        ("guild_id", "message_id", "channel_id", "date", "hour", "mood", "asks", "replies", "helped"),
    ),
    Kind(
        "taught_by_you", "training_entries", "created_by",
        ("id", "guild_id", "answer", "category", "created_at"),
    ),
    Kind(
        "made_from_your_words", "training_entries", "source_author_id",
        ("id", "guild_id", "answer", "source_url", "created_at"),
    ),
    Kind(
        "suggestions_you_decided", "suggestions", "decided_by",
        ("guild_id", "state", "posted", "reason", "decided_at"),
    ),
    Kind("settings_you_changed", "setting_changes", "by_id", ("guild_id", "key", "old", "new", "at")),
    Kind("kept_by_plugins", "plugin_values", "user_id", ("plugin", "guild_id", "key", "value", "changed_at")),
)  # fmt: skip


class OverviewRepository:
    """What is kept of members, seen by one open session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def counts(self, whose: Whose) -> dict[str, int]:
        """Return how many rows of each kind they have, without kinds of which there are none."""
        connection = await self._session.connection()
        found: dict[str, int] = {}
        for kind in KINDS:
            table = table_of(kind.table)
            query = select(func.count()).select_from(table).where(*whose.owns(table.c[kind.owner]))
            count = (await connection.execute(query)).scalar_one()
            if count:
                found[kind.name] = int(count)
        return found

    async def page(
        self, whose: Whose, kind: Kind, after: tuple[Any, ...] | None, limit: int
    ) -> tuple[list[dict[str, Any]], tuple[Any, ...] | None]:
        """Return rows in the order of their keys, and the key to go on after, None at the end."""
        table = table_of(kind.table)
        keys: list[Column[Any]] = list(table.primary_key)
        columns = [table.c[name] for name in kind.columns]
        query = select(*keys, *columns).where(*whose.owns(table.c[kind.owner])).order_by(*keys).limit(limit)
        if after is not None:
            query = query.where(_after(keys, after))
        rows = (await (await self._session.connection()).execute(query)).all()
        told = [dict(zip(kind.columns, row[len(keys) :], strict=True)) for row in rows]
        return told, tuple(rows[-1][: len(keys)]) if len(rows) == limit else None


def _after(keys: Sequence[Column[Any]], last: Sequence[Any]) -> Any:
    """Return the condition for keys that sort after `last`."""
    first, *more = keys
    if not more:
        return first > last[0]
    return (first > last[0]) | ((first == last[0]) & _after(more, last[1:]))
