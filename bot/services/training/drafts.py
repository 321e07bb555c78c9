"""What staff write for an entry, before it is stored: tidied, held to the limits, compared."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from urllib.parse import urlsplit

from bot.domain.errors import UserFacingError
from bot.models import TrainingEntry
from bot.nlp.retrieval.normalise import normalise
from bot.services.arrival_rows import clean
from bot.texts import text

MAX_QUESTIONS: Final = 50  # of one entry
MAX_ENTRIES: Final = 20_000  # of one guild
MAX_QUESTION: Final = 1_000  # characters
MAX_ANSWER: Final = 4_000  # characters
MAX_CATEGORY: Final = 100  # characters
MAX_LINKS: Final = 10
MAX_LINK: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry as staff want it; `valid_until` is the first moment it no longer holds."""

    questions: tuple[str, ...]
    answer: str
    category: str = ""
    links: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def holds_with(self, other: "Draft | TrainingEntry") -> bool:
        """Whether there is a moment at which both are valid."""
        return not (
            _ends_before(self.valid_until, other.valid_from)
            or _ends_before(other.valid_until, self.valid_from)
        )

    def answers_as(self, other: "Draft | TrainingEntry") -> bool:
        """Whether everything but the questions is the same."""
        return (self.answer, self.category, self.links, self.valid_from, self.valid_until) == (
            other.answer, other.category, tuple(other.links or ()), other.valid_from, other.valid_until,
        )  # fmt: skip


def tidy(draft: Draft) -> Draft:
    """Return `draft` as it is stored: trimmed, secrets redacted, each question once and on one line.

    Raises:
        UserFacingError: it can't be stored; the text says why.
    """
    questions = _tidy_questions(draft.questions)
    answer = clean(draft.answer).strip()
    category = " ".join(clean(draft.category).split())
    links = tuple(dict.fromkeys(link for each in draft.links if (link := clean(each).strip())))
    if not answer:
        raise UserFacingError(text("training.answer_empty"))
    if len(answer) > MAX_ANSWER:
        raise UserFacingError(text("training.answer_long", length=f"{len(answer):,}", most=f"{MAX_ANSWER:,}"))
    if len(category) > MAX_CATEGORY:
        raise UserFacingError(text("training.category_long", most=MAX_CATEGORY))
    _check_links(links)
    if draft.valid_from and draft.valid_until and draft.valid_from >= draft.valid_until:
        raise UserFacingError(text("training.ends_before_it_begins"))
    return replace(draft, questions=questions, answer=answer, category=category, links=links)


def same_key(normal: str) -> str:
    """Return the digest of a normalised question, 32 characters."""
    return hashlib.blake2b(normal.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def keys_of(questions: Sequence[str]) -> dict[str, str]:
    """Return the questions by their digests; of those that count as the same, the first."""
    found: dict[str, str] = {}
    for question in questions:
        found.setdefault(same_key(normalise(question)), question)
    return found


def snapshot(draft: Draft) -> dict[str, Any]:
    """Return an entry as its history keeps it."""
    return {
        "questions": list(draft.questions),
        "answer": draft.answer,
        "category": draft.category,
        "links": list(draft.links),
        "valid_from": draft.valid_from.isoformat() if draft.valid_from else None,
        "valid_until": draft.valid_until.isoformat() if draft.valid_until else None,
    }


def draft_of_snapshot(kept: dict[str, Any]) -> Draft:
    """Return what `snapshot` was made of."""
    return Draft(
        tuple(kept["questions"]),
        kept["answer"],
        kept["category"],
        tuple(kept["links"]),
        datetime.fromisoformat(kept["valid_from"]) if kept["valid_from"] else None,
        datetime.fromisoformat(kept["valid_until"]) if kept["valid_until"] else None,
    )


def draft_of(entry: TrainingEntry, questions: Sequence[str]) -> Draft:
    """Return a stored entry as a draft."""
    return Draft(
        tuple(questions), entry.answer, entry.category, tuple(entry.links or ()),
        entry.valid_from, entry.valid_until,
    )  # fmt: skip


def _tidy_questions(given: Sequence[str]) -> tuple[str, ...]:
    questions = tuple(keys_of([line for each in given if (line := " ".join(clean(each).split()))]).values())
    if not questions:
        raise UserFacingError(text("training.question_empty"))
    if len(questions) > MAX_QUESTIONS:
        raise UserFacingError(text("training.questions_many", most=MAX_QUESTIONS, count=len(questions)))
    longest = max(map(len, questions))
    if longest > MAX_QUESTION:
        raise UserFacingError(text("training.question_long", length=f"{longest:,}", most=f"{MAX_QUESTION:,}"))
    return questions


def _check_links(links: Sequence[str]) -> None:
    if len(links) > MAX_LINKS:
        raise UserFacingError(text("training.links_many", most=MAX_LINKS))
    for link in links:
        if len(link) > MAX_LINK or any(sign.isspace() for sign in link):
            raise UserFacingError(text("training.link_long", most=MAX_LINK))
        try:
            parts = urlsplit(link)
        except ValueError:
            raise UserFacingError(text("training.link_wrong")) from None
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise UserFacingError(text("training.link_scheme"))


def parse_moment(written: str, zone: tzinfo, *, ends: bool = False) -> datetime | None:
    """Return the moment that a date, or a date with a time, stands for in `zone`; None for an empty one.

    A date alone is the beginning of that day or, if something `ends` with it, of the next one.

    Raises:
        UserFacingError: it is neither.
    """
    if not written.strip():
        return None
    try:
        moment = datetime.fromisoformat(written.strip())
        if ends and len(written.strip()) <= len("2026-12-24"):
            moment += timedelta(days=1)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserFacingError(text("training.no_date", written=written.strip()[:40])) from None


def _ends_before(until: datetime | None, start: datetime | None) -> bool:
    return until is not None and start is not None and until <= start
