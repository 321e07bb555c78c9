"""The shared retrieval sets, imported with `/train import` and asked in tickets: as right as `evaluate` says.

A server's staff import a set's entries as a file. Each question is what a member of its own opens a ticket
with, so that no conversation counts in what is looked for. What was answered is read from what the bot posted
there, by the sandbox's record; of a ticket that went to staff, the entry that came nearest is in its row.
`evaluate` judges the same rows by `bot.evaluation.tasks.retrieval`.
"""

import asyncio
import json
import random
import re
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from bot.evaluation.data import Dataset, Row
from bot.evaluation.judge import Judge, ModeMissing, load_judge
from bot.evaluation.tasks import IN_SCOPE, retrieval
from sandbox import Sandbox
from sandbox.handles import Member
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import SHARED, Home, Running, a_home
from tests.e2e.test_language_model import AtPace
from tests.e2e.test_tickets import Desk, set_up

FOLDER = SHARED / "eval" / "dev"
SETS = ("askwebapps", "banking", "clinc", "hint3_curekart")
SAMPLE, SEED = 12, 20_261  # questions of a set that are always asked
AT_ONCE = 8  # tickets opened together
MOST = 300  # tickets of one server: Discord allows 1,000 threads that are not archived
TITLE = 80  # characters of a ticket's title
PATIENCE = 60.0  # seconds
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared/eval/dev is absent"),
]
SOURCE = re.compile(r"(?P<answer>.*)\n-# Answer by the team, entry #(?P<entry>\d+)", re.DOTALL)
ASKED = (
    "select t.opener_id, t.thread_id, q.outcome, q.entry_id, e.answer "
    "from tickets t join questions q on q.ticket_id = t.id "
    "left join training_entries e on e.id = q.entry_id "
    "where t.guild_id = ? and q.finished_at is not null"
)
DONE = "select count(*) from questions where guild_id = ? and finished_at is not null"
WORDS = "Words are compared"  # the log, where the model couldn't be asked


class Heard(NamedTuple):
    """What came of a question in its ticket."""

    nearest: str  # the answer of the best entry, given or not
    is_given: bool


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watchman(city: Sandbox, running_bot: BotFactory) -> AsyncIterator[Running]:
    """A bot that compares words."""
    async with running_bot(city, nlp={"encoder": "hashed"}, clock=AtPace()) as bot:
        await bot.until("the commands to be registered", lambda: bool(city.app.commands))
        yield bot


async def imported(home: Home, bot: Running, name: str) -> Desk:
    """Have the owner set tickets up and import a set's entries as the file they are in."""
    desk = await set_up(home, bot)
    path = FOLDER / f"retrieval_{name}_kb.jsonl"
    data = await asyncio.to_thread(path.read_bytes)
    options = {"file": (path.name, data), "dry_run": False}
    await home.owner.slash("train import", channel=home.chat, options=options, timeout=PATIENCE)
    stored = "select count(*) from training_phrasings where guild_id = ?"
    count = len(data.splitlines())
    await bot.until("the entries", lambda: bot.rows(stored, home.guild.id) == [(count,)], PATIENCE)
    return desk


async def asked(desk: Desk, texts: Sequence[str]) -> list[Heard]:
    """Have a member for each text open a ticket with it; return what came of each.

    Where the model was too busy to be asked, words were compared: those questions are asked again.
    """
    openers: list[Member] = []
    opened = 0
    while len(openers) < len(texts):
        portion = texts[len(openers) : len(openers) + AT_ONCE]
        people = [await desk.home.person(f"asker {opened + at}") for at in range(len(portion))]
        without = len(desk.bot.log.said(WORDS))
        await asyncio.gather(*(ask(desk, who, text) for who, text in zip(people, portion, strict=True)))
        opened += len(people)
        await answered(desk, opened)
        if len(desk.bot.log.said(WORDS)) == without:
            openers += people
        else:
            await desk.bot.until("the model", lambda: is_by_meaning(desk), PATIENCE)
    posted = posts(desk)
    found = {opener: heard(posted[thread], *rest) for opener, thread, *rest in rows(desk)}
    return [found[who.id] for who in openers]


async def ask(desk: Desk, member: Member, text: str) -> None:
    """Open a ticket with a question, as `Desk.open` does, on however slow a machine."""
    form = await member.click(desk.panel, "Open a ticket", timeout=PATIENCE)
    values = {"Title": text[:TITLE], "Description": text, "Environment": ""}
    await member.submit(form, values, timeout=PATIENCE)


async def answered(desk: Desk, count: int) -> None:
    """Return once so many questions are done with."""
    await desk.bot.until(
        f"{count} answers", lambda: desk.bot.rows(DONE, desk.home.guild.id) == [(count,)], PATIENCE
    )


