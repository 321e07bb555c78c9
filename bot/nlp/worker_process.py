"""Runs the model in a process of its own, because importing torch stops an event loop for seconds."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.nlp.minilm_weights import Weights
from bot.nlp.minilm_worker import FAILED, FEATURES, HEADER, READY

_ROOT: Final = Path(__file__).resolve().parents[2]
_GOODBYE: Final = 2.0  # seconds for the process to end by itself


class _WorkerDiedError(Exception):
    """The process ended, or what it sent makes no sense."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the process may take, and how often it may fail; times in seconds."""

    load: float = 120.0
    download: float = 1_800.0  # instead of `load` when the model has to be fetched
    answer: float = 60.0  # for one batch
    failures: int = 3  # so many within `period`, and no further start is tried meanwhile
    period: float = 600.0


class WorkerProcess:
    """A model's process: started when first needed, again when it died, and gone after `stop`.

    One batch at a time: `encode_batch` must not be called again before it returned.
    """

    def __init__(
        self,
        weights: Weights,
        threads: int = 0,
        patience: Patience | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        module: str = "bot.nlp.minilm_worker",
    ) -> None:
        """Remember what to start; `module` is what the process runs."""
        self.dim = weights.dim
        self.width = weights.width
        self._weights = weights
        self._patience = patience or Patience()
        self._arguments = ["-m", module, str(weights.folder.resolve()), str(threads)]
        self._monotonic = monotonic
        self._process: asyncio.subprocess.Process | None = None
        self._failures: deque[float] = deque(maxlen=self._patience.failures)

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        return self._process.pid if self._process else None

    async def encode_batch(self, texts: Sequence[str]) -> Vectors:
        """Return the features of `texts`, shape (n, width); tried once more when the process dies over them.

        Raises:
            EncoderUnavailable: it doesn't start, died twice, or takes too long.
        """
        try:
            return await self._attempt(texts)
        except _WorkerDiedError:
            try:
                return await self._attempt(texts)
            except _WorkerDiedError as error:
                raise EncoderUnavailable(
                    f"the encoder's process {error}: is there enough memory? (it needs about 0.5 GB)"
                ) from error

    async def stop(self) -> None:
        """End the process, if there is one, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.stdin:
                process.stdin.close()
            async with asyncio.timeout(_GOODBYE):
                await process.wait()
        except (TimeoutError, OSError):
            await _kill(process)
        except asyncio.CancelledError:
            _signal_kill(process)
            raise

    async def _attempt(self, texts: Sequence[str]) -> Vectors:
        try:
            process = self._process or await self._start()
            body = json.dumps(texts).encode()  # lone surrogates are escaped, so they pass
            async with asyncio.timeout(self._patience.answer):
                kind, answer = await _exchange(process, body)
            return _features(kind, answer, (len(texts), self.width))
        except TimeoutError:
            await self._give_up()
            raise EncoderUnavailable("the encoder's process did not answer in time and was ended") from None
        except _WorkerDiedError:
            await self._give_up()
            raise
        except asyncio.CancelledError:  # an answer may still come, and would be taken for the next one's
            _signal_kill(self._process)
            raise

    async def _start(self) -> asyncio.subprocess.Process:
        """Start the process and wait until the model is loaded."""
        self._check_failures()
        download = ["--download"] if self._weights.download else []
        environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
        if not download:
            environment["HF_HUB_OFFLINE"] = "1"
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                *download,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
                env=environment,
                **_own_group(),
            )
        except OSError as error:
            self._failures.append(self._monotonic())
            raise EncoderUnavailable(f"the encoder's process can't be started: {error.strerror}") from error
        limit = self._patience.download if download else self._patience.load
        async with asyncio.timeout(limit):
            kind, answer = await _read_answer(self._process)
        if kind == FAILED:
            await self._give_up()
            raise EncoderUnavailable(answer.decode(errors="replace"))
        if kind != READY or json.loads(answer) != {"dim": self.dim, "width": self.width}:
            raise _WorkerDiedError("holds another model than was found")
        return self._process

    def _check_failures(self) -> None:
        """Refuse another start when the last ones failed; loading costs seconds of a core."""
        failures = self._failures
        if len(failures) < self._patience.failures:
            return
        wait = failures[0] + self._patience.period - self._monotonic()
        if wait > 0:
            raise EncoderUnavailable(
                f"the encoder's process failed {len(failures)} times; it is tried again in {wait:.0f} s."
                " Is there enough memory? (it needs about 0.5 GB)"
            )

    async def _give_up(self) -> None:
        """Count a failure and see that the process is gone."""
        self._failures.append(self._monotonic())
        process, self._process = self._process, None
        if process is not None:
            await _kill(process)


def _own_group() -> dict[str, Any]:
    """Return what keeps a terminal's Ctrl-C from the process before it can ignore it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def _features(kind: bytes, answer: bytes, shape: tuple[int, int]) -> Vectors:
    """Return what an answer holds."""
    if kind == FAILED:
        raise EncoderUnavailable(f"the encoder failed: {answer.decode(errors='replace')}")
    if kind != FEATURES or len(answer) != shape[0] * shape[1] * np.float32().nbytes:
        raise _WorkerDiedError("answered nonsense")
    return np.frombuffer(answer, np.float32).reshape(shape)


async def _exchange(process: asyncio.subprocess.Process, body: bytes) -> tuple[bytes, bytes]:
    """Send one request and return the answer's kind and body."""
    writer = process.stdin
    if writer is None:
        raise _WorkerDiedError("has no input")
    try:
        writer.write(HEADER.pack(len(body)) + body)
        await writer.drain()
    except OSError as error:
        raise _WorkerDiedError("ended") from error
    return await _read_answer(process)


async def _read_answer(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    reader = process.stdout
    if reader is None:
        raise _WorkerDiedError("has no output")
    try:
        (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
        answer = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError) as error:
        raise _WorkerDiedError("ended") from error
    return answer[:1], answer[1:]


def _signal_kill(process: asyncio.subprocess.Process | None) -> None:
    if process is not None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def _kill(process: asyncio.subprocess.Process) -> None:
    _signal_kill(process)
    await process.wait()
