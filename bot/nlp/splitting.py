"""Cutting a long text into messages."""

from typing import Final

DISCORD_LIMIT: Final = 2_000


def split_message(text: str, limit: int = DISCORD_LIMIT) -> list[str]:
    """Return `text` cut into parts of at most `limit` code points, none of them empty."""
    return [
        text[start : start + limit]
        for start in range(0, len(text), limit)
        if text[start : start + limit].strip()
    ]
