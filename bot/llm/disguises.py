"""A text read in the ways somebody may have had it disguised: encoded, spelled out, turned round."""

import base64
import binascii
import html
import re
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Final

MAX_VIEWS: Final = 120
_DEPTH: Final = 2  # disguises on top of each other
_SHORTEST: Final = 10  # characters of a decoded text that are looked at

_SPACE: Final = re.compile(r"\s+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{14,}")
_BASE32: Final = re.compile(r"[A-Z2-7]{20,}|[a-z2-7]{20,}")
_HEX_MARKS: Final = re.compile(r"\\x|0x|%|\\u00|[uU]\+00|&#x|[\s,;:|.-]")
_HEX: Final = re.compile(r"[0-9a-fA-F]{20,}")
_CODES: Final = re.compile(r"(?:\d{2,3}[\s,;:|.-]{1,3}){9,}\d{2,3}")
_BITS: Final = re.compile(r"[01]{70,}")
_ESCAPE: Final = re.compile(r"\\u\{?([0-9a-fA-F]{4,5})\}?|\\x([0-9a-fA-F]{2})|[uU]\+([0-9a-fA-F]{4,5})\s?")
_MORSE: Final = re.compile(
    r"[.\-\u2013\u2014\u00b7\u2022_]{1,6}(?:[\s/|]{1,15}[.\-\u2013\u2014\u00b7\u2022_]{1,6}){9,}"
)
_DASHES: Final = str.maketrans("\u2013\u2014_\u00b7\u2022", "---..")
_SIGNS: Final = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- "
    "--.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
)
_LETTER: Final = dict(zip(_SIGNS.split(), "abcdefghijklmnopqrstuvwxyz0123456789", strict=True))
_READABLE: Final = re.compile(r"[\t\n\x20-\x7e\u00a1-\U0010ffff]{12,}")
_SPELLED: Final = re.compile(r"(?<!\S)\S(?:[ \t._|*~-]{1,3}\S){9,}(?!\S)")
_GAPS: Final = re.compile(r"[\s|*~]")
_READS: Final = str.maketrans("@$!|", "asil")
_ATBASH: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA",
)
_ROT13: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM",
)


def views(text: str) -> list[str]:
    """Return `text` and what it may hold in disguise, at most `MAX_VIEWS` texts."""
    seen = {text: None}
    layer = [text]
    for depth in range(_DEPTH):
        following = []
        for each in layer:
            found = list(_decoded(each))
            if depth == 0:
                found.extend(_turned(each))
            for view in found:
                if len(seen) < MAX_VIEWS and len(view) >= _SHORTEST and view not in seen:
                    seen[view] = None
                    following.append(view)
        layer = following
    return list(seen)


def _turned(text: str) -> Iterator[str]:
    """Yield readings that only move characters about or swap them."""
    yield text[::-1]
    yield text.translate(_ROT13)
    yield text.translate(_ATBASH)
    yield "".join(word[::-1] for word in re.split(r"(\s+)", text))
    yield from (text[start::step] for step in (2, 3) for start in range(step))  # letters put between
    words = text.split()
    yield "".join(word[0] for word in words)
    yield "".join(line.lstrip()[0] for line in text.split("\n") if line.strip())
    if any(sign in text for sign in "@$!|"):
        yield text.translate(_READS)
    for spelled in _SPELLED.finditer(text):
        yield _GAPS.sub("", spelled.group())
        yield spelled.group()[::2]


def _decoded(text: str) -> Iterator[str]:
    if "%" in text:
        yield urllib.parse.unquote(text, errors="ignore")
    if "&" in text:
        yield html.unescape(text)
    if _ESCAPE.search(text):
        yield _ESCAPE.sub(lambda match: chr(min(int(match[1] or match[2] or match[3], 16), 0x10FFFF)), text)
    for codes in _CODES.finditer(text):
        numbers = [int(number) for number in re.findall(r"\d+", codes.group())]
        yield "".join(map(chr, numbers))
        yield "".join(chr(96 + number) for number in numbers if 1 <= number <= 26)  # noqa: PLR2004  (a is 1)
    for morse in _MORSE.finditer(text):
        signs = morse.group().translate(_DASHES)
        yield "".join(_LETTER.get(sign, "") for sign in re.split(r"[\s/|]+", signs))
    yield from _radix(_SPACE.sub("", text), text)


def _radix(dense: str, text: str) -> Iterator[str]:
    """Yield what runs of digits decode to, from each place a group may begin at."""
    for run in _BASE64.findall(dense):
        plain = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            yield _bytes(plain[start:], 4, base64.b64decode)
    for run in _BASE32.findall(dense):
        for start in range(8):
            yield _bytes(run.upper()[start:], 8, base64.b32decode)
    for run in _HEX.findall(_HEX_MARKS.sub("", text)):
        for start in range(2):
            yield _bytes(run[start:], 2, bytes.fromhex)
    for run in _BITS.findall(dense):
        for size in (8, 7):
            yield "".join(chr(int(run[at : at + size], 2)) for at in range(0, len(run) - size + 1, size))


def _bytes(run: str, group: int, decode: Callable[[str], bytes]) -> str:
    whole = run[: len(run) - len(run) % group]
    try:
        decoded = decode(whole).decode("utf-8", "ignore") if whole else ""
    except (ValueError, binascii.Error):
        return ""
    return "\n".join(_READABLE.findall(decoded))  # prose that was decoded too has none
