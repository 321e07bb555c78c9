"""The flood on disk: every frame encoded before a client connects, plain and as zlib and zstd streams.

Sequence numbers are fixed because a session always begins with READY (1) and GUILD_CREATE (2).
"""

import json
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.payloads import messages
from benchmarks.texts import HELP_SHARE
from benchmarks.wire import Codec, PlainCodec, ZlibCodec, ZstdCodec, dumps

FIRST_SEQUENCE = 3
RUN_LENGTH = 200
_CODECS: tuple[type[Codec], ...] = (PlainCodec, ZlibCodec, ZstdCodec)


@dataclass(frozen=True, slots=True)
class Flood:
    """The frames of one encoding: runs of messages, ready to be written."""

    data: memoryview
    ends: Sequence[int]  # byte offsets where runs end

    def runs(self) -> Iterator[memoryview]:
        """Yield the runs in order."""
        start = 0
        for end in self.ends:
            yield self.data[start:end]
            start = end


def encode(
    folder: Path,
    count: int,
    seed: int,
    *,
    run_length: int = RUN_LENGTH,
    help_share: float = HELP_SHARE,
    apart: timedelta = timedelta(milliseconds=1),
) -> None:
    """Write the flood of `count` messages to the folder, as if the last were being sent right now.

    Args:
        folder: where it goes.
        count: of messages.
        seed: of the texts.
        run_length: messages between two places where a heartbeat answer may be put in.
        help_share: of messages that ask for help or report a problem.
        apart: how long after the one before each was written.
    """
    flood = messages(count, seed, datetime.now(UTC) - count * apart, help_share, apart)
    payloads = [
        dumps({"t": "MESSAGE_CREATE", "s": number, "op": 0, "d": message})
        for number, message in enumerate(flood, FIRST_SEQUENCE)
    ]
    ends: dict[str, list[int]] = {}
    for codec_class in _CODECS:
        try:
            codec = codec_class()
        except ImportError:
            continue  # without zstd no client asks for it either
        name = codec.name
        ends[name] = []
        with (folder / f"{name}.bin").open("wb") as file:
            for start_of_run in range(0, count, run_length):
                run = payloads[start_of_run : start_of_run + run_length]
                file.writelines(codec.encode(payload, last=False) for payload in run[:-1])
                file.write(codec.encode(run[-1]))
                ends[name].append(file.tell())
    (folder / "index.json").write_text(json.dumps({"count": count, "seed": seed, "ends": ends}))


def count_of(folder: Path) -> int:
    """Return the number of messages in the folder's flood."""
    return int(json.loads((folder / "index.json").read_text())["count"])


def load(folder: Path, name: str) -> Flood:
    """Return the flood in one encoding: "plain", "zlib" or "zstd"."""
    ends = json.loads((folder / "index.json").read_text())["ends"][name]
    with (folder / f"{name}.bin").open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Flood(memoryview(data), ends)
