"""Other people's text among the bot's own: shown letter by letter."""

import re

_MARKDOWN = re.compile(r"([\\*_~`|>\[\]()#<:@-])")


def escape_markdown(text: str) -> str:
    """Return `text` so that Discord shows it as it is written: no markup, no link, no mention."""
    return _MARKDOWN.sub(r"\\\1", text)
