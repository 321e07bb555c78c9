"""Runs the model in a process of its own, because importing torch stops an event loop for seconds."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.child.frames import FAILED
from bot.child.process import Child, ChildDied, ChildUnavailable, Command
from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.nlp.minilm_weights import Weights
from bot.nlp.minilm_worker import FEATURES


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
        self._patience = patience or Patience()
        self._load_limit = self._patience.download if weights.download else self._patience.load
        self._child = Child(_command(weights, threads, module), self._patience, monotonic)

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        return self._child.pid

    async def encode_batch(self, texts: Sequence[str]) -> Vectors:
        """Return the features of `texts`, shape (n, width); tried once more when the process dies over them.

        Raises:
            EncoderUnavailable: it doesn't start, died twice, or takes too long.
        """
        try:
            return await self._attempt(texts)
        except ChildDied:
            try:
                return await self._attempt(texts)
            except ChildDied as error:
                raise EncoderUnavailable(
                    f"the encoder's process {error}: is there enough memory? (it needs about 0.5 GB)"
                ) from error

    async def stop(self) -> None:
        """End the process, if there is one, and wait until it is gone."""
        await self._child.stop()

    async def _attempt(self, texts: Sequence[str]) -> Vectors:
        body = json.dumps(texts).encode()  # lone surrogates are escaped, so they pass
        try:
            if self._child.pid is None:
                await self._start()
            async with asyncio.timeout(self._patience.answer):
                await self._child.send(body)
                kind, answer = await self._child.receive()
            return _features(kind, answer, (len(texts), self.width))
        except TimeoutError:
            await self._child.give_up()
            raise EncoderUnavailable("the encoder's process did not answer in time and was ended") from None
        except ChildDied:
            await self._child.give_up()
            raise
        except asyncio.CancelledError:  # an answer may still come, and would be taken for the next one's
            self._child.kill()
            raise

    async def _start(self) -> None:
        """Start the process and wait until the model is loaded."""
        try:
            answer = await self._child.start(self._load_limit)
        except ChildUnavailable as error:
            raise EncoderUnavailable(str(error)) from error
        if json.loads(answer) != {"dim": self.dim, "width": self.width}:
            raise ChildDied("holds another model than was found")


def _command(weights: Weights, threads: int, module: str) -> Command:
    """Return what the process is."""
    arguments = [str(weights.folder.resolve()), str(threads)]
    environment = {"TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
    if weights.download:
        arguments.append("--download")
    else:
        environment["HF_HUB_OFFLINE"] = "1"
    return Command("the encoder's process", module, arguments, "about 0.5 GB", environment)


def _features(kind: bytes, answer: bytes, shape: tuple[int, int]) -> Vectors:
    """Return what an answer holds."""
    if kind == FAILED:
        raise EncoderUnavailable(f"the encoder failed: {answer.decode(errors='replace')}")
    if kind != FEATURES or len(answer) != shape[0] * shape[1] * np.float32().nbytes:
        raise ChildDied("answered nonsense")
    return np.frombuffer(answer, np.float32).reshape(shape)
