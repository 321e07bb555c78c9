"""Members' words as they may stand in Discord and on GitHub: shown as they were written, never obeyed."""

import re
from typing import Final

GAP: Final = "\u200b"  # breaks what GitHub would link, and can't be seen
_DISCORD: Final = re.compile(r"([\\*_~`|>\[\]()#\-])")
_GITHUB: Final = re.compile(r"([\\`*_{}\[\]<>|~$&])")
_LINE_START: Final = re.compile(r"^([ \t]*)([#+=\-]|\d+(?=[.)]))", re.MULTILINE)
_URL: Final = re.compile(r"\b(?:https?://|www\.)[^\s`<>]+", re.IGNORECASE)
_BREAKS: Final = (  # mentions, references to issues and to commits
    (re.compile(r"@"), f"@{GAP}"),
    (re.compile(r"#(?=\d)"), f"#{GAP}"),
    (re.compile(r"\b(GH)-(?=\d)", re.IGNORECASE), rf"\1{GAP}-"),
    (re.compile(r"\b([0-9a-f]{6})(?=[0-9a-f]{1,34}\b)", re.IGNORECASE), rf"\1{GAP}"),
)
_UNSEEN: Final = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]")
_NAMED: Final = re.compile(r"<(?:@[!&]?|#)\d{1,20}>|<a?(:\w{2,32}:)\d{1,20}>|</([\w -]{1,100}):\d{1,20}>")
_SLUG: Final = re.compile(r"[^a-z0-9]+")


def without_ids(text: str, somebody: str, somewhere: str) -> str:
    """Return a text without Discord's ids: who and what others are is no business of those elsewhere."""

    def named(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        if found[2]:
            return f"/{found[2]}"
        return somewhere if found[0].startswith("<#") else somebody

    return _NAMED.sub(named, text)


def plain(text: str) -> str:
    """Return a text as Discord shows it letter by letter."""
    return _DISCORD.sub(r"\\\1", _UNSEEN.sub("", text))


def cut(text: str, length: int) -> str:
    """Return a text of at most `length` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip("\\ ") + "…"


def for_github(text: str) -> str:
    """Return a text that GitHub shows as it is: it rings nobody, links nothing, and is no HTML.

    A mention is found after Markdown has been read, so escapes don't help against it: an unseen character
    stands behind each @. Addresses become code, where nothing is linked.
    """
    text, pieces, at = _UNSEEN.sub("", text).strip(), list[str](), 0
    for found in _URL.finditer(text):
        pieces += [_broken(text[at : found.start()]), f"`{found[0]}`"]
        at = found.end()
    pieces.append(_broken(text[at:]))
    joined = _LINE_START.sub(
        lambda match: f"\\{match[2]}" if not match[2].isdigit() else f"{match[2]}{GAP}", "".join(pieces)
    )
    return "\n".join(line.strip() for line in joined.splitlines())


def title_for_github(text: str) -> str:
    """Return a title: one line that rings nobody."""
    line = " ".join(_UNSEEN.sub("", text).split())
    for pattern, broken in _BREAKS:
        line = pattern.sub(broken, line)
    return cut(line, 200)


def slug(text: str) -> str:
    """Return words of a text as they may stand in a branch or file name."""
    return _SLUG.sub("-", text.lower()).strip("-")[:40].strip("-") or "request"


def _broken(text: str) -> str:
    text = _GITHUB.sub(r"\\\1", text)
    for pattern, broken in _BREAKS:
        text = pattern.sub(broken, text)
    return text
