"""What became of a use, beside what should have."""

from collections.abc import Iterable, Sequence

from tests.e2e.permissions.calling import Told
from tests.e2e.permissions.table import Row

LONGEST = 200


def unlike(row: Row, callers: Iterable[str], told: Sequence[Told]) -> list[str]:
    """Return a line for each caller for whom it didn't go as the table says."""
    found = []
    for caller, each in zip(callers, told, strict=True):
        should = caller in row.who
        if each.is_failure or each.is_refusal == should:
            wanted = "work" if should else "be refused"
            found.append(f"{row.title} should {wanted} for {caller}: {each.words[:LONGEST] or 'no answer'!r}")
    return found
