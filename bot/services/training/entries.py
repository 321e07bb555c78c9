"""What staff taught the bot: adding, changing, removing, looking through, and taking back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from bot.db.database import Database, Transaction
from bot.db.training import Wanted
from bot.db.training_changes import Batch
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.markdown import escape_markdown
from bot.models import ChangeKind, TrainingChange, TrainingEntry
from bot.nlp.retrieval.normalise import normalise
from bot.services.clock import Clock
from bot.services.training.drafts import MAX_ENTRIES, Draft, draft_of, keys_of, tidy
from bot.services.training.writing import Change, TrainingWriter
from bot.texts import text

__all__ = ["Batch", "ConflictError", "Page", "Trained", "TrainingEntries", "Undone"]

PAGE = 10  # entries
SUGGESTED = 25  # the most Discord shows
HISTORY = 25  # changes
NAMED = 3  # entries an error names

OnChange = Callable[[int, Sequence[int]], Awaitable[None]]


class ConflictError(UserFacingError):
    """Somebody else's work would be overwritten or contradicted."""


@dataclass(frozen=True, slots=True)
class Trained:
    """An entry with its questions, in the order they were written."""

    entry: TrainingEntry
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the entries that were asked for."""

    items: tuple[Trained, ...]
    number: int  # from 1
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back."""

    count: int  # changes
    entry_ids: tuple[int, ...]


