"""Files into entries and back: the report before, the import, and taking it back as one."""

import json
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.services.training import importing as module
from bot.services.training.drafts import Draft
from bot.services.training.entries import ConflictError, TrainingEntries
from bot.services.training.importing import Report, TrainingFiles
from tests.services.support import GUILD
from tests.services.training.conftest import Told

ADA = 71
CSV = """question,answer,category
How do I reset?,Press Forgot.,login
I forgot it,Press Forgot.,login
how do i reset,Press Forgot.,login
How do I reset?,Ask an admin.,login
Refund?,Within 14 days.,
,Nothing.,
Empty?,,
"""


def numbers(report: Report) -> dict[str, Any]:
    return {
        "new": report.new, "entries": report.new_entries, "extended": report.extended_entries,
        "unchanged": report.unchanged, "duplicates": [each.row for each in report.duplicates],
        "conflicts": [each.row for each in report.conflicts],
        "invalid": [each.row for each in report.invalid],
    }  # fmt: skip


async def stored(files: TrainingFiles, data: str, name: str = "a.csv") -> Report:
    return await files.store(GUILD, ADA, await files.read(data.encode(), name))


async def test_the_preview_says_what_the_import_does(files: TrainingFiles, entries: TrainingEntries) -> None:
    await entries.add(GUILD, ADA, Draft(("Refund?",), "No."))
    upload = await files.read(CSV.encode(), "a.csv")
    preview = await files.preview(GUILD, upload)
    assert (await entries.page(GUILD)).total == 1  # nothing was stored
    expected = {
        "new": 2, "entries": 1, "extended": 0, "unchanged": 0,
        "duplicates": [4], "conflicts": [5, 6], "invalid": [7, 8],
    }  # fmt: skip
    assert numbers(preview) == expected
    assert "row 2" in preview.duplicates[0].text
    assert "another answer in entry" in preview.conflicts[1].text
    assert "question is empty" in preview.invalid[0].text
    report = await files.store(GUILD, ADA, upload)
    assert numbers(report) == expected
    newest = (await entries.page(GUILD)).items[0]
    assert (newest.questions, newest.entry.answer) == (("How do I reset?", "I forgot it"), "Press Forgot.")
    again = await files.preview(GUILD, upload)
    assert numbers(again) == expected | {"new": 0, "entries": 0, "unchanged": 2}


async def test_new_questions_join_the_entry_with_their_answer(
    files: TrainingFiles, entries: TrainingEntries, told: Told
) -> None:
    made = await entries.add(GUILD, ADA, Draft(("one",), "So."))
    full = await entries.add(GUILD, ADA, Draft(tuple(f"q{n}" for n in range(50)), "Full."))
    lines = [{"question": "two", "answer": "So."}, {"question": "q50", "answer": "Full."}]
    report = await stored(files, "\n".join(map(json.dumps, lines)), "a.jsonl")
    assert (report.new_entries, report.extended_entries) == (1, 1)
    assert (await entries.get(GUILD, made.entry.id)).questions == ("one", "two")
    assert len((await entries.get(GUILD, full.entry.id)).questions) == 50
    assert made.entry.id in told.of[-1][1]


async def test_other_categories_or_dates_than_the_trained_ones_are_not_lost_silently(
    files: TrainingFiles, entries: TrainingEntries
) -> None:
    await entries.add(GUILD, ADA, Draft(("one",), "So.", "kept"))
    assert (await stored(files, "question,answer\none,So.\n")).unchanged == 1
    report = await stored(files, "question,answer,category\none,So.,other\n")
    assert "another category" in report.conflicts[0].text


async def test_many_ways_to_ask_are_split_into_entries(
    files: TrainingFiles, entries: TrainingEntries
) -> None:
    rows = "".join(f"question {number},Same.\n" for number in range(120))
    assert (await stored(files, f"question,answer\n{rows}")).new_entries == 3
    page = await entries.page(GUILD)
    assert sorted(len(each.questions) for each in page.items) == [20, 50, 50]


