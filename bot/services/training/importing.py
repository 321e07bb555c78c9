"""Taking entries from a file: what would come of it, and doing it, in portions that can be undone as one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple
from uuid import uuid4

from bot.db.database import Database, Transaction
from bot.db.training import Wanted
from bot.domain.errors import UserFacingError
from bot.models import ChangeKind, TrainingEntry
from bot.services.clock import Clock
from bot.services.training.drafts import (
    MAX_ENTRIES,
    MAX_QUESTIONS,
    Draft,
    draft_of,
    keys_of,
    tidy,
)
from bot.services.training.entries import OnChange
from bot.services.training.files import Row, parse, render_csv, render_json
from bot.services.training.writing import Change, TrainingWriter
from bot.texts import text

PORTION: Final = 250  # questions in one transaction, about: other writers get their turn in between
TOLD_AT_ONCE: Final = (
    2_500  # entries, about: many together are made searchable in much less time than bit by bit
)

Progress = Callable[[int, int], Awaitable[None]]


class Issue(NamedTuple):
    """Why a row, or one of its questions, is not taken."""

    row: int
    text: str


@dataclass
class Report:
    """What comes of a file; questions are counted, not rows."""

    new_entries: int = 0
    extended_entries: int = 0  # which get more questions
    new: int = 0
    unchanged: int = 0  # they are trained just so
    duplicates: list[Issue] = field(default_factory=list)  # within the file
    conflicts: list[Issue] = field(default_factory=list)  # another answer, in the file or trained
    invalid: list[Issue] = field(default_factory=list)  # rows
    batch: str = ""  # of the import in the history


class Question(NamedTuple):
    """A question of a file that no earlier row of it has."""

    row: int
    text: str
    key: str


@dataclass
class Group:
    """Questions of a file with the same answer, category, links and dates."""

    draft: Draft  # its questions don't count
    questions: list[Question] = field(default_factory=list)


@dataclass
class Upload:
    """A file that was read: what is to be stored, and what is wrong with the rest."""

    groups: list[Group]
    issues: Report  # without regard to what is stored

    @property
    def size(self) -> int:
        """Return how many questions there are."""
        return sum(len(group.questions) for group in self.groups)


class _Plan(NamedTuple):
    add: list[Draft]
    extend: list[Change]


class _HowFar(NamedTuple):
    batch: str  # of the import in the history
    done: int  # questions
    total: int


class TrainingFiles:
    """Imports and exports the entries of a guild; `on_change` as `TrainingEntries` has it."""

    def __init__(self, database: Database, clock: Clock, on_change: OnChange) -> None:
        self._database = database
        self._clock = clock
        self._on_change = on_change

    async def read(self, data: bytes, name: str) -> Upload:
        """Return what a file holds.

        Raises:
            UserFacingError: it can't be read at all; the text says why.
        """
        return await asyncio.to_thread(lambda: gather(parse(data, name)))

    async def preview(self, guild_id: int, upload: Upload) -> Report:
        """Return what `store` would do now."""
        report = _begun(upload)
        for groups in _portions(upload.groups):
            async with self._database.reading() as tx:
                await _plan(tx, guild_id, groups, report)
        return report

    async def store(
        self, guild_id: int, actor_id: int, upload: Upload, progress: Progress | None = None
    ) -> Report:
        """Store what is new; conflicting questions are left out, and said.

        Args:
            guild_id: whose entries.
            actor_id: who imports.
            upload: the file.
            progress: told, after each portion, how many of the questions are done and how many there are.

        Raises:
            UserFacingError: there would be too many entries; those stored before can be undone as one.
        """
        report, batch, done = _begun(upload), uuid4().hex, 0
        changed: list[int] = []  # stored, and not told of yet
        try:
            for groups in _portions(upload.groups):
                changed += await self._store_portion(
                    guild_id, actor_id, groups, report, _HowFar(batch, done, upload.size)
                )
                if changed:
                    report.batch = batch
                if len(changed) >= TOLD_AT_ONCE:
                    told, changed = changed, []
                    await self._on_change(guild_id, told)
                done += sum(len(group.questions) for group in groups)
                if progress is not None:
                    await progress(done, upload.size)
        except Exception:  # not when the bot stops: it reads everything at its next start
            await self._tell(guild_id, changed)
            raise
        await self._tell(guild_id, changed)
        return report

    async def _tell(self, guild_id: int, changed: Sequence[int]) -> None:
        if changed:
            await self._on_change(guild_id, changed)

    async def _store_portion(
        self, guild_id: int, actor_id: int, groups: Sequence[Group], report: Report, how_far: _HowFar
    ) -> list[int]:
        """Store what is new in some groups, in one transaction, and return the entries."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await tx.guilds.ensure(guild_id, now)
            await tx.training.hold(guild_id)
            plan = await _plan(tx, guild_id, groups, report)
            if await tx.training.count(guild_id, Wanted()) + len(plan.add) > MAX_ENTRIES:
                raise UserFacingError(
                    text(
                        "training.import_too_many",
                        most=f"{MAX_ENTRIES:,}",
                        done=f"{how_far.done:,}",
                        total=f"{how_far.total:,}",
                    )
                )
            writer = TrainingWriter(tx, guild_id, actor_id, ChangeKind.IMPORT, how_far.batch, now)
            changed = [*await writer.add(plan.add), *(each.entry_id for each in plan.extend)]
            await writer.write(plan.extend)
        return changed

    async def export(self, guild_id: int, *, as_csv: bool, category: str | None = None) -> list[bytes]:
        """Return the entries, or those of a category, as one or more files."""
        drafts: list[Draft] = []
        last = 0
        while True:
            async with self._database.reading() as tx:
                entries = await tx.training.after(guild_id, last, PORTION)
                phrasings = await tx.training.phrasings([entry.id for entry in entries])
            if not entries:
                break
            last = entries[-1].id
            drafts += [
                draft_of(entry, [each.text for each in phrasings[entry.id]])
                for entry in entries
                if category is None or entry.category == category
            ]
        if not drafts:
            raise UserFacingError(text("training.export_nothing"))
        return await asyncio.to_thread(render_csv if as_csv else render_json, drafts)


