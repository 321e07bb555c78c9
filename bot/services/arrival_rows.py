"""From arrivals to rows of `signals`: redacted, tagged and decided. Pure, and on the hot path."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain.arrival import Arrival, Change
from bot.domain.policy import ANSWERED_LANGUAGES, FOREIGN_TRUST
from bot.domain.signal import Intent, Judgement, PlanKind, Purpose, Sentiment, Stage, Status, Urgency
from bot.domain.snowflake import DISCORD_EPOCH_MS
from bot.nlp.classifier import NanoClassifier
from bot.nlp.redaction import REDACTED, redact

SOURCE = "discord"
NOTHING_ASKED = "nothing asked"
SLICE = 32  # messages judged before the event loop gets its turn; as many as the gateway reads in one
LARGE_SLICE = 64  # while the queue is long: faster than the gateway reads, so that it empties
SLICE_CHARACTERS = 8_000  # of these together: as many emoji took 14 ms on one of two cores, letters 3
_MAX_ID = 2**63  # as large as the columns are
_MAX_NAME, _MAX_RATIONALE = 100, 300  # characters, as the columns have them
_MAX_ID = 2**63  # as large as the columns are
# The values, because a database driver takes longer for an enum.
_OBSERVE, _DONE = Stage.OBSERVE.value, Stage.DONE.value
_PENDING, _SKIPPED, _NOOP = Status.PENDING.value, Status.SKIPPED.value, PlanKind.NOOP.value
_OTHER = Intent.OTHER
_PLAIN: dict[str, str] = {
    value: str(value.value) for kind in (Purpose, Sentiment, Urgency, Intent) for value in kind
}


def clean(text: str) -> str:
    """Return `text` as every database can store it: no NUL, no half of a surrogate pair; secrets redacted."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    if "\0" in text:
        text = text.replace("\0", "")
    return redact(text)


