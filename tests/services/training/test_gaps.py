"""What is missing: one gap for one thing, however it was asked; nothing from where the reader can't read."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.db.database import Database
from bot.domain.audience import Person
from bot.models import Outcome, Question
from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.services.audience import AudienceService
from bot.services.meaning import Meaning
from bot.services.training.drafts import Draft
from bot.services.training.entries import TrainingEntries
from bot.services.training.gaps import Missing, TrainingGaps
from bot.services.training.knowledge import Knowledge
from tests.db.support import MESSAGE, signal_row, store, ticket, ticket_message
from tests.fakes import FakeClock
from tests.services.places import HIDDEN, OPEN, OWNER, Places
from tests.services.support import GUILD, MEMBER, NOW

STAFF = 71
READER = Person(STAFF, GUILD, frozenset())
LOGIN = (
    "How do I reset my password?",
    "How can I reset the password of my account?",
    "reset my password, how?",
    "I want to reset my password",
    "password reset for my account?",
)
WEATHER = "Does the map of rivers show floods in winter?"
FORM = (WEATHER, "Can I pay by invoice at the end of a year?")


class Themes:
    """A model for which texts with the same first letter mean the same; it can fail or hang."""

    name, dim = "themes-1", 32
    failure: Exception | None = None
    hangs = False

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def encode(self, texts: Sequence[str]) -> Vectors:
        if self.failure is not None:
            raise self.failure
        if self.hangs:
            await asyncio.Event().wait()
        self.asked += texts
        return np.stack([np.eye(self.dim, dtype=np.float32)[ord(text[0]) % self.dim] for text in texts])

    async def close(self) -> None: ...


@pytest.fixture
def audience() -> AudienceService:
    service = AudienceService()
    service.read_from(Places())
    return service


@pytest.fixture
def entries(database: Database, clock: FakeClock, knowledge: Knowledge) -> TrainingEntries:
    return TrainingEntries(database, clock, knowledge.update)


@pytest.fixture
def gaps(
    database: Database, clock: FakeClock, knowledge: Knowledge, audience: AudienceService
) -> TrainingGaps:
    return TrainingGaps(database, clock, Meaning(None), knowledge, audience)


async def ask(database: Database, *texts: str, first: int = 0, channel: int = OPEN, **values: Any) -> None:
    """Have members ask in vain, outside tickets."""
    async with database.transaction() as tx:
        await tx.guilds.ensure(GUILD, NOW)
    rows = [
        signal_row(number, content=text, guild_id=GUILD, channel_id=channel, author_id=MEMBER)
        for number, text in enumerate(texts, first)
    ]
    await store(database, *rows)
    known: dict[str, Any] = {"guild_id": GUILD, "outcome": Outcome.SILENT.value, "asked_at": NOW}
    async with database.transaction() as tx:
        for row in rows:
            await tx.questions.begin(Question(key=row["id"], signal_id=row["id"], **known | values))


def shown(missing: Missing) -> list[tuple[int, str]]:
    return [(gap.count, gap.texts[0]) for gap in missing.gaps]


async def test_one_thing_asked_in_different_words_is_one_gap(database: Database, gaps: TrainingGaps) -> None:
    await ask(database, *LOGIN, *FORM, LOGIN[0].upper())
    missing = await gaps.find(GUILD, READER)
    [login, *others] = missing.gaps
    assert (login.count, set(login.texts)) == (6, {*LOGIN[1:], LOGIN[0].upper()})
    assert [(gap.count, gap.texts) for gap in others] == [(1, (text,)) for text in reversed(FORM)]
    assert not missing.is_fallback


async def test_by_meaning_where_there_is_a_model_and_by_words_where_it_fails(
    database: Database, clock: FakeClock, knowledge: Knowledge, audience: AudienceService
) -> None:
    model = Themes()
    with_model = TrainingGaps(database, clock, Meaning(model), knowledge, audience)
    await ask(database, "alpha", "another thing", "beta")
    missing = await with_model.find(GUILD, READER)
    assert [gap.count for gap in missing.gaps] == [2, 1]
    await with_model.find(GUILD, READER)
    assert len(model.asked) == 3  # vectors are kept
    model.failure = EncoderUnavailable("no model")
    failing = TrainingGaps(database, clock, Meaning(model), knowledge, audience)
    missing = await failing.find(GUILD, READER)
    assert [gap.count for gap in missing.gaps] == [1, 1, 1]
    assert missing.is_fallback


async def test_what_was_asked_where_the_reader_cant_read_is_not_counted(
    database: Database, gaps: TrainingGaps
) -> None:
    await ask(database, LOGIN[0], channel=HIDDEN)
    await ask(database, LOGIN[1], first=5)
    assert shown(await gaps.find(GUILD, READER)) == [(1, LOGIN[1])]


MINE, OTHERS, PUBLIC = "What is on my bill 4711?", "Does my card expire?", "Where is the manual kept?"


async def ask_in_tickets(database: Database) -> list[int]:
    """Have tickets handed over: private ones of a hidden and an open channel, and a public one."""
    ids = []
    places = ((MINE, HIDDEN, True), (OTHERS, OPEN, True), (PUBLIC, OPEN, False))
    async with database.transaction() as tx:
        await tx.guilds.ensure(GUILD, NOW)
        await tx.ticket_settings.change(GUILD, {})
        for number, (text, parent_id, is_private) in enumerate(places, 1):
            made = await tx.tickets.add(
                ticket(number, guild_id=GUILD, parent_id=parent_id, is_private=is_private, title=text,
                       question=text, opener_id=MEMBER + number, thread_id=900 + number)
            )  # fmt: skip
            assert made is not None
            ids.append(made.id)
            await tx.questions.begin(
                Question(key=text, guild_id=GUILD, ticket_id=made.id, asked_at=NOW, outcome="handed_over")
            )
            said = ticket_message(made.id, number, author_id=MEMBER + number, content=f"more: {text}")
            await tx.ticket_messages.add(said)
            await tx.questions.begin(
                Question(key=f"{text}+", guild_id=GUILD, ticket_id=made.id, message_id=MESSAGE + number,
                         asked_at=NOW, outcome="handed_over")
            )  # fmt: skip
    return ids


async def gap_texts(gaps: TrainingGaps, reader: Person) -> str:
    return "\n".join(text for gap in (await gaps.find(GUILD, reader)).gaps for text in gap.texts)


async def test_questions_of_tickets_are_shown_only_to_who_may_read_their_threads(
    database: Database, gaps: TrainingGaps
) -> None:
    await ask_in_tickets(database)
    staff = await gap_texts(gaps, READER)
    assert PUBLIC in staff
    assert MINE not in staff
    assert OTHERS not in staff
    owner = await gap_texts(gaps, Person(OWNER, GUILD, frozenset()))
    assert {text for text in (MINE, OTHERS, PUBLIC) if text in owner} == {MINE, OTHERS, PUBLIC}


async def test_questions_of_tickets_whose_thread_is_gone_are_no_gap(
    database: Database, gaps: TrainingGaps
) -> None:
    *_, public = await ask_in_tickets(database)
    async with database.transaction() as tx:
        await tx.tickets.set_quietly(public, {"thread_id": None})
    assert await gap_texts(gaps, READER) == ""


async def test_questions_of_who_opted_out_are_no_gap(database: Database, gaps: TrainingGaps) -> None:
    await ask_in_tickets(database)
    await ask(database, WEATHER, first=9)
    gaps.opted_out = lambda guild_id, user_id: (guild_id, user_id) == (GUILD, MEMBER)
    assert WEATHER not in await gap_texts(gaps, READER)
    gaps.opted_out = lambda guild_id, user_id: user_id == MEMBER + 3
    assert await gap_texts(gaps, READER) == WEATHER


async def test_a_gap_is_closed_by_teaching_it_and_open_again_when_that_does_not_help(
    database: Database, clock: FakeClock, gaps: TrainingGaps, entries: TrainingEntries
) -> None:
    await ask(database, *LOGIN[:3])
    clock.advance(60)
    made = await entries.add(GUILD, STAFF, Draft(LOGIN[:2], "Press Forgot."))
    assert shown(await gaps.find(GUILD, READER)) == []
    clock.advance(60)
    await ask(
        database, LOGIN[0], first=9, asked_at=clock.now(), outcome="answered", helpful=False,
        entry_id=made.entry.id,
    )  # fmt: skip
    assert [count for count, _ in shown(await gaps.find(GUILD, READER))] == [4]


async def test_entries_are_listed_with_every_reason(
    database: Database, clock: FakeClock, gaps: TrainingGaps, entries: TrainingEntries
) -> None:
    made = await entries.add(
        GUILD, STAFF, Draft(("Open?",), "Until six.", valid_until=NOW + timedelta(days=1))
    )
    async with database.transaction() as tx:
        await tx.training.rated(GUILD, made.entry.id, helpful=1, unhelpful=3)
    clock.advance(timedelta(days=181).total_seconds())
    [stale] = (await gaps.find(GUILD, READER)).stale
    assert (stale.question, stale.is_rejected, stale.is_expired, stale.is_unused) == (
        "Open?", True, True, True
    )  # fmt: skip


async def test_entries_that_are_asked_alike_and_answer_differently_contradict_each_other(
    gaps: TrainingGaps, entries: TrainingEntries
) -> None:
    one = await entries.add(GUILD, STAFF, Draft(("How long is the guarantee?", "Warranty?"), "Two years."))
    other = await entries.add(GUILD, STAFF, Draft(("How long is the guarantee then?",), "Three years."))
    await entries.add(GUILD, STAFF, Draft(("How long is the guarantee now?",), "Two years. "))
    await entries.add(GUILD, STAFF, Draft((WEATHER,), "No."))
    found = (await gaps.find(GUILD, READER)).contradictions
    pairs = {(each.first.entry_id, each.second.entry_id) for each in found}
    assert (one.entry.id, other.entry.id) in pairs
    assert all(each.first.answer.strip() != each.second.answer.strip() for each in found)
    assert all(WEATHER not in (each.first.text, each.second.text) for each in found)


@pytest.mark.parametrize(("begin", "count"), [(2, 0), (1, 1)], ids=["one after the other", "at once"])
async def test_entries_never_valid_together_do_not_contradict_each_other(
    gaps: TrainingGaps, entries: TrainingEntries, begin: int, count: int
) -> None:
    until, since = NOW + timedelta(days=2), NOW + timedelta(days=begin)
    await entries.add(GUILD, STAFF, Draft(("When do you open?",), "At nine.", valid_until=until))
    await entries.add(GUILD, STAFF, Draft(("When do you open now?",), "At ten.", valid_from=since))
    assert len((await gaps.find(GUILD, READER)).contradictions) == count
