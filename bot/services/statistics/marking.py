"""Notes which messages have changed, in the transaction that changes them, so that they are counted anew."""

from collections.abc import Sequence
from typing import Any

from bot.db.database import Transaction
from bot.domain.arrival import Change
from bot.domain.statistics import SLOT_BITS


async def mark_changed(tx: Transaction, steps: Sequence[tuple[Change, list[dict[str, Any]]]]) -> None:
    """Mark what these rows change; the last thing to do in a transaction, as whoever counts waits for it."""
    slots = {row["message_id"] >> SLOT_BITS for _, rows in steps for row in rows}
    for change, rows in steps:
        if change is Change.CLEAR:
            for row in rows:
                slots |= await tx.statistics_marks.slots_of_place(row["place_id"])
    await tx.statistics_marks.mark(slots)
