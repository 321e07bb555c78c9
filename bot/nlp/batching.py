"""The queue in front of a model: gathers texts, encodes them together, remembers the last ones."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from bot.nlp.encoder import EncoderBusy, EncoderUnavailable, Vectors

Row = NDArray[np.float32]  # of shape (width,)
Sleep = Callable[[float], Awaitable[None]]


class Backend(Protocol):
    """What encodes, one batch at a time."""

    dim: int
    width: int  # floats in a row; the first `dim` are the vector, the others for trained heads

    async def encode_batch(self, texts: Sequence[str]) -> Vectors:
        """Return the features of `texts`, shape (n, width).

        Raises:
            EncoderUnavailable: it can't.
        """
        ...

    async def stop(self) -> None:
        """Give back the memory; the next batch takes it again."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in texts, times in seconds."""

    batch_size: int = 32
    gather: float = 0.005  # how long a text waits for company
    queue_size: int = 1_000
    cache_size: int = 4_096
    deadline: float = 30.0  # for each batch of a request
    idle: float | None = 900.0  # then the backend is stopped; None: never


@dataclass(eq=False, slots=True)
class _Entry:
    """A text that is waited for."""

    key: bytes
    text: str
    waiters: int = 0  # none left: it need not be encoded any more
    future: "asyncio.Future[Row]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class BatchingEncoder:
    """A FeatureEncoder around a Backend, with micro-batching, a bounded queue, a cache and deadlines.

    A request of more than `batch_size` texts is worked off in such portions, so that a long one neither
    fills the queue nor keeps short ones waiting. Once begun, it is not refused any more.
    """

    def __init__(
        self,
        backend: Backend,
        name: str,
        limits: Limits | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.dim = backend.dim
        self.width = backend.width
        self.name = name
        self._backend = backend
        self._limits = limits or Limits()
        self._sleep = sleep
        self._cache: OrderedDict[bytes, Row] = OrderedDict()
        self._waiting: OrderedDict[bytes, _Entry] = OrderedDict()  # not begun, oldest first
        self._under_way: dict[bytes, _Entry] = {}
        self._work = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def depth(self) -> int:
        """How many texts are waiting or being encoded."""
        return len(self._waiting) + len(self._under_way)

    def forget(self) -> None:
        """Let go of every vector that is kept: it can't be told whose text it is of."""
        self._cache.clear()

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of `texts`, shape (n, dim); see `Encoder.encode` for what it raises."""
        return await self._encode_columns(texts, self.dim)

    async def features(self, texts: Sequence[str]) -> Vectors:
        """Return the features of `texts`, shape (n, width); see `Encoder.encode` for what it raises."""
        return await self._encode_columns(texts, self.width)

    async def _encode_columns(self, texts: Sequence[str], columns: int) -> Vectors:
        """Return the first so many columns of the rows of `texts`."""
        vectors = np.zeros((len(texts), columns), np.float32)
        filled = [(index, text) for index, text in enumerate(texts) if text.strip()]
        for start in range(0, len(filled), self._limits.batch_size):
            portion = filled[start : start + self._limits.batch_size]
            await self._encode_portion(portion, vectors, begun=start > 0)
        return vectors

    async def close(self) -> None:
        """Stop the backend; whoever waits gets EncoderUnavailable."""
        self._closed = True
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            await asyncio.wait([runner])
        entries = [*self._under_way.values(), *self._waiting.values()]
        self._waiting.clear()
        self._under_way.clear()
        _fail(entries, EncoderUnavailable("the encoder is closed"))
        await self._backend.stop()

    async def _encode_portion(
        self, portion: Sequence[tuple[int, str]], vectors: Vectors, *, begun: bool
    ) -> None:
        """Fill in the rows of some texts, as many columns as there are."""
        awaited: dict[bytes, _Entry] = {}
        rows: list[tuple[int, bytes]] = []
        known: dict[bytes, Row] = {}
        for index, text in portion:
            key = _key(text)
            rows.append((index, key))
            if (row := self._remembered(key)) is not None:
                known[key] = row
            elif key not in awaited:
                awaited[key] = self._under_way.get(key) or self._waiting.get(key) or _Entry(key, text)
        if awaited:
            self._enqueue(awaited, begun=begun)
            await self._wait_for(list(awaited.values()))
        for index, key in rows:
            row = known[key] if key in known else awaited[key].future.result()
            vectors[index] = row[: vectors.shape[1]]

    def _enqueue(self, awaited: dict[bytes, _Entry], *, begun: bool) -> None:
        if self._closed:
            raise EncoderUnavailable("the encoder is closed")
        new = [key for key in awaited if key not in self._waiting and key not in self._under_way]
        room = max(self._limits.queue_size, self._limits.batch_size) - len(self._waiting)
        if len(new) > room and not begun:
            raise EncoderBusy(f"{len(self._waiting)} texts are waiting for the encoder already")
        for key in new:
            self._waiting[key] = awaited[key]
        if self._runner is None:
            self._runner = asyncio.create_task(self._run(), name="encoder")
        self._work.set()

    async def _wait_for(self, entries: list[_Entry]) -> None:
        """Return when all entries are encoded or failed; raise when that takes too long."""
        deadline: asyncio.Future[Any] = asyncio.ensure_future(self._sleep(self._limits.deadline))
        pending: set[asyncio.Future[Any]] = {entry.future for entry in entries}
        for entry in entries:
            entry.waiters += 1
        try:
            while pending and not deadline.done():
                done, _ = await asyncio.wait([deadline, *pending], return_when=asyncio.FIRST_COMPLETED)
                pending -= done
            if pending:
                raise EncoderUnavailable(
                    f"the encoder took longer than {self._limits.deadline:g} s: the machine is busy or slow;"
                    " raise nlp.deadline_seconds, or set nlp.encoder: hashed"
                )
        finally:
            deadline.cancel()
            for entry in entries:
                entry.waiters -= 1
                if not entry.waiters and self._waiting.get(entry.key) is entry:
                    del self._waiting[entry.key]

    async def _run(self) -> None:
        """Encode what waits, batch by batch, for ever; after a while without work, stop the backend."""
        while True:
            if not self._waiting:
                await self._rest()
            if len(self._waiting) < self._limits.batch_size:
                await self._sleep(self._limits.gather)
            keys = list(islice(self._waiting, self._limits.batch_size))
            entries = [self._waiting.pop(key) for key in keys]
            if entries:
                await self._encode_entries(entries)

    async def _rest(self) -> None:
        """Wait for work; when none comes within `idle` seconds, stop the backend first."""
        self._work.clear()
        if self._limits.idle is not None:
            work = asyncio.ensure_future(self._work.wait())
            idle = asyncio.ensure_future(self._sleep(self._limits.idle))
            try:
                await asyncio.wait([work, idle], return_when=asyncio.FIRST_COMPLETED)
            finally:
                work.cancel()
                idle.cancel()
            if not self._work.is_set():
                await self._backend.stop()
        await self._work.wait()

    async def _encode_entries(self, entries: list[_Entry]) -> None:
        self._under_way = {entry.key: entry for entry in entries}
        try:
            vectors = await self._backend.encode_batch([entry.text for entry in entries])
        except EncoderUnavailable as error:
            _fail(entries, error)
        except Exception as error:  # noqa: BLE001 - one batch failed; the next may not
            logger.opt(exception=error).error("the encoder failed over {} texts", len(entries))
            _fail(entries, EncoderUnavailable(f"the encoder failed: {type(error).__name__}"))
        else:
            for entry, row in zip(entries, vectors, strict=True):
                self._remember(entry.key, row.copy())
                if not entry.future.done():
                    entry.future.set_result(row)
        self._under_way = {}

    def _remembered(self, key: bytes) -> Row | None:
        row = self._cache.get(key)
        if row is not None:
            self._cache.move_to_end(key)
        return row

    def _remember(self, key: bytes, row: Row) -> None:
        self._cache[key] = row
        while len(self._cache) > self._limits.cache_size:
            self._cache.popitem(last=False)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _fail(entries: list[_Entry], error: EncoderUnavailable) -> None:
    for entry in entries:
        if not entry.future.done():
            entry.future.set_exception(error)
            entry.future.exception()  # seen: nobody has to be waiting any more