class TrainingEntries:
    """Each change is stored with what it changed in one transaction, then told to `on_change`.

    `on_change` takes the guild and the changed entries, and returns when they can be searched.
    """

    def __init__(self, database: Database, clock: Clock, on_change: OnChange) -> None:
        self._database = database
        self._clock = clock
        self._on_change = on_change

    async def add(
        self,
        guild_id: int,
        actor_id: int,
        draft: Draft,
        source_url: str = "",
        source_author_id: int | None = None,
    ) -> Trained:
        """Store a new entry, made from the message at `source_url` that `source_author_id` wrote.

        Raises:
            ConflictError: one of its questions has an answer already.
            UserFacingError: it doesn't keep the limits.
        """
        draft = tidy(draft)
        async with self._database.transaction() as tx:
            writer = await self._writer(tx, guild_id, actor_id, ChangeKind.ADD)
            if await tx.training.count(guild_id, Wanted()) >= MAX_ENTRIES:
                raise UserFacingError(text("training.entries_most", most=f"{MAX_ENTRIES:,}"))
            await _check_conflicts(tx, guild_id, draft)
            [entry_id] = await writer.add([draft], source_url, source_author_id)
        return await self._changed(guild_id, entry_id)

    async def edit(
        self, guild_id: int, actor_id: int, entry_id: int, draft: Draft, seen_at: datetime | None = None
    ) -> Trained:
        """Put `draft` in the place of an entry; `seen_at` is its `updated_at` when the editor saw it.

        Raises:
            ConflictError: it was changed since, or one of its questions has another answer already.
            NotFoundError: there is no such entry.
            UserFacingError: it doesn't keep the limits.
        """
        draft = tidy(draft)
        async with self._database.transaction() as tx:
            writer = await self._writer(tx, guild_id, actor_id, ChangeKind.EDIT)
            old = await _trained(tx, guild_id, entry_id)
            if seen_at is not None and old.entry.updated_at != seen_at:
                raise ConflictError(
                    text("training.entry_changed_since", member=old.entry.updated_by, entry=entry_id)
                )
            await _check_conflicts(tx, guild_id, draft, own=entry_id)
            before = draft_of(old.entry, old.questions)
            if before != draft:
                await writer.write([Change(entry_id, before, draft)])
        return await self._changed(guild_id, entry_id)

    async def add_questions(
        self, guild_id: int, actor_id: int, entry_id: int, questions: Sequence[str]
    ) -> Trained:
        """Have an entry answer these questions too; those that it answers already change nothing.

        Raises:
            ConflictError: one of them has another answer already, or somebody has just changed the entry.
            NotFoundError: there is no such entry.
            UserFacingError: it doesn't keep the limits.
        """
        there = await self.get(guild_id, entry_id)
        draft = draft_of(there.entry, (*there.questions, *questions))
        return await self.edit(guild_id, actor_id, entry_id, draft, there.entry.updated_at)

    async def remove(self, guild_id: int, actor_id: int, entry_id: int) -> Trained:
        """Remove an entry and return what it was.

        Raises:
            NotFoundError: there is no such entry.
        """
        async with self._database.transaction() as tx:
            writer = await self._writer(tx, guild_id, actor_id, ChangeKind.REMOVE)
            old = await _trained(tx, guild_id, entry_id)
            await writer.write([Change(entry_id, draft_of(old.entry, old.questions), None)])
        await self._on_change(guild_id, [entry_id])
        return old

    async def get(self, guild_id: int, entry_id: int) -> Trained:
        """Return an entry.

        Raises:
            NotFoundError: there is no such entry.
        """
        async with self._database.reading() as tx:
            return await _trained(tx, guild_id, entry_id)

    async def page(
        self, guild_id: int, number: int = 1, category: str | None = None, words: str = ""
    ) -> Page:
        """Return a page of the entries, newest first; `words` are in a question or the answer."""
        wanted = Wanted(category, words.strip(), normalise(words))
        async with self._database.reading() as tx:
            total = await tx.training.count(guild_id, wanted)
            pages = max(-(-total // PAGE), 1)
            number = min(max(number, 1), pages)
            found = await tx.training.page(guild_id, wanted, PAGE, (number - 1) * PAGE)
            phrasings = await tx.training.phrasings([entry.id for entry in found])
        items = tuple(Trained(each, tuple(one.text for one in phrasings[each.id])) for each in found)
        return Page(items, number, pages, total)

    async def suggest(self, guild_id: int, typed: str) -> list[tuple[int, str]]:
        """Return (id, question) of entries one of whose questions contains what was typed, newest first."""
        async with self._database.reading() as tx:
            if typed.strip().isdecimal() and len(typed.strip()) < len(str(2**63)):
                entry_id = int(typed)
                found = await tx.training.get(guild_id, [entry_id])
                if entry_id in found and found[entry_id].deleted_at is None:
                    [first, *_] = (await tx.training.phrasings([entry_id]))[entry_id]
                    return [(entry_id, first.text)]
            rows = await tx.training.asked_like(guild_id, normalise(typed), SUGGESTED * 8)
        first_of: dict[int, str] = {}
        for entry_id, question in rows:
            first_of.setdefault(entry_id, question)
        return list(first_of.items())[:SUGGESTED]

    async def categories(self, guild_id: int) -> Sequence[tuple[str, int]]:
        """Return the categories with how many entries each has."""
        async with self._database.reading() as tx:
            return await tx.training.categories(guild_id)

    async def history(self, guild_id: int, entry_id: int) -> Sequence[TrainingChange]:
        """Return the last changes of an entry, newest first; of a removed one, too."""
        async with self._database.reading() as tx:
            return await tx.training_changes.of_entry(guild_id, entry_id, HISTORY)

    async def batches(self, guild_id: int) -> Sequence[Batch]:
        """Return the last commands and imports, newest first."""
        async with self._database.reading() as tx:
            return await tx.training_changes.batches(guild_id, HISTORY)

    async def undo(self, guild_id: int, actor_id: int, change_id: int, *, whole: bool = True) -> Undone:
        """Take back a change and, if `whole`, all that its command or import did. An undo can be undone.

        Raises:
            ConflictError: an entry was changed since, or an answer would contradict another's; nothing is
                taken back then.
            NotFoundError: there is no such change.
            UserFacingError: it was taken back already.
        """
        async with self._database.transaction() as tx:
            writer = await self._writer(tx, guild_id, actor_id, ChangeKind.UNDO)
            change = await tx.training_changes.get(guild_id, change_id)
            if change is None:
                raise NotFoundError(text("training.change_none"))
            together = await tx.training_changes.of_batch(guild_id, change.batch) if whole else [change]
            open_ = [each for each in together if each.undone_by is None]
            if not open_:
                raise UserFacingError(text("training.change_undone"))
            changes = await writer.reversed(open_)
            _check_unchanged(changes.conflicts)
            for each in changes.changes:
                if each.after is not None:
                    await _check_conflicts(tx, guild_id, each.after, own=each.entry_id)
            ids = await writer.write(changes.changes)
            await tx.training_changes.undone(list(zip([each.id for each in open_], ids, strict=True)))
            if await tx.training.count(guild_id, Wanted()) > MAX_ENTRIES:
                raise UserFacingError(text("training.entries_too_many", most=f"{MAX_ENTRIES:,}"))
        entry_ids = tuple(each.entry_id for each in changes.changes)
        await self._on_change(guild_id, entry_ids)
        return Undone(len(open_), entry_ids)

    async def last_batch(self, guild_id: int, actor_id: int) -> Batch:
        """Return the last thing a member did that can be taken back and is no undo itself.

        Raises:
            NotFoundError: there is none among the last changes.
        """
        for batch in await self.batches(guild_id):
            if batch.actor_id == actor_id and batch.kind != ChangeKind.UNDO and batch.undone < batch.size:
                return batch
        raise NotFoundError(text("training.change_none_of_yours"))

    async def used(self, guild_id: int, entry_id: int) -> None:
        """Count that an entry answered somebody."""
        async with self._database.transaction() as tx:
            await tx.training.used(guild_id, entry_id, self._clock.now())

    async def rated(self, guild_id: int, entry_id: int, *, helpful: int = 0, unhelpful: int = 0) -> None:
        """Count what members say of an entry's answer; a verdict taken back is -1."""
        async with self._database.transaction() as tx:
            await tx.training.rated(guild_id, entry_id, helpful=helpful, unhelpful=unhelpful)

    async def _writer(
        self, tx: Transaction, guild_id: int, actor_id: int, kind: ChangeKind
    ) -> TrainingWriter:
        now = self._clock.now()
        await tx.guilds.ensure(guild_id, now)
        await tx.training.hold(guild_id)
        return TrainingWriter(tx, guild_id, actor_id, kind, uuid4().hex, now)

    async def _changed(self, guild_id: int, entry_id: int) -> Trained:
        await self._on_change(guild_id, [entry_id])
        return await self.get(guild_id, entry_id)


async def _trained(tx: Transaction, guild_id: int, entry_id: int) -> Trained:
    entry = (await tx.training.get(guild_id, [entry_id])).get(entry_id)
    if entry is None or entry.deleted_at is not None:
        raise NotFoundError(text("training.entry_none", entry=entry_id))
    phrasings = await tx.training.phrasings([entry_id])
    return Trained(entry, tuple(each.text for each in phrasings[entry_id]))


async def _check_conflicts(tx: Transaction, guild_id: int, draft: Draft, own: int | None = None) -> None:
    """Raise when a question has an answer already that holds at the same time."""
    questions = keys_of(draft.questions)
    for key, entries in (await tx.training.same(guild_id, list(questions))).items():
        for entry in entries:
            if entry.id == own or not draft.holds_with(entry):
                continue
            shown = escape_markdown(questions[key][:200])
            if entry.answer == draft.answer:
                raise ConflictError(text("training.question_there", question=shown, entry=entry.id))
            raise ConflictError(text("training.question_elsewhere", question=shown, entry=entry.id))


def _check_unchanged(conflicts: Sequence[tuple[int, Any]]) -> None:
    if not conflicts:
        return
    named = ", ".join(
        f"{entry_id}" + (f" (<@{actor_id}>)" if actor_id else "") for entry_id, actor_id in conflicts[:NAMED]
    )
    if len(conflicts) > NAMED:
        more = f"{len(conflicts) - NAMED:,}"
        raise ConflictError(text("training.changed_since_more", entries=named, more=more))
    raise ConflictError(text("training.changed_since", entries=named))
