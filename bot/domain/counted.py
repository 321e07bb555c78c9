"""Numbers of things in words."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 entry" or "2 entries"; `many` is `one` with an s unless it is given."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
