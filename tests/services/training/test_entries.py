"""Entries that staff add, change, remove and take back, on SQLite and PostgreSQL."""

import asyncio
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.db.database import Database
from bot.domain.errors import NotFoundError, UserFacingError
from bot.models import ChangeKind
from bot.services.training import entries as module
from bot.services.training.drafts import Draft, parse_moment, tidy
from bot.services.training.entries import ConflictError, TrainingEntries
from bot.services.training.writing import TrainingWriter
from tests.fakes import FakeClock
from tests.services.support import GUILD, NOW, OTHER_GUILD
from tests.services.training.conftest import Told

ADA, BOB = 71, 72


def draft(question: str = "How do I reset my password?", answer: str = "Press Forgot.", **more: Any) -> Draft:
    questions = more.pop("questions", (question,))
    return Draft(questions, answer, **more)


async def shown(entries: TrainingEntries, guild_id: int = GUILD, **wanted: Any) -> list[tuple[str, ...]]:
    page = await entries.page(guild_id, **wanted)
    return [(each.entry.answer, *each.questions) for each in page.items]


async def test_an_entry_is_stored_told_and_audited(
    entries: TrainingEntries, clock: FakeClock, told: Told
) -> None:
    wanted = draft(
        questions=("  How do I\nreset? ", "how do I reset", "Lost it"), category=" log  in ",
        links=("https://x.org/a.png",), valid_from=NOW,
    )  # fmt: skip
    made = await entries.add(GUILD, ADA, wanted, "https://discord.com/channels/1/2/3")
    assert made.questions == ("How do I reset?", "Lost it")
    entry = made.entry
    assert (entry.category, entry.links, entry.valid_from) == ("log in", ["https://x.org/a.png"], NOW)
    assert (entry.created_by, entry.updated_at, entry.source_url[-2:]) == (ADA, clock.now(), "/3")
    assert told.of == [(GUILD, (entry.id,))]
    [change] = await entries.history(GUILD, entry.id)
    assert (change.kind, change.actor_id, change.before) == (ChangeKind.ADD, ADA, None)
    assert change.after is not None
    assert change.after["questions"] == ["How do I reset?", "Lost it"]


async def test_an_edit_keeps_what_it_was(entries: TrainingEntries, told: Told) -> None:
    made = await entries.add(GUILD, ADA, draft(questions=("one", "two", "three")))
    edited = await entries.edit(GUILD, BOB, made.entry.id, draft("x", "New.", questions=("one", "four")))
    assert (edited.entry.answer, edited.questions) == ("New.", ("one", "four"))
    assert (edited.entry.created_by, edited.entry.updated_by) == (ADA, BOB)
    newest, _ = await entries.history(GUILD, made.entry.id)
    assert (newest.before or {})["questions"] == ["one", "two", "three"]
    assert (newest.after or {})["answer"] == "New."
    assert len(told.of) == 2
    await entries.edit(GUILD, BOB, made.entry.id, draft("x", "New.", questions=("one", "four")))
    assert len(await entries.history(GUILD, made.entry.id)) == 2  # nothing was changed


async def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(
    entries: TrainingEntries, clock: FakeClock
) -> None:
    made = await entries.add(GUILD, ADA, draft())
    seen = made.entry.updated_at
    clock.advance(5)
    await entries.edit(GUILD, BOB, made.entry.id, draft(answer="Bob's."), seen)
    with pytest.raises(ConflictError, match=f"<@{BOB}> has changed"):
        await entries.edit(GUILD, ADA, made.entry.id, draft(answer="Ada's."), seen)
    assert await shown(entries) == [("Bob's.", "How do I reset my password?")]