def rows(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.bot.rows(ASKED, desk.home.guild.id)


def posts(desk: Desk) -> dict[int, list[str]]:
    """What the bot posted, by thread, the cards left out."""
    found: dict[int, list[str]] = {}
    for entry in desk.home.discord.record.messages(bot=True, via="rest"):
        if entry["content"]:
            found.setdefault(int(entry["channel_id"]), []).append(entry["content"])
    return found


def heard(said: Sequence[str], outcome: str, entry_id: int | None, answer: str | None) -> Heard:
    """Return what a ticket's thread and its question's row tell; they must tell the same."""
    source = SOURCE.fullmatch(said[0])
    assert (source is not None) == (outcome == "answered"), (said, outcome)
    if source is None:
        assert any("asked the team" in each for each in said), said
        return Heard(answer or "", is_given=False)
    assert (source["answer"], int(source["entry"])) == (answer, entry_id)
    return Heard(source["answer"], is_given=True)


async def is_by_meaning(desk: Desk) -> bool:
    """Whether the model has seen all entries, as `/train test` tells."""
    options = {"question": "How does it work?"}
    place = desk.home.chat
    answer = await desk.home.owner.slash("train test", channel=place, options=options, timeout=PATIENCE)
    assert answer.message is not None
    by: str = answer.message.embeds[0]["footer"]["text"]
    assert "MiniLM" in by or "the encoder doesn't answer" in by, by
    return "the encoder doesn't answer" not in by


def figures(rows: Sequence[Row], told: Sequence[Heard]) -> dict[str, float]:
    """Return how right the tickets were, by the names that `evaluate` has."""
    inside = [row.subset == IN_SCOPE for row in rows]
    right = [row.gold == each.nearest and here for row, each, here in zip(rows, told, inside, strict=True)]
    given = sum(each.is_given for each in told)
    both = sum(each.is_given and is_right for each, is_right in zip(told, right, strict=True))
    found = {
        "top_1": sum(right) / sum(inside),
        "answer_precision": both / max(1, given),
        "answer_recall": both / sum(inside),
    }
    for scope in {row.subset for row in rows} - {IN_SCOPE}:
        silent = [not each.is_given for row, each in zip(rows, told, strict=True) if row.subset == scope]
        found[f"rejected_{scope}"] = sum(silent) / len(silent)
    return found


async def check(
    desk_for: Callable[[int], Any], folder: Path, judge: Judge, name: str
) -> tuple[int, dict[str, float]]:
    """Ask a folder's questions in tickets; what `evaluate` says of the folder must come of it."""
    data = Dataset(folder, judge.trained_rows)
    found = data.queries(name)
    assert found is not None
    texts = [row.text for row in found.rows]
    told: list[Heard] = []
    for number, start in enumerate(range(0, len(texts), MOST)):
        desk = await desk_for(number)
        told += await asked(desk, texts[start : start + MOST])
        desk.home.discord.record.clear()  # which nobody needs any more
    [expected] = await asyncio.to_thread(lambda: list(retrieval(name, data, [judge])))
    of_tickets = figures(found.rows, told)
    del expected.metrics["out_of_scope_auroc"]  # of scores, which no ticket tells
    assert of_tickets == pytest.approx(expected.metrics, abs=1e-12), name
    assert expected.n == len(told)
    return len(told), of_tickets


def sampled(folder: Path, name: str) -> Path:
    """Put a set's entries and some of its questions, always the same, into a folder."""
    shutil.copy(FOLDER / f"retrieval_{name}_kb.jsonl", folder)
    queries = f"retrieval_{name}_queries.jsonl"
    lines = (FOLDER / queries).read_text("utf-8").splitlines(keepends=True)
    inside = [line for line in lines if json.loads(line)["scope"] == IN_SCOPE]
    outside = [line for line in lines if json.loads(line)["scope"] != IN_SCOPE]
    chance = random.Random(SEED)  # noqa: S311  (a sample, no secret)
    kept = chance.sample(inside, SAMPLE - SAMPLE // 3) + chance.sample(outside, SAMPLE // 3)
    (folder / queries).write_text("".join(kept), "utf-8")
    return folder


@pytest.mark.parametrize("name", SETS)
async def test_some_of_each_set_are_as_right_in_tickets_as_evaluate_says(
    town: Home, watchman: Running, tmp_path: Path, name: str
) -> None:
    async def desk(_number: int) -> Desk:
        return await imported(town, watchman, name)

    folder = await asyncio.to_thread(sampled, tmp_path, name)
    asked_, _ = await check(desk, folder, load_judge("light"), name)
    assert asked_ == SAMPLE


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["light", "full"])
@pytest.mark.parametrize("name", SETS)
async def test_each_set_is_as_right_in_tickets_as_evaluate_says(
    city: Sandbox, running_bot: BotFactory, name: str, mode: str
) -> None:
    try:
        judge = load_judge(mode)
    except ModeMissing as error:
        pytest.skip(str(error))
    encoder = "minilm" if mode == "full" else "hashed"
    city.core.interaction_deadline = PATIENCE  # the machine may be a slow one
    async with running_bot(
        city, nlp={"encoder": encoder, "deadline_seconds": 10 * PATIENCE}, clock=AtPace()
    ) as bot:
        await bot.until("the commands to be registered", lambda: bool(city.app.commands))

        async def desk(number: int) -> Desk:
            desk = await imported(await a_home(city, f"{name} {mode} {number}"), bot, name)
            if mode == "full":
                await bot.until("the vectors", lambda: is_by_meaning(desk), 10 * PATIENCE)
            return desk

        count, measured = await check(desk, FOLDER, judge, name)
    print(f"{mode} {name}: {count} questions in tickets, {json.dumps(measured)}")  # noqa: T201
