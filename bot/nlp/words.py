"""Word sets, written as running text."""


def words_of(text: str) -> frozenset[str]:
    """Return the words of `text`; reads better than a list of a hundred short strings."""
    return frozenset(text.split())
