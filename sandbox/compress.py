"""Compression of gateway frames: one context for a connection, flushed after every message."""

import sys
import zlib
from collections.abc import Callable

Compressor = Callable[[bytes], bytes]


def compressor(name: str) -> Compressor:
    """Return what compresses a connection's frames; call it for each frame, in order.

    Source: protocol gateway.2, docs events/gateway#transport-compression.

    Raises:
        ValueError: there is no such compression.
        ImportError: its library is not installed.
    """
    if name == "zlib-stream":
        return _zlib()
    if name == "zstd-stream":
        return _zstd()
    raise ValueError(f"no compression {name!r}")


def _zlib() -> Compressor:
    context = zlib.compressobj(1)

    def pack(data: bytes) -> bytes:
        return context.compress(data) + context.flush(zlib.Z_SYNC_FLUSH)

    return pack


def _zstd() -> Compressor:
    """Return a compressor whose frame never ends; a block ends with each message."""
    if sys.version_info >= (3, 14):
        from compression import zstd

        endless = zstd.ZstdCompressor(level=1)
        return lambda data: endless.compress(data, endless.FLUSH_BLOCK)
    import zstandard

    context = zstandard.ZstdCompressor(level=1).compressobj()

    def pack(data: bytes) -> bytes:
        return context.compress(data) + context.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    return pack
