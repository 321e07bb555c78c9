"""Writes entries and their history inside one transaction."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bot.db.database import Transaction
from bot.models import ChangeKind, TrainingChange, TrainingEntry
from bot.nlp.retrieval.normalise import normalise
from bot.services.training.drafts import Draft, draft_of, draft_of_snapshot, same_key, snapshot

TURN = 200  # entries compared before the event loop gets its turn


class Change(NamedTuple):
    """What becomes of a stored entry; None: it isn't there, before or after."""

    entry_id: int
    before: Draft | None
    after: Draft | None


class Reversal(NamedTuple):
    """How changes are taken back, in their order, and who has changed what since: (entry, who)."""

    changes: list[Change]
    conflicts: list[tuple[int, int | None]]


class TrainingWriter:
    """Changes of one command or import; the caller holds the guild's training."""

    def __init__(
        self, tx: Transaction, guild_id: int, actor_id: int, kind: ChangeKind, batch: str, now: datetime
    ) -> None:
        self._tx = tx
        self._guild_id = guild_id
        self._actor_id = actor_id
        self._kind = kind
        self._batch = batch
        self._now = now

    async def add(
        self, drafts: Sequence[Draft], source_url: str = "", source_author_id: int | None = None
    ) -> Sequence[int]:
        """Store new entries and return their ids in their order."""
        if not drafts:
            return []
        stamp = {
            "guild_id": self._guild_id,
            "source_url": source_url,
            "source_author_id": source_author_id,
            "created_by": self._actor_id,
            "created_at": self._now,
            "updated_by": self._actor_id,
            "updated_at": self._now,
        }
        entry_ids = await self._tx.training.add([stamp | _columns(draft) for draft in drafts])
        rows = [
            self._phrasing(entry_id, text)
            for entry_id, draft in zip(entry_ids, drafts, strict=True)
            for text in draft.questions
        ]
        await self._tx.training.add_phrasings(rows)
        await self._note(
            [Change(entry_id, None, draft) for entry_id, draft in zip(entry_ids, drafts, strict=True)]
        )
        return entry_ids

    async def write(self, changes: Sequence[Change]) -> Sequence[int]:
        """Change stored entries, removed ones too, and return the ids of the changes in the history."""
        if not changes:
            return []
        stamp = {"updated_by": self._actor_id, "updated_at": self._now}
        gone = [each.entry_id for each in changes if each.after is None]
        await self._tx.training.change(gone, stamp | {"deleted_at": self._now})
        phrasings = await self._tx.training.phrasings([each.entry_id for each in changes])
        dropped: list[int] = []
        new: list[dict[str, Any]] = []
        for entry_id, _, after in changes:
            if after is None:
                continue  # its questions stay, should it come back
            await self._tx.training.change([entry_id], stamp | _columns(after) | {"deleted_at": None})
            there = [each.text for each in phrasings[entry_id]]
            if there != list(after.questions):  # their order counts, too: the first one names the entry
                kept = _common_start(there, after.questions)
                dropped += [each.id for each in phrasings[entry_id][kept:]]
                new += [self._phrasing(entry_id, text) for text in after.questions[kept:]]
        await self._tx.training.drop_phrasings(dropped)
        await self._tx.training.add_phrasings(new)
        return await self._note(changes)

    async def reversed(self, changes: Sequence[TrainingChange]) -> Reversal:
        """Return how to take back `changes`, and the entries that are no longer as those left them."""
        entry_ids = [each.entry_id for each in changes]
        entries = await self._tx.training.get(self._guild_id, entry_ids)
        phrasings = await self._tx.training.phrasings(entry_ids)
        found = Reversal([], [])
        for place, each in enumerate(changes):
            if place % TURN == 0:
                await asyncio.sleep(0)
            entry = entries.get(each.entry_id)
            now = _living(entry, [one.text for one in phrasings[each.entry_id]])
            if (snapshot(now) if now else None) != each.after:
                found.conflicts.append((each.entry_id, entry.updated_by if entry else None))
            after = draft_of_snapshot(each.before) if each.before else None
            found.changes.append(Change(each.entry_id, now, after))
        return found

    async def _note(self, changes: Sequence[Change]) -> Sequence[int]:
        return await self._tx.training_changes.add(
            [
                {
                    "guild_id": self._guild_id,
                    "entry_id": entry_id,
                    "batch": self._batch,
                    "actor_id": self._actor_id,
                    "kind": self._kind.value,
                    "before": snapshot(before) if before else None,
                    "after": snapshot(after) if after else None,
                    "at": self._now,
                }
                for entry_id, before, after in changes
            ]
        )

    def _phrasing(self, entry_id: int, text: str) -> dict[str, Any]:
        normal = normalise(text)
        return {
            "entry_id": entry_id,
            "guild_id": self._guild_id,
            "text": text,
            "normal": normal,
            "same_key": same_key(normal),
        }


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "answer": draft.answer,
        "category": draft.category,
        "links": list(draft.links) or None,
        "valid_from": draft.valid_from,
        "valid_until": draft.valid_until,
    }


def _common_start(there: Sequence[str], wanted: Sequence[str]) -> int:
    """Return how many questions at the beginning stay as they are, and so keep their vectors."""
    count = 0
    for one, other in zip(there, wanted, strict=False):
        if one != other:
            break
        count += 1
    return count


def _living(entry: TrainingEntry | None, questions: Sequence[str]) -> Draft | None:
    return draft_of(entry, questions) if entry is not None and entry.deleted_at is None else None
