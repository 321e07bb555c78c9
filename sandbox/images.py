"""Pictures: the size written in a file's first bytes, and small pictures drawn for faces and icons."""

import struct
import zlib

_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_FACE = 64
_VP8X_END = 30


def size_of(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF, JPEG or WebP, None for anything else or a broken one."""
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
            return struct.unpack_from(">II", content, 16)
        if content[:6] in (b"GIF87a", b"GIF89a"):
            return struct.unpack_from("<HH", content, 6)
        if content.startswith(b"\xff\xd8"):
            return _jpeg(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """Return the size in the first frame header, walking from segment to segment."""
    at = 2
    while content[at] == 0xFF:  # noqa: PLR2004
        marker = content[at + 1]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return None


def _webp(content: bytes) -> tuple[int, int] | None:
    kind = content[12:16]
    if kind == b"VP8X" and len(content) >= _VP8X_END:
        width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if kind == b"VP8L":
        packed = struct.unpack_from("<I", content, 21)[0]
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def face(seed: int) -> bytes:
    """Return a PNG of one colour with a lighter disc, the same for the same seed."""
    hue = seed * 2654435761 & 0xFFFFFF
    back = bytes(64 + (hue >> shift & 0x7F) for shift in (16, 8, 0))
    front = bytes(min(255, part + 80) for part in back)
    middle, radius = _FACE / 2 - 0.5, _FACE / 4
    rows = bytearray()
    for y in range(_FACE):
        rows.append(0)
        for x in range(_FACE):
            inside = (x - middle) ** 2 + (y - middle) ** 2 < radius**2
            rows += front if inside else back
    header = struct.pack(">IIBBBBB", _FACE, _FACE, 8, 2, 0, 0, 0)
    chunks = (("IHDR", header), ("IDAT", zlib.compress(bytes(rows), 9)), ("IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name.encode(), data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
