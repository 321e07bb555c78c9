"""Cutting a long text into messages.

Discord counts code points: "Our API uses Python 3, so the API calculates length based on the number of
codepoints in the string" (its staff, discord-api-docs issue 1315).
"""

import re
from typing import Final

DISCORD_LIMIT: Final = 2_000  # code points in a message
MIN_LIMIT: Final = 60  # below, a repeated code fence would leave no room for text

_FENCE: Final = "```"
_CLOSING: Final = "\n```"
_OPENING: Final = re.compile(r"```([\w+#.-]{0,20})(?=\n)")
_SENTENCE_END: Final = re.compile(r"[.!?…][\"')\]]*\s|[。！？]")  # noqa: RUF001
_JOINERS: Final = "\u200d\ufe0f\ufe0e"  # zero-width joiner and variation selectors: an emoji goes on


def split_message(text: str, limit: int = DISCORD_LIMIT) -> list[str]:
    """Return `text` cut into parts of at most `limit` code points, none of them blank.

    Cuts fall on paragraph, line, sentence or word borders, in that order of preference. A code fence that a
    cut falls into is closed before it and opened again after it, with its language.

    Raises:
        ValueError: `limit` is below `MIN_LIMIT`.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"limit must be at least {MIN_LIMIT}")
    rest = text.strip()
    if rest.count(_FENCE) % 2 and len(rest) > limit:
        rest += _CLOSING
    parts: list[str] = []
    opening = ""
    while rest:
        piece, still_open = _take(rest, opening, limit)
        body = piece.rstrip()
        part = opening + body + (_CLOSING if still_open else "")
        if body and part.strip("`\n "):
            parts.append(part)
        rest = rest[len(piece) :]
        rest = rest.lstrip("\n") if still_open else rest.lstrip()
        opening = still_open
    return parts


def _take(rest: str, opening: str, limit: int) -> tuple[str, str]:
    """Return what the next part takes of `rest`, and the fence line to repeat after it, if one is open."""
    room = limit - len(opening)
    piece = rest[: _cut(rest, room)]
    still_open = _open_fence(piece, opening)
    if still_open:
        piece = rest[: _cut(rest, room - len(_CLOSING))]
        start = piece.rfind(_FENCE)
        if start > 0 and _open_fence(piece, opening) and not piece[start:].partition("\n")[2].strip():
            piece = piece[:start]  # nothing of the fence's content would be in this part
        still_open = _open_fence(piece, opening)
    return piece, still_open


def _open_fence(piece: str, opening: str) -> str:
    """Return the line that opens the fence `piece` ends in, "" when it ends outside one."""
    at = 0
    while (at := piece.find(_FENCE, at)) >= 0:
        if opening:
            opening = ""
        else:
            match = _OPENING.match(piece, at)
            opening = (match.group() if match else _FENCE) + "\n"
        at += len(_FENCE)
    return opening


def _cut(text: str, room: int) -> int:
    """Return where to cut `text` so that at most `room` code points come before."""
    if len(text) <= room:
        return len(text)
    window = text[:room]
    half = room // 2
    for border in ("\n\n", "\n"):
        at = window.rfind(border)
        if at >= half:
            return at
    sentence = max((match.end() for match in _SENTENCE_END.finditer(window)), default=0)
    if sentence >= half:
        return sentence
    word = max(window.rfind(" "), window.rfind("\n"))
    if word > 0:
        return word
    return _between_characters(text, room)


def _between_characters(text: str, room: int) -> int:
    """Return the last place up to `room` that is inside neither a fence mark nor a joined emoji."""
    for at in range(room, max(room - 12, 0), -1):
        inside_fence = text[at - 1] == "`" and text[at] == "`"
        if not inside_fence and text[at] not in _JOINERS and text[at - 1] not in _JOINERS[0]:
            return at
    return room
