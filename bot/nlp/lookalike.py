"""How near a host comes to a name: approximate search in one pass, for names misspelled on purpose."""

from typing import Final, NamedTuple

_MISSPELT: Final = str.maketrans("013457l", "oieasti")  # as read: digits for letters, l for i


class Near(NamedTuple):
    """A name found in a text.

    Attributes:
        name: the name looked for.
        errors: letters wrong, missing, too many or swapped with their neighbour.
    """

    name: str
    errors: int


class Name:
    """A name to look for, prepared once."""

    def __init__(self, text: str, allowed: int) -> None:
        self.text = text
        self.allowed = allowed
        self._folded = folded(text)
        self._letters = frozenset(self._folded)
        self._length = len(self._folded)
        self._masks: dict[str, int] = {}
        for at, letter in enumerate(self._folded):
            self._masks[letter] = self._masks.get(letter, 0) | 1 << at

    def errors_in(self, text: str, letters: frozenset[str]) -> int:
        """Return the fewest errors with which the name occurs in `text`, `allowed` + 1 if it doesn't.

        Bit-parallel search of Myers (1999) with the transpositions of Hyyrö (2003): one step per character.

        Args:
            text: folded (`folded`).
            letters: those of `text`.
        """
        if self._folded in text:
            return 0
        if not self.allowed or len(self._letters - letters) > self.allowed:
            return self.allowed + 1
        high = 1 << (self._length - 1)
        full = (high << 1) - 1
        up, down, diagonal, before = full, 0, 0, 0
        errors = best = self._length
        for letter in text:
            mask = self._masks.get(letter, 0)
            swapped = ((~diagonal & mask) << 1) & before
            diagonal = (((mask & up) + up) ^ up) | mask | down | swapped
            right, left = (down | ~(diagonal | up)) & full, up & diagonal & full
            if right & high:
                errors += 1
            elif left & high:
                errors -= 1
                best = min(best, errors)
            right, left = right << 1, left << 1
            up, down = (left | ~(diagonal | right)) & full, right & diagonal & full
            before = mask
        return min(best, self.allowed + 1)


def folded(text: str) -> str:
    """Return `text` with letters and digits that are taken for each other made one."""
    return text.translate(_MISSPELT)


def read_twice(text: str) -> tuple[str, str]:
    """Return `text` folded, without and with pairs of letters read as the one they look like."""
    pairs = text.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace("nn", "m")
    return folded(text), folded(pairs)
