"""The whole story of one message, and whether the bot can do its work."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loguru import logger

from bot.db.database import Database
from bot.domain.errors import NotFoundError
from bot.domain.signal import Judge
from bot.models import LEAK_PREFIX, Action, Feedback, Suggestion
from bot.models.signal import SignalRecord, signal_from_row
from bot.services.arrival_rows import SOURCE
from bot.services.ingest import IngestService
from bot.services.summoning import told
from bot.texts import text

LIMIT_SECONDS = 5.0  # longer than a busy database takes
FRESH_SECONDS = 2.0  # for how long an answer holds: anyone may ask


class StoryService:
    """Tells what was observed, decided and done about a message."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def story(self, signal_id: str) -> dict[str, Any] | None:
        """Return everything known of one signal as JSON-ready values (ids are numbers); None when unknown."""
        async with self._database.reading() as tx:
            record = await tx.signals.get(signal_id)
            actions = await tx.actions.list_for(signal_id)
            warnings = await tx.actions.list_for(LEAK_PREFIX + signal_id)
            feedback = await tx.feedback.list_for(signal_id)
            suggestion = await tx.suggestions.of(signal_id)
            calls = await tx.summons.list_for(signal_id)
        if record is None:
            return None
        return _tell(record, list(actions), feedback) | {
            "suggestion": _suggested(suggestion),
            "summons": told(calls),
            "warnings": [each.model_dump(mode="json") for each in warnings],
        }

    async def of_message(self, guild_id: int, message_id: int) -> dict[str, Any]:
        """Return the story of a message of one guild.

        Raises:
            NotFoundError: that guild has no such message here.
        """
        story = await self.story(f"{SOURCE}:{message_id}")
        if story is None or story["message"]["guild_id"] != guild_id:
            raise NotFoundError(text("audit.unknown_message"))
        return story


def _tell(record: SignalRecord, actions: list[Action], feedback: Sequence[Feedback]) -> dict[str, Any]:
    signal = signal_from_row(record.model_dump(), tuple(action.id for action in actions))
    message, tags, observer, plan = signal.message, signal.nano_tags, signal.observer, signal.orchestrator
    return {
        "id": signal.id,
        "source": signal.source,
        "stage": signal.stage.value,
        "language": signal.language,
        "backfilled": signal.backfilled,
        "deleted": record.deleted_at is not None,
        "message": {
            "guild_id": message.guild_id,
            "channel_id": message.channel_id,
            "thread_id": message.thread_id,
            "message_id": message.message_id,
            "reply_to_id": message.reply_to_id,
            "author_id": message.author_id,
            "author_name": message.author_name,
            "content": message.content,
            "attachments": message.attachments,
            "embeds": message.embeds,
            "mentions": message.mentions,
            "link": message.link,
        },
        "nano_tags": {
            "purpose": tags.purpose.value,
            "sentiment": tags.sentiment.value,
            "sentiment_score": tags.sentiment_score,
            "urgency": tags.urgency.value,
            "toxicity": tags.toxicity,
        },
        "observer": {
            "intent": observer.intent.value,
            "confidence": observer.confidence,
            "rationale": observer.rationale,
            "judge": record.judge or Judge.LIGHT.value,
            "light": _light(record),
        },
        "orchestrator": {
            "status": plan.status.value,
            "plan": plan.plan.value if plan.plan else None,
            "reason": plan.reason,
            "action_ids": list(plan.action_ids),
        },
        "actions": [action.model_dump(mode="json") for action in actions],
        "feedback": [
            {"giver": each.giver, "verdict": each.verdict, "correct_intent": each.correct_intent}
            for each in feedback
        ],
        "times": {
            name: moment.isoformat() if (moment := getattr(record, f"{name}_at")) else None
            for name in ("created", "ingested", "edited", "deleted", "observed", "decided", "finished")
        },
    }


def _suggested(suggestion: Suggestion | None) -> dict[str, Any] | None:
    """Return what staff made of a reply they were asked about, None where they weren't."""
    if suggestion is None:
        return None
    told = suggestion.model_dump(
        mode="json", include={"state", "proposed", "posted", "reason", "decided_by", "decided_at", "source"}
    )
    return told | {"edited": suggestion.posted is not None}


def _light(record: SignalRecord) -> dict[str, Any] | None:
    """Return what the light judge had said, None where nobody said otherwise."""
    if record.light_intent is None:
        return None
    return {"intent": record.light_intent, "confidence": record.light_confidence}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the bot can do its work."""

    gateway_connected: bool
    database_writable: bool
    training_loaded: bool
    queue_depth: int
    open_gaps: int


class HealthService:
    """Looks at the gateway, the database, what is in memory and the queues; at the database now and then."""

    def __init__(
        self,
        database: Database,
        ingest: IngestService,
        connected: Callable[[], bool],
        loaded: Callable[[], bool] = lambda: True,
    ) -> None:
        self._database = database
        self._ingest = ingest
        self._connected = connected
        self._loaded = loaded
        self._looking = asyncio.Lock()  # whoever asks meanwhile gets the same answer
        self._found = (False, 0)  # writable, open gaps
        self._fresh_until = -1.0  # in the loop's time

    async def readiness(self) -> Readiness:
        """Look now; a database that doesn't answer within LIMIT_SECONDS counts as not writable."""
        time = asyncio.get_running_loop().time
        async with self._looking:
            if time() >= self._fresh_until:
                self._found = await self._look()
                self._fresh_until = time() + FRESH_SECONDS
        writable, gaps = self._found
        return Readiness(self._connected(), writable, self._loaded(), self._ingest.depth, gaps)

    async def _look(self) -> tuple[bool, int]:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._database.ping()
                async with self._database.reading() as tx:
                    return True, await tx.gaps.count_open()
        except Exception as error:  # noqa: BLE001  (whatever it is, that is the answer)
            logger.warning("The database does not answer: {}", str(error) or type(error).__name__)
            return False, 0
