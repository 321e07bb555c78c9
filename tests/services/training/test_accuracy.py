"""The shared retrieval sets, imported as a file and asked as members would: as good as `evaluate` says."""

import asyncio
import json
from typing import Any

import pytest

from bot.db.database import Database
from bot.evaluation.data import Dataset
from bot.evaluation.judge import Judge, ModeMissing, load_judge
from bot.evaluation.tasks import IN_SCOPE
from bot.nlp.choice import choose_encoder
from bot.services.training.importing import TrainingFiles
from bot.services.training.knowledge import Knowledge
from bot.settings import NlpSettings
from tests.e2e.harness import SHARED
from tests.fakes import FakeClock
from tests.services.support import GUILD

FOLDER = SHARED / "eval" / "dev"
SETS = ("askwebapps", "banking", "clinc", "hint3_curekart")
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared/eval/dev is absent")


async def imported(database: Database, clock: FakeClock, knowledge: Knowledge, name: str) -> None:
    path = FOLDER / f"retrieval_{name}_kb.jsonl"
    files = TrainingFiles(database, clock, knowledge.update)
    upload = await files.read(await asyncio.to_thread(path.read_bytes), path.name)
    report = await files.store(GUILD, 1, upload)
    assert (report.conflicts, report.duplicates, report.invalid) == ([], [], [])
    await knowledge.encode_lacking()


async def compare(database: Database, knowledge: Knowledge, judge: Judge, name: str) -> dict[str, Any]:
    """Ask every question both ways; return how many each has right, and how many bands differ."""
    data = Dataset(FOLDER, frozenset())
    rows = data.queries(name)
    assert rows is not None
    texts = [row.text for row in rows.rows]
    entries = [(row.gold, row.text) for row in data.knowledge(name)]
    expected = await asyncio.to_thread(judge.retrieve, entries, texts)
    found = [await knowledge.search(GUILD, text, 1) for text in texts]
    assert not any(each.is_fallback for each in found)
    best = [each.matches[0].entry.answer if each.matches else "" for each in found]
    inside = [place for place, row in enumerate(rows.rows) if row.subset == IN_SCOPE]
    golds = [row.gold for row in rows.rows]
    return {
        "right": sum(best[place] == golds[place] for place in inside),
        "expected": sum(expected.answer_ids[place] == golds[place] for place in inside),
        "given": sum(each.matches[0].score >= expected.threshold for each in found if each.matches),
        "expected_given": int((expected.scores >= expected.threshold).sum()),
        "asked": len(inside),
    }


async def check(database: Database, clock: FakeClock, knowledge: Knowledge, judge: Judge, name: str) -> None:
    await imported(database, clock, knowledge, name)
    figures = await compare(database, knowledge, judge, name)
    assert (figures["right"], figures["given"]) == (figures["expected"], figures["expected_given"]), (
        json.dumps(figures)
    )


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "name", ["askwebapps", *(pytest.param(each, marks=pytest.mark.slow) for each in SETS[1:])]
)
async def test_words_find_what_evaluate_finds(
    database: Database, clock: FakeClock, knowledge: Knowledge, name: str
) -> None:
    await check(database, clock, knowledge, load_judge("light"), name)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", SETS)
async def test_the_model_finds_what_evaluate_finds(database: Database, clock: FakeClock, name: str) -> None:
    try:
        judge = load_judge("full")
    except ModeMissing as error:
        pytest.skip(str(error))
    encoder = choose_encoder(NlpSettings(encoder="minilm")).encoder
    assert encoder is not None
    try:
        await check(database, clock, Knowledge(database, encoder, clock, encode_seconds=60), judge, name)
    finally:
        await encoder.close()