async def test_an_import_tells_how_far_it_is_and_is_undone_as_one(
    files: TrainingFiles, entries: TrainingEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PORTION", 2)
    old = await entries.add(GUILD, ADA, Draft(("old",), "answer 0"))
    rows = "".join(f"question {number},answer {number}\n" for number in range(5))
    steps: list[tuple[int, int]] = []

    async def progress(done: int, total: int) -> None:
        steps.append((done, total))

    upload = await files.read(f"question,answer\n{rows}".encode(), "a.csv")
    await files.store(GUILD, ADA, upload, progress)
    assert steps == [(2, 5), (4, 5), (5, 5)]
    batch = (await entries.batches(GUILD))[0]
    assert (batch.kind, batch.size, batch.actor_id) == ("import", 5, ADA)
    undone = await entries.undo(GUILD, ADA, batch.first_id)
    assert undone.count == 5
    page = await entries.page(GUILD)
    assert [(each.entry.id, each.questions) for each in page.items] == [(old.entry.id, ("old",))]
    assert (await entries.batches(GUILD))[1].undone == 5


async def test_one_entry_of_an_import_can_be_undone_alone_and_one_that_changed_holds_up_the_rest(
    files: TrainingFiles, entries: TrainingEntries
) -> None:
    await stored(files, "question,answer\none,1\ntwo,2\nthree,3\n")
    three, two, one = (await entries.page(GUILD)).items
    [of_one] = await entries.history(GUILD, one.entry.id)
    await entries.undo(GUILD, ADA, of_one.id, whole=False)
    assert (await entries.page(GUILD)).total == 2
    await entries.edit(GUILD, 72, two.entry.id, Draft(("two",), "II"))
    [of_three] = await entries.history(GUILD, three.entry.id)
    with pytest.raises(ConflictError, match=rf"entry {two.entry.id} \(<@72>\)"):
        await entries.undo(GUILD, ADA, of_three.id)
    assert (await entries.page(GUILD)).total == 2


async def test_too_many_entries_stop_the_import_and_say_how_far_it_got(
    files: TrainingFiles, entries: TrainingEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PORTION", 2)
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    with pytest.raises(UserFacingError, match=r"2 of 5 questions were imported"):
        await stored(files, "question,answer\n" + "".join(f"q{n},a{n}\n" for n in range(5)))
    assert (await entries.page(GUILD)).total == 2


@pytest.mark.parametrize("as_csv", [True, False], ids=["csv", "json"])
async def test_what_was_exported_is_unchanged_when_imported(
    files: TrainingFiles, entries: TrainingEntries, database: Database, as_csv: bool
) -> None:
    await entries.add(GUILD, ADA, Draft(("=one", "uno"), "-1", "c", ("https://x.org",)))
    await entries.add(GUILD, ADA, Draft(("two",), "2\nlines"))
    [data] = await files.export(GUILD, as_csv=as_csv)
    upload = await files.read(data, "a.csv" if as_csv else "a.json")
    report = await files.preview(GUILD, upload)
    assert (report.new, report.unchanged, report.conflicts, report.invalid) == (0, 3, [], [])
    [some] = await files.export(GUILD, as_csv=as_csv, category="c")
    assert b"two" not in some
    with pytest.raises(UserFacingError, match="nothing to export"):
        await files.export(GUILD, as_csv=as_csv, category="none")


class TestManyEntries:
    ROWS = "question,answer\n" + "".join(f"question {number},answer {number}\n" for number in range(700))

    async def test_they_are_told_of_in_large_portions_each_once(
        self, files: TrainingFiles, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "TOLD_AT_ONCE", 300)
        told_when: list[tuple[int, int]] = []

        async def progress(done: int, _total: int) -> None:
            told_when.append((done, len(told.of)))

        await files.store(GUILD, ADA, await files.read(self.ROWS.encode(), "a.csv"), progress)
        assert [len(ids) for _, ids in told.of] == [500, 200]
        assert len({id_ for _, ids in told.of for id_ in ids}) == 700
        assert told_when == [(250, 0), (500, 1), (700, 1)]

    async def test_what_was_stored_before_there_were_too_many_is_told_of(
        self, files: TrainingFiles, entries: TrainingEntries, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MAX_ENTRIES", 600)
        with pytest.raises(UserFacingError, match="500 of 700 questions were imported"):
            await stored(files, self.ROWS)
        [(_, ids)] = told.of
        assert len(ids) == len(set(ids)) == (await entries.page(GUILD)).total == 500