def _clean_all(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return attachments or embeds with every text in them cleaned: previews repeat what was said."""
    return [{key: clean(v) if isinstance(v, str) else v for key, v in part.items()} for part in parts]


def slices(arrivals: Sequence[Arrival], size: int) -> Iterator[list[Arrival]]:
    """Yield `arrivals` in parts of at most `size` messages and `SLICE_CHARACTERS`, or one that is longer."""
    part: list[Arrival] = []
    room = SLICE_CHARACTERS
    for arrival in arrivals:
        length = len(arrival.content)
        if part and (len(part) == size or length > room):
            yield part
            part, room = [], SLICE_CHARACTERS
        part.append(arrival)
        room -= length
    if part:
        yield part


def rows_of(arrivals: Sequence[Arrival], classifier: NanoClassifier, now: datetime) -> list[dict[str, Any]]:
    """Return one row per create or edit, in their order, all with the same keys."""
    texts = [clean(arrival.content) for arrival in arrivals]
    judgements = classifier.classify(texts)
    return [_row(*each, now) for each in zip(arrivals, texts, judgements, strict=True)]


def _row(arrival: Arrival, text: str, judgement: Judgement, now: datetime) -> dict[str, Any]:
    purpose, sentiment, score, urgency, toxicity, intent, confidence, rationale, language, uncertain = (
        judgement
    )
    if language not in ANSWERED_LANGUAGES:
        confidence = round(confidence * FOREIGN_TRUST, 3)
    message_id = arrival.message_id
    open_ = (intent != _OTHER or uncertain or arrival.to_bot) and not arrival.muted
    author_name = arrival.author_name
    return {
        "id": f"{SOURCE}:{message_id}",
        "source": SOURCE,
        "guild_id": arrival.guild_id,
        "channel_id": arrival.channel_id,
        "thread_id": arrival.thread_id,
        "place_id": arrival.thread_id or arrival.channel_id,
        "message_id": message_id,
        "reply_to_id": arrival.reply_to_id,
        "author_id": arrival.author_id,
        "author_name": author_name
        if author_name.isascii() and author_name.isprintable()
        else clean(author_name)[:_MAX_NAME],
        "content": text,
        "attachments": _clean_all(arrival.attachments) if arrival.attachments else None,
        "embeds": _clean_all(arrival.embeds) if arrival.embeds else None,
        "mentions": arrival.mentions,
        "created_at": datetime.fromtimestamp(((message_id >> 22) + DISCORD_EPOCH_MS) / 1000, UTC),
        "ingested_at": now,
        "edited_at": arrival.edited_at,
        "backfilled": arrival.backfilled,
        "language": language,
        "purpose": _PLAIN[purpose],
        "sentiment": _PLAIN[sentiment],
        "sentiment_score": score,
        "urgency": _PLAIN[urgency],
        "toxicity": toxicity,
        "intent": _PLAIN[intent],
        "confidence": confidence,
        "rationale": rationale[:_MAX_RATIONALE],
        "stage": _OBSERVE if open_ else _DONE,
        "status": _PENDING if open_ else _SKIPPED,
        "plan": None if open_ else _NOOP,
        "attempts": 0,
        "reason": "" if open_ else NOTHING_ASKED if intent == _OTHER else "author has an ignored role",
    }


EDITED_COLUMNS = (
    "content", "attachments", "embeds", "mentions", "edited_at", "language", "purpose", "sentiment",
    "sentiment_score", "urgency", "toxicity", "intent", "confidence", "rationale",
)  # fmt: skip

# What a signal that only the light judge has seen has in these columns.
UNREFINED: dict[str, Any] = {"judge": None, "light_intent": None, "light_confidence": None}


def edit_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return what an edit changes of a stored signal; where it is on the road stays."""
    return {"key": row["id"], **{name: row[name] for name in EDITED_COLUMNS}, **UNREFINED}


def tombstone_of(arrival: Arrival, now: datetime) -> dict[str, Any]:
    """Return the row that stands for a deleted message."""
    message_id = arrival.message_id
    return {
        "id": f"{SOURCE}:{message_id}",
        "source": SOURCE,
        "guild_id": arrival.guild_id,
        "channel_id": arrival.channel_id,
        "thread_id": arrival.thread_id,
        "place_id": arrival.place_id,
        "message_id": message_id,
        "created_at": datetime.fromtimestamp(((message_id >> 22) + DISCORD_EPOCH_MS) / 1000, UTC),
        "ingested_at": now,
        "stage": _DONE,
        "status": _SKIPPED,
        "reason": "message deleted",
    }


def member_of(arrival: Arrival, now: datetime) -> dict[str, Any]:
    """Return the row of `members` for a message's author."""
    return {
        "guild_id": arrival.guild_id,
        "user_id": arrival.author_id,
        "name": clean(arrival.author_name)[:_MAX_NAME],
        "first_seen_at": now,
    }


class Unjudged:
    """The classifier that says nothing, for when the real one fails."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Return "unknown" for each text."""
        unknown = Judgement(
            Purpose.UNKNOWN, Sentiment.NEUTRAL, 0.0, Urgency.LOW, 0.0, Intent.OTHER, 0.0, "", "und"
        )
        return [unknown] * len(texts)


def leaks_of(arrivals: Sequence[Arrival], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of which something was redacted; a clean text is the same object before and after."""
    return [
        row
        for arrival, row in zip(arrivals, rows, strict=True)
        if row["content"] is not arrival.content
        and REDACTED in row["content"]
        and REDACTED not in arrival.content
    ]


def can_be_stored(arrival: Arrival, now: datetime) -> bool:
    """Whether a row can be made of `arrival`, judged or not."""
    try:
        if arrival.change in (Change.CREATE, Change.EDIT):
            rows_of([arrival], Unjudged(), now)
            member_of(arrival, now)
        else:
            tombstone_of(arrival, now)
    except Exception:  # noqa: BLE001  (that is the question)
        return False
    return arrival.message_id < _MAX_ID
