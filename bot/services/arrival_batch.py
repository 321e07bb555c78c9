"""What one transaction of ingest writes."""

from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from bot.db.database import Transaction
from bot.domain.arrival import Arrival, Change
from bot.models import Gap
from bot.services.arrival_rows import edit_of
from bot.services.failpoints import fail_point
from bot.services.statistics.marking import mark_changed

_PLACE = itemgetter(0)
Cursor = tuple[int, int, int | None, int]  # place, guild, parent, message


@dataclass(slots=True)
class Batch:
    """What one transaction writes, in order."""

    now: datetime
    steps: list[tuple[Change, list[dict[str, Any]]]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    cursors: dict[int, Cursor] = field(default_factory=dict)  # by place: where this batch gets to
    due: list[Cursor] = field(default_factory=list)  # cursors to write with it
    gaps: list[Gap] = field(default_factory=list)
    guilds: set[int] = field(default_factory=set)  # not known to be in the database
    names: dict[tuple[int, int], str] = field(default_factory=dict)  # of `members`, as they came
    size: int = 0
    new: int = 0  # messages that were not known when it was last tried to store it
    arrivals: list[Arrival] = field(default_factory=list)  # it was made of, should it have to be made again
    starts: dict[int, Cursor] = field(default_factory=dict)  # of `cursors`, as it began
    leaks: list[dict[str, Any]] = field(default_factory=list)  # rows of which a secret was redacted

    def note_cursor(self, arrival: Arrival, guild_id: int) -> None:
        """Note that a message is read with this batch."""
        place, message_id = arrival.place_id, arrival.message_id
        known = self.cursors.get(place)
        if known is None or known[3] < message_id:
            parent = arrival.channel_id if arrival.thread_id else None
            self.cursors[place] = (place, guild_id, parent, message_id)


async def store(tx: Transaction, batch: Batch) -> None:
    """Write a batch."""
    # In the order of their ids, so that two writers don't wait for each other.
    batch.new = 0
    for guild_id in sorted(batch.guilds):
        await tx.guilds.ensure(guild_id, batch.now)
    for change, rows in batch.steps:
        if change is Change.DELETE:
            await tx.signals.erase_batch(rows, batch.now)
            fail_point("ingest.in_erase")
        elif change is Change.CLEAR:
            for row in rows:
                await tx.signals.erase_place(row["place_id"], batch.now)
                await tx.gaps.close_all(row["place_id"], batch.now, "channel deleted")
        else:
            batch.new += await tx.signals.add_batch(rows)
        if change is Change.EDIT:
            await tx.signals.edit_batch([edit_of(row) for row in rows])
            fail_point("ingest.in_edit")
    await tx.members.see(batch.members)
    for gap in batch.gaps:
        await tx.gaps.open(gap)
    await tx.channels.advance_cursors(sorted(batch.due, key=_PLACE))
    await mark_changed(tx, batch.steps)
