"""Texts compared by their meaning: by the model's vectors where they come in time, else by words."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from bot.nlp.encoder import Encoder, EncoderError, Vectors
from bot.nlp.hashed import HashedEncoder
from bot.services.tasks import TaskSet

KEPT: Final = 8_192  # vectors in memory, the last used
PORTION: Final = 128  # texts encoded before they are kept


class Likeness(NamedTuple):
    """From which cosine on two texts are alike; measured on the retrieval sets, see docs/TRAINING.md."""

    alike: float  # they ask for the same kind of thing
    same: float  # they ask the same


MODEL_LIKENESS: Final = Likeness(0.55, 0.85)
WORDS_LIKENESS: Final = Likeness(0.4, 0.8)
_HASHED: Final = HashedEncoder()
_WORDS: Final = b"words"  # vectors made by it have keys of their own


class Compared(NamedTuple):
    """Vectors that may be compared with each other, and from where on they are alike."""

    vectors: Vectors
    likeness: Likeness
    is_fallback: bool = False  # words, for the model didn't answer in time


class Meaning:
    """Makes vectors and keeps them; what comes too late for one asking is there for the next."""

    def __init__(self, encoder: Encoder | None, *, kept: int = KEPT) -> None:
        """Prepare; without an `encoder`, or with the hashed one, only words are compared."""
        self.encoder = None if isinstance(encoder, HashedEncoder) else encoder
        self._kept = kept
        self._vectors: OrderedDict[bytes, NDArray[np.float16]] = OrderedDict()  # the last used at the end
        self._tasks = TaskSet()

    async def vectors(self, texts: Sequence[str], within: float) -> Compared:
        """Return the vectors of `texts`, shape (n, dim), after `within` seconds at most."""
        if self.encoder is None or not texts:
            return await self._by_words(texts, is_fallback=False)
        task = self._tasks.spawn(self._fill(texts), f"encode {len(texts)} texts")
        await asyncio.wait([task], timeout=within)
        found = [self._vectors.get(_key(text)) for text in texts]
        known = [vector for vector in found if vector is not None]
        if len(known) < len(texts):
            return await self._by_words(texts, is_fallback=True)
        return Compared(np.stack(known).astype(np.float32), MODEL_LIKENESS)

    def forget(self) -> None:
        """Let go of every vector: it can't be told whose text it is of."""
        self._vectors.clear()

    async def close(self) -> None:
        """Stop encoding."""
        await self._tasks.cancel()

    async def _fill(self, texts: Sequence[str]) -> None:
        """Encode what isn't kept."""
        assert self.encoder is not None
        missing = {key: text for text in texts if not self._has(key := _key(text))}
        keys = list(missing)
        for start in range(0, len(keys), PORTION):
            part = keys[start : start + PORTION]
            try:
                made = await self.encoder.encode([missing[key] for key in part])
            except EncoderError as error:
                logger.info("{} texts are compared by words: {}", len(keys) - start, error)
                return
            self._keep(dict(zip(part, made.astype(np.float16), strict=True)))

    def _keep(self, made: Mapping[bytes, NDArray[np.float16]]) -> None:
        self._vectors.update(made)
        while len(self._vectors) > self._kept:
            self._vectors.popitem(last=False)

    def _has(self, key: bytes) -> bool:
        if key in self._vectors:
            self._vectors.move_to_end(key)
            return True
        return False

    async def _by_words(self, texts: Sequence[str], *, is_fallback: bool) -> Compared:
        keys = [_key(text, _WORDS) for text in texts]
        known = {key: self._vectors[key] for key in keys if self._has(key)}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            made = await asyncio.to_thread(_HASHED.encode_now, list(missing.values()))
            fresh = dict(zip(missing, made.astype(np.float16), strict=True))
            self._keep(fresh)
            known |= fresh
        vectors = np.zeros((len(texts), _HASHED.dim), np.float32)
        for row, key in enumerate(keys):
            vectors[row] = known[key]
        return Compared(vectors, WORDS_LIKENESS, is_fallback)


def _key(text: str, maker: bytes = b"") -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, person=maker).digest()
