"""What a file is, by its first bytes: nothing is decoded, so nothing can blow up."""

import struct
from typing import Final, NamedTuple

LEAST_SIDE, MOST_SIDE = 16, 4_096
MAX_BYTES: Final = 8_000_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MAX_SEGMENTS: Final = 500


class Picture(NamedTuple):
    """A picture that may be shown."""

    data: bytes
    ending: str
    width: int
    height: int


class PictureError(Exception):
    """It is no picture that may be shown."""


def checked(data: bytes) -> Picture:
    """Return a PNG, JPEG or WebP within the bounds.

    Raises:
        PictureError: it is something else, broken, or too large.
    """
    if len(data) > MAX_BYTES:
        raise PictureError(f"it has {len(data):,} bytes")
    try:
        ending, (width, height) = _size(data)
    except (struct.error, IndexError):
        raise PictureError("its head is broken") from None
    if not (LEAST_SIDE <= width <= MOST_SIDE and LEAST_SIDE <= height <= MOST_SIDE):
        raise PictureError(f"it is {width:,} by {height:,} dots")
    return Picture(data, ending, width, height)


def _size(data: bytes) -> tuple[str, tuple[int, int]]:
    if data.startswith(_PNG) and data[12:16] == b"IHDR":
        return "png", struct.unpack_from(">II", data, 16)
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg", _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp", _webp(data)
    raise PictureError("it is no PNG, JPEG or WebP")


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if data[at] != 0xFF:  # noqa: PLR2004
            break
        if data[at + 1] in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + max(2, struct.unpack_from(">H", data, at + 2)[0])
    raise PictureError("its head is broken")


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise PictureError("it is no PNG, JPEG or WebP")