def gather(rows: Sequence[Row]) -> Upload:
    """Return the rows' questions by what they have in common, each once; computes only."""
    upload = Upload([], Report())
    groups: dict[Draft, Group] = {}
    seen: dict[str, list[tuple[int, Draft]]] = {}
    for number, draft, problem in rows:
        if draft is None:
            upload.issues.invalid.append(Issue(number, problem))
            continue
        try:
            tidied = tidy(draft)
        except UserFacingError as error:
            upload.issues.invalid.append(Issue(number, str(error)))
            continue
        bare = replace(tidied, questions=())
        for key, question in keys_of(tidied.questions).items():
            earlier = [each for each in seen.get(key, ()) if each[1].holds_with(bare)]
            if not earlier:
                seen.setdefault(key, []).append((number, bare))
                groups.setdefault(bare, Group(bare)).questions.append(Question(number, question, key))
                continue
            row, other = earlier[0]
            same = other.answer == bare.answer
            issues = upload.issues.duplicates if same else upload.issues.conflicts
            said = (
                text("training.row_twice", question=question, row=row)
                if same
                else text("training.row_twice_otherwise", question=question, row=row)
            )
            issues.append(Issue(number, said))
    upload.groups = list(groups.values())
    return upload


async def _plan(tx: Transaction, guild_id: int, groups: Sequence[Group], report: Report) -> _Plan:
    """Return what to store of some groups, and add to `report` what comes of them."""
    trained = await tx.training.same(guild_id, [each.key for group in groups for each in group.questions])
    news = [(group, _new_questions(group, trained, report)) for group in groups]
    news = [(group, new) for group, new in news if new]
    alike = await tx.training.answered(guild_id, [group.draft.answer for group, _ in news])
    phrasings = await tx.training.phrasings([entry.id for entry in alike])
    plan = _Plan([], [])
    for group, new in news:
        left = list(new)
        entry = next((each for each in alike if group.draft.answers_as(each)), None)
        if entry is not None:
            there = tuple(each.text for each in phrasings[entry.id])
            room = MAX_QUESTIONS - len(there)
            if room > 0:
                before = draft_of(entry, there)
                after = replace(before, questions=(*there, *left[:room]))
                plan.extend.append(Change(entry.id, before, after))
                left = left[room:]
        for start in range(0, len(left), MAX_QUESTIONS):
            plan.add.append(replace(group.draft, questions=tuple(left[start : start + MAX_QUESTIONS])))
    report.new += sum(len(new) for _, new in news)
    report.new_entries += len(plan.add)
    report.extended_entries += len(plan.extend)
    return plan


def _new_questions(group: Group, trained: dict[str, list[TrainingEntry]], report: Report) -> list[str]:
    """Return the questions of a group that aren't trained; note what becomes of the others."""
    new: list[str] = []
    for row, question, key in group.questions:
        other = next((each for each in trained.get(key, ()) if group.draft.holds_with(each)), None)
        if other is None:
            new.append(question)
        elif other.answer != group.draft.answer:
            report.conflicts.append(
                Issue(row, text("training.row_conflict", question=question, entry=other.id))
            )
        elif _says_otherwise(group.draft, other):
            said = text("training.row_differs", question=question, entry=other.id)
            report.conflicts.append(Issue(row, said))
        else:
            report.unchanged += 1
    return new


def _says_otherwise(draft: Draft, entry: TrainingEntry) -> bool:
    """Whether a file names a category, links or dates, and others than an entry has."""
    pairs = (
        (draft.category, entry.category),
        (draft.links, tuple(entry.links or ())),
        (draft.valid_from, entry.valid_from),
        (draft.valid_until, entry.valid_until),
    )
    return any(wanted and wanted != there for wanted, there in pairs)


def _begun(upload: Upload) -> Report:
    found = upload.issues
    return Report(
        duplicates=list(found.duplicates), conflicts=list(found.conflicts), invalid=list(found.invalid)
    )


def _portions(groups: Sequence[Group]) -> Iterator[list[Group]]:
    portion: list[Group] = []
    size = 0
    for group in groups:
        portion.append(group)
        size += len(group.questions)
        if size >= PORTION:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
