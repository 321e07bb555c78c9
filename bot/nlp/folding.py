"""A message without its markup and disguises, so that its words are found: what the light judge reads."""

import re
import unicodedata
from typing import Final

# Emphasis around words, the innermost: nothing that could begin another one stands in it. Single signs
# stay, for they also mark actions and corrections.
_EMPHASIS: Final = re.compile(
    r"(?<![\w\\])(\*{2,3}|__|~~|\|\|)(?=[^\s*_~|])((?:[^*_~|\n]|(?<=[^\W_])_(?=[^\W_])){1,200}?)(?<=\S)\1(?!\w)"
)
_NESTED: Final = 3
_INVISIBLE: Final = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]|(?<=[a-zA-Z])[\u200c\u200d]+(?=[a-zA-Z])"
)
# Full-width, circled, squared and mathematical letters and digits.
_STYLED: Final = re.compile(
    "[\u24b6-\u24e9\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\U0001f130-\U0001f149]+"
)


def folded(text: str) -> str:
    """Return `text` without emphasis and invisible signs, and styled letters as plain ones."""
    if not text.isascii():
        text = _STYLED.sub(_plain, _INVISIBLE.sub("", text))
    if "**" in text or "__" in text or "||" in text or "~~" in text:
        for _ in range(_NESTED):
            text, found = _EMPHASIS.subn(r"\2", text)
            if not found:
                break
    return text


def _plain(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])
