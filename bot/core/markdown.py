"""Text of others in embeds."""

from discord.utils import escape_markdown


def escape_around_code(text: str) -> str:
    """Return a text whose commands stay commands and whose other marks are no markup."""
    parts = text.split("`")
    return "`".join(part if place % 2 else escape_markdown(part) for place, part in enumerate(parts))