async def test_a_question_has_one_answer_at_a_time(entries: TrainingEntries) -> None:
    first = await entries.add(GUILD, ADA, draft("When are you open?", "At 9.", valid_until=NOW))
    with pytest.raises(ConflictError, match=f"another answer already in entry {first.entry.id}"):
        await entries.add(GUILD, ADA, draft("hi, when are you OPEN", "At 10."))
    with pytest.raises(ConflictError, match="has that answer"):
        await entries.add(GUILD, ADA, draft("When are you open?", "At 9."))
    later = await entries.add(GUILD, ADA, draft("When are you open?", "At 10.", valid_from=NOW))
    with pytest.raises(ConflictError):
        await entries.edit(
            GUILD, ADA, later.entry.id, draft("When are you open?", "At 10.", valid_from=NOW - timedelta(1))
        )
    await entries.edit(GUILD, ADA, later.entry.id, draft("When are you open?", "At 11.", valid_from=NOW))
    await entries.add(OTHER_GUILD, ADA, draft("When are you open?", "Never."))
    await entries.remove(GUILD, ADA, first.entry.id)
    await entries.add(GUILD, ADA, draft("When are you open?", "At 8.", valid_until=NOW))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (draft("  "), "question is empty"),
        (draft("x" * 1_001), "1,001 characters; 1,000"),
        (draft(answer=" \n"), "answer is empty"),
        (draft(answer="x" * 4_001), "4,001 characters; 4,000"),
        (draft(questions=tuple(f"q{n}" for n in range(51))), "50 ways to ask, not 51"),
        (draft(category="x" * 101), "category's name"),
        (draft(links=("javascript:alert(1)",)), "must start with https"),
        (draft(links=("https://[x",)), "no web address"),
        (draft(links=("https://x.org/ y",)), "has spaces"),
        (draft(links=tuple(f"https://x.org/{n}" for n in range(11))), "10 links"),
        (draft(valid_from=NOW, valid_until=NOW), "end before it begins"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_keep_the_limits_is_refused_with_the_reason(wrong: Draft, said: str) -> None:
    with pytest.raises(UserFacingError, match=said):
        tidy(wrong)


def test_secrets_and_what_no_database_takes_are_not_stored() -> None:
    tidied = tidy(draft("a\0b \ud800", "token ghp_" + "a1B2" * 9))
    assert tidied.questions == ("ab ?",)
    assert "a1B2" not in tidied.answer


@pytest.mark.parametrize(
    ("text", "ends", "moment"),
    [
        ("2026-03-01", False, "2026-02-28T23:00:00+00:00"),
        ("2026-03-01", True, "2026-03-01T23:00:00+00:00"),
        ("2026-07-01 18:30", True, "2026-07-01T16:30:00+00:00"),
        ("2026-07-01T18:30+00:00", False, "2026-07-01T18:30:00+00:00"),
    ],
    ids=["a day begins", "a day ends", "in the server's zone", "in a zone of its own"],
)
def test_dates_are_read_in_the_servers_zone(text: str, ends: bool, moment: str) -> None:
    found = parse_moment(text, ZoneInfo("Europe/Berlin"), ends=ends)
    assert found is not None
    assert found.isoformat() == moment
    assert parse_moment(" ", UTC) is None


@pytest.mark.parametrize("text", ["tomorrow", "9999-12-31", "2026-02-30"])
def test_what_is_no_date_says_how_to_write_one(text: str) -> None:
    with pytest.raises(UserFacingError, match="2026-12-24"):
        parse_moment(text, UTC, ends=True)


async def test_no_more_entries_than_the_limit(
    entries: TrainingEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 1)
    first = await entries.add(GUILD, ADA, draft())
    with pytest.raises(UserFacingError, match="the most"):
        await entries.add(GUILD, ADA, draft("another"))
    await entries.remove(GUILD, ADA, first.entry.id)
    await entries.add(GUILD, ADA, draft("another"))
    removal, _ = await entries.history(GUILD, first.entry.id)
    with pytest.raises(UserFacingError, match="more than 1 entries"):
        await entries.undo(GUILD, ADA, removal.id)


async def test_lists_and_searches_in_pages(entries: TrainingEntries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for number in range(5):
        category = "even" if number % 2 == 0 else "odd"
        await entries.add(GUILD, ADA, draft(f"question {number}", f"100% of {number}", category=category))
    await entries.add(OTHER_GUILD, ADA, draft("question 9", category="even"))
    page = await entries.page(GUILD, 9)
    assert (page.number, page.pages, page.total) == (3, 3, 5)
    assert [each.questions for each in page.items] == [("question 0",)]
    assert await shown(entries, category="odd") == [("100% of 3", "question 3"), ("100% of 1", "question 1")]
    assert await shown(entries, words="QUESTION 3!") == [("100% of 3", "question 3")]
    assert await shown(entries, words="0% of 4") == [("100% of 4", "question 4")]
    assert await shown(entries, words="%") != await shown(entries, words="_") == []
    assert await entries.categories(GUILD) == [("even", 3), ("odd", 2)]


async def test_suggests_entries_by_question_or_number(entries: TrainingEntries) -> None:
    first = await entries.add(GUILD, ADA, draft(questions=("reset it", "forgot it")))
    second = await entries.add(GUILD, ADA, draft("refund it", "Here."))
    assert await entries.suggest(GUILD, "it") == [
        (second.entry.id, "refund it"), (first.entry.id, "reset it"),
    ]  # fmt: skip
    assert await entries.suggest(GUILD, "FORGOT") == [(first.entry.id, "forgot it")]
    assert await entries.suggest(GUILD, f" {first.entry.id}") == [(first.entry.id, "reset it")]
    assert await entries.suggest(OTHER_GUILD, str(first.entry.id)) == []
    assert await entries.suggest(GUILD, "9" * 90) == []


async def test_another_guilds_entry_is_not_there(entries: TrainingEntries) -> None:
    made = await entries.add(OTHER_GUILD, ADA, draft())
    for attempt in (
        entries.get(GUILD, made.entry.id),
        entries.remove(GUILD, ADA, made.entry.id),
        entries.edit(GUILD, ADA, made.entry.id, draft()),
        entries.undo(GUILD, ADA, (await entries.history(OTHER_GUILD, made.entry.id))[0].id),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    assert await entries.history(GUILD, made.entry.id) == []


class TestUndo:
    async def test_takes_back_each_kind_and_itself(self, entries: TrainingEntries) -> None:
        made = await entries.add(GUILD, ADA, draft())
        entry_id = made.entry.id
        await entries.edit(GUILD, ADA, entry_id, draft("other", "Other."))
        await entries.remove(GUILD, ADA, entry_id)
        for expected in (
            [("Other.", "other")],
            [("Press Forgot.", "How do I reset my password?")],
            [],
        ):
            newest = next(each for each in await entries.history(GUILD, entry_id) if not _is_undone(each))
            undone = await entries.undo(GUILD, BOB, newest.id)
            assert (undone.count, undone.entry_ids) == (1, (entry_id,))
            assert await shown(entries) == expected
        last = (await entries.history(GUILD, entry_id))[0]
        await entries.undo(GUILD, BOB, last.id)
        assert await shown(entries) == [("Press Forgot.", "How do I reset my password?")]

    async def test_what_was_changed_since_stays(self, entries: TrainingEntries) -> None:
        made = await entries.add(GUILD, ADA, draft())
        await entries.edit(GUILD, BOB, made.entry.id, draft(answer="Bob's."))
        addition = (await entries.history(GUILD, made.entry.id))[-1]
        with pytest.raises(ConflictError, match=rf"entry {made.entry.id} \(<@{BOB}>\)"):
            await entries.undo(GUILD, ADA, addition.id)
        assert await shown(entries) == [("Bob's.", "How do I reset my password?")]

    async def test_a_second_time_is_refused(self, entries: TrainingEntries) -> None:
        made = await entries.add(GUILD, ADA, draft())
        [addition] = await entries.history(GUILD, made.entry.id)
        await entries.undo(GUILD, ADA, addition.id)
        with pytest.raises(UserFacingError, match="taken back already"):
            await entries.undo(GUILD, ADA, addition.id)

    async def test_brings_back_no_contradiction(self, entries: TrainingEntries) -> None:
        made = await entries.add(GUILD, ADA, draft())
        await entries.remove(GUILD, ADA, made.entry.id)
        await entries.add(GUILD, ADA, draft(answer="Ask Bob."))
        removal = (await entries.history(GUILD, made.entry.id))[0]
        with pytest.raises(ConflictError, match="another answer"):
            await entries.undo(GUILD, ADA, removal.id)
        assert await shown(entries) == [("Ask Bob.", "How do I reset my password?")]


async def test_uses_and_verdicts_are_counted(entries: TrainingEntries, clock: FakeClock) -> None:
    made = await entries.add(GUILD, ADA, draft())
    await entries.used(GUILD, made.entry.id)
    await entries.used(OTHER_GUILD, made.entry.id)
    await entries.rated(GUILD, made.entry.id, helpful=1, unhelpful=1)
    await entries.rated(GUILD, made.entry.id, unhelpful=-1)
    entry = (await entries.get(GUILD, made.entry.id)).entry
    assert (entry.used_count, entry.last_used_at) == (1, clock.now())
    assert (entry.helpful, entry.unhelpful) == (1, 0)


async def test_two_staff_adding_the_same_question_at_once_make_one_entry(
    entries: TrainingEntries, database: Database
) -> None:
    await entries.add(GUILD, ADA, draft("another"))
    async with database.transaction() as tx:
        await tx.training.hold(GUILD)
        second = asyncio.create_task(entries.add(GUILD, BOB, draft(answer="Two.")))
        for _ in range(20):  # as long as the other would take if it weren't held up
            await entries.page(GUILD)
        await TrainingWriter(tx, GUILD, ADA, ChangeKind.ADD, "b", NOW).add([draft(answer="One.")])
    with pytest.raises(ConflictError, match="another answer"):
        await second
    assert await shown(entries, words="One.") == [("One.", "How do I reset my password?")]


def _is_undone(change: Any) -> bool:
    return change.undone_by is not None or change.kind == ChangeKind.UNDO
