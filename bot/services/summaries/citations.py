"""What a model says of messages, and how much of it rests on them: a claim without its source is no claim."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.domain.outgoing import prepare
from bot.domain.summaries import Claim, Topic
from bot.llm.gate import Examiner, Passed
from bot.nlp.redaction import redact

MOST_TEXT: Final = 400  # characters of a claim
MOST_TITLE: Final = 100
MOST_CLAIMS: Final = 6  # of a kind, of a topic
UNTITLED: Final = "More"
_NUMBERS: Final = re.compile(r"\s*\[#?\d{1,4}(?:\s*,\s*#?\d{1,4})*\]")  # repeated in the text


def _demand_all(schema: dict[str, Any]) -> None:
    """Have a model held to naming everything; what it leaves out all the same is taken as none."""
    schema["required"] = list(schema["properties"])
    for each in schema["properties"].values():
        each.pop("default", None)


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=_demand_all)


class SaidClaim(_Said):
    """A claim as a model says it; `sources` are numbers it was shown."""

    text: str
    sources: list[int] = []


class SaidTopic(_Said):
    """A topic as a model says it."""

    title: str
    sentences: list[SaidClaim] = []
    decisions: list[SaidClaim] = []
    actions: list[SaidClaim] = []
    questions: list[SaidClaim] = []


class SaidTopics(_Said):
    """All that a model says."""

    topics: list[SaidTopic]


def checked(
    said: SaidTopics, known: Mapping[int, Sequence[int]], examiner: Examiner
) -> tuple[Topic, ...] | None:
    """Return the topics a model named, with the claims that rest on what it was shown.

    A claim that names no source, or one that it wasn't shown, is left out, whatever else it names. None: it
    gives something away, so that nothing of it may be used.

    Args:
        said: the model's answer.
        known: message ids by the numbers it was shown.
        examiner: of the prompt.
    """
    topics = tuple(_topic(each, known, examiner) for each in said.topics)
    kept = tuple(each for each in topics if each.claims)
    if examiner.leak("\n".join(text for each in kept for text in _texts(each))):
        return None
    return kept


def own_words(topics: Sequence[Topic], examiner: Examiner) -> tuple[Topic, ...]:
    """Return extracts as they may be shown: members' words, without what would give something away."""
    cleaned = [
        Topic(
            title=_clean(each.title, MOST_TITLE, examiner) or UNTITLED,
            sentences=_extracts(each.sentences, examiner),
            decisions=_extracts(each.decisions, examiner),
            actions=_extracts(each.actions, examiner),
            questions=_extracts(each.questions, examiner),
            message_ids=each.message_ids,
            title_ids=each.title_ids,
            is_extract=True,
        )
        for each in topics
    ]
    return tuple(each for each in cleaned if each.claims and not examiner.leak("\n".join(_texts(each))))


def _topic(said: SaidTopic, known: Mapping[int, Sequence[int]], examiner: Examiner) -> Topic:
    topic = Topic(
        title=_clean(said.title, MOST_TITLE, examiner) or UNTITLED,
        sentences=_claims(said.sentences, known, examiner),
        decisions=_claims(said.decisions, known, examiner),
        actions=_claims(said.actions, known, examiner),
        questions=_claims(said.questions, known, examiner),
    )
    ids = sorted({id_ for claim in topic.claims for id_ in claim.message_ids})
    return replace(topic, message_ids=tuple(ids))


def _claims(
    said: Sequence[SaidClaim], known: Mapping[int, Sequence[int]], examiner: Examiner
) -> tuple[Claim, ...]:
    found = (_claim(each, known, examiner) for each in said[:MOST_CLAIMS])
    return tuple(claim for claim in found if claim is not None)


def _claim(said: SaidClaim, known: Mapping[int, Sequence[int]], examiner: Examiner) -> Claim | None:
    if not said.sources or not known.keys() >= set(said.sources):
        return None
    text = _clean(_NUMBERS.sub("", said.text), MOST_TEXT, examiner)
    ids = sorted({id_ for number in said.sources for id_ in known[number]})
    return Claim(text, tuple(ids)) if text else None


def _extracts(claims: Sequence[Claim], examiner: Examiner) -> tuple[Claim, ...]:
    texts = [(_clean(each.text, MOST_TEXT, examiner), each.message_ids) for each in claims]
    return tuple(Claim(text, ids) for text, ids in texts if text and ids)


def _clean(text: str, most: int, examiner: Examiner) -> str:
    """Return a text on one line as it may leave; "" where nothing is left of it."""
    verdict = examiner.clean(text)
    if not isinstance(verdict, Passed):
        return ""
    line = " ".join(redact(prepare(verdict.text)).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _texts(topic: Topic) -> list[str]:
    return [topic.title, *(claim.text for claim in topic.claims)]
