"""Rows of summaries; each call names only what its test is about."""

from datetime import date
from typing import Any

from bot.domain.summaries import Claim, Topic
from bot.models import Summary, SummaryKind, SummaryPart, SummarySource, SummaryTopic
from bot.models.summary import claims_of
from tests.db.support import CHANNEL, GUILD, MEMBER, MESSAGE, NOW, later

DATE = date(2026, 3, 1)
TOPIC = Topic(
    "Export", (Claim("a", (MESSAGE, MESSAGE + 1)), Claim("b", (MESSAGE + 2,))), message_ids=(MESSAGE,)
)


def summary(**values: Any) -> Summary:
    known: dict[str, Any] = {
        "guild_id": GUILD, "kind": SummaryKind.DAILY, "local_date": DATE, "reading": "short",
        "starts_at": NOW, "ends_at": later(60), "place_ids": [str(CHANNEL)], "created_at": NOW,
    }  # fmt: skip
    return Summary(**known | values)


def summary_topic(topic: Topic = TOPIC, position: int = 0) -> SummaryTopic:
    ids = [str(each) for each in topic.message_ids]
    return SummaryTopic(
        summary_id=0, position=position, title=topic.title, claims=claims_of(topic), message_ids=ids
    )


def summary_source(number: int = 0, author_id: int = MEMBER, place_id: int = CHANNEL) -> SummarySource:
    return SummarySource(
        summary_id=0, message_id=MESSAGE + number, place_id=place_id, channel_id=CHANNEL, author_id=author_id
    )


def summary_part(key: str = "k", first: int = 0, last: int = 9, **values: Any) -> SummaryPart:
    known: dict[str, Any] = {
        "key": key, "guild_id": GUILD, "place_ids": [str(CHANNEL)], "first_id": MESSAGE + first,
        "last_id": MESSAGE + last, "topics": [], "model": "small", "created_at": NOW,
    }  # fmt: skip
    return SummaryPart(**known | values)
