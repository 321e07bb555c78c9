"""What models made of some messages, found again when exactly these are summarized once more."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from bot.db.database import Database
from bot.domain.summaries import Line, Topic
from bot.models import SummaryPart
from bot.models.summary import claims_of, topic_of
from bot.services.clock import Clock

VERSION: Final = 1  # of what is kept, and of how claims are checked
KEPT_FOR: Final = timedelta(days=8)  # for a week's summary
MOST_MODEL: Final = 300  # characters


class Made(NamedTuple):
    """What a model made of some messages.

    Attributes:
        model: who, as people read it.
    """

    topics: tuple[Topic, ...]
    model: str


class Place(NamedTuple):
    """Where a part belongs: by this a deletion finds it.

    Attributes:
        place_ids: threads with their channels.
        first_id: of its messages.
    """

    guild_id: int
    place_ids: frozenset[int]
    first_id: int
    last_id: int

    @classmethod
    def of(cls, guild_id: int, lines: Sequence[Line]) -> "Place":
        """Return where these messages belong, at least one."""
        ids = [line.message_id for line in lines]
        places = {each for line in lines for each in (line.place_id, line.channel_id)}
        return cls(guild_id, frozenset(places), min(ids), max(ids))


def key_of(asked: Sequence[object], lines: Iterable[Line], edits: Mapping[int, datetime | None]) -> str:
    """Return the key of what is made of exactly these messages, as they are now.

    It tells nobody's audience from another's, and needn't: who has the same key has read the same messages.

    Args:
        asked: how they are asked about: guild, models, wording.
        lines: the messages.
        edits: when each was last changed.
    """
    told = [(line.message_id, line.text, line.author_name, edits.get(line.message_id)) for line in lines]
    return _hash([VERSION, *asked, told])


def key_of_merge(asked: Sequence[object], keys: Sequence[str]) -> str:
    """Return the key of what is made of some parts, in this order."""
    return _hash([VERSION, *asked, list(keys)])


class Partials:
    """Keeps parts in the database for a while."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, guild_id: int, key: str) -> Made | None:
        """Return what was made, None where it wasn't."""
        async with self._database.reading() as tx:
            part = await tx.summary_parts.get(guild_id, key)
        if part is None or part.created_at < self._clock.now() - KEPT_FOR:
            return None
        topics = (topic_of(each["title"], each["claims"], each["messages"]) for each in part.topics)
        return Made(tuple(topics), part.model)

    async def keep(self, key: str, place: Place, made: Made) -> None:
        """Keep what was made, for `KEPT_FOR`."""
        part = SummaryPart(
            key=key,
            guild_id=place.guild_id,
            place_ids=[str(each) for each in sorted(place.place_ids)],
            first_id=place.first_id,
            last_id=place.last_id,
            topics=[_kept(each) for each in made.topics],
            model=made.model[:MOST_MODEL],
            created_at=self._clock.now(),
        )
        async with self._database.transaction() as tx:
            await tx.summary_parts.keep(part)

    async def forget(self, guild_id: int, message_ids: Collection[int]) -> None:
        """Drop what may rest on messages that were deleted or changed while it was made."""
        async with self._database.transaction() as tx:
            await tx.summary_parts.forget_messages(guild_id, sorted(message_ids))


def _kept(topic: Topic) -> dict[str, Any]:
    messages = [str(each) for each in topic.message_ids]
    return {"title": topic.title, "claims": claims_of(topic), "messages": messages}


def _hash(parts: Sequence[object]) -> str:
    return hashlib.blake2b(json.dumps(parts, default=str).encode(), digest_size=24).hexdigest()
