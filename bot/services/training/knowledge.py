"""Finds the trained answer to a question: by meaning where there is a model, else by words."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
from loguru import logger

from bot.db.database import Database
from bot.models import TrainingEntry
from bot.nlp.encoder import Encoder, EncoderError
from bot.nlp.hashed import HashedEncoder
from bot.nlp.retrieval import DENSE, HASHED, Match
from bot.nlp.retrieval.index import EXACT_SCORE
from bot.services.clock import Clock
from bot.services.training.shelf import Floats, Shelf, packed

MAX_GUILDS: Final = 32  # in memory
MARGIN: Final = 0.35  # from the threshold down to where an answer is still put together
AT_ONCE: Final = 64  # questions encoded before a change is said to be done; more are encoded behind it
PORTION: Final = 256  # questions encoded before they are stored
ENCODE_SECONDS: Final = 1.0  # for a question that somebody waits for
WAKE_SECONDS: Final = 0.1  # for a model that hasn't answered yet: it may have to be loaded first
REST_SECONDS: Final = 5.0  # before the next try with a model that doesn't answer
LOAD_SECONDS: Final = 15.0  # after which nobody waits any more for what was trained to be read


class Band(StrEnum):
    """How far the best answer may be trusted."""

    TRAINED = "trained"  # as written
    COMPOSED = "composed"  # a model puts it together from the best ones
    BELOW = "below"


class Thresholds(NamedTuple):
    """A guild's own choices; None: what was measured."""

    trained: float | None = None
    composed: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may answer, and how likely."""

    entry: TrainingEntry
    phrasing: str  # its question that matched
    score: float  # 0 to 1
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The answers to a question, best first."""

    matches: tuple[Candidate, ...]
    band: Band
    threshold: float
    low: float  # from where on an answer is put together
    by: str  # the encoder that was asked: its vectors' name
    is_fallback: bool  # the model could not be asked, so words were compared


class Knowledge:
    """The trained questions of the guilds that ask, in memory; true after every `update`.

    Attributes:
        thresholds_of: a guild's own thresholds; set it once somebody knows them.
    """

    def __init__(
        self,
        database: Database,
        encoder: Encoder | None,
        clock: Clock,
        *,
        max_guilds: int = MAX_GUILDS,
        encode_seconds: float = ENCODE_SECONDS,
    ) -> None:
        """Prepare; without an `encoder`, or with the hashed one, only words are compared."""
        self._database = database
        self._encoder = None if isinstance(encoder, HashedEncoder) else encoder
        self._clock = clock
        self._max_guilds = max_guilds
        self._encode_seconds = encode_seconds
        self._shelves: OrderedDict[int, Shelf] = OrderedDict()  # the last used at the end
        self._loading: dict[int, asyncio.Task[Shelf]] = {}
        self._rest_until = -math.inf  # monotonic seconds
        self._work = asyncio.Event()
        self._is_awake = encoder is None  # whether the model has answered since the start
        self._waking: asyncio.Task[Floats | None] | None = None
        self._is_loaded = False
        self._load_until = clock.monotonic() + LOAD_SECONDS
        self.thresholds_of: Callable[[int], Thresholds] = lambda _guild_id: Thresholds()

    @property
    def is_ready(self) -> bool:
        """Whether the first to ask is answered at once: what was trained is read, or takes too long."""
        return self._is_loaded or self._clock.monotonic() >= self._load_until

    def may_hold(self, guild_id: int) -> bool:
        """Whether a guild may have trained questions: False only where it is known that it has none."""
        shelf = self._shelves.get(guild_id)
        return shelf is None or not shelf.is_empty

    async def search(self, guild_id: int, text: str, limit: int = 5) -> Found:
        """Return up to `limit` answers to `text` that are valid now; none when nothing is trained."""
        shelf = await self._shelf(guild_id)
        now = self._clock.now()
        if shelf.turns(now):
            async with shelf.changing:
                await asyncio.to_thread(shelf.turn, now)
        vector = await self._vector_of(text) if shelf.is_whole else None
        if vector is not None:
            matches = await asyncio.to_thread(shelf.by_meaning, text, vector, limit)
        else:
            await self._index_words(shelf)
            matches = await asyncio.to_thread(shelf.by_words, text, limit)
        candidates = await self._candidates(guild_id, shelf, matches)
        return self._judged(guild_id, candidates, by_words=vector is None)

    async def update(self, guild_id: int, entry_ids: Sequence[int]) -> None:
        """Have searches see these entries as they are now; many new ones are found by words at first."""
        shelf = await self._shelf(guild_id)  # an import fills it bit by bit, or the first to ask would wait
        await self._reread(shelf, guild_id, entry_ids)
        if 0 < len(shelf.lacking) <= AT_ONCE:
            await self._embed_portion(guild_id, within=self._encode_seconds)
        self._work.set()

    async def run(self) -> None:
        """Load the largest guilds, then encode whatever has no vector of this encoder yet, for ever."""
        await self.load()
        while self._encoder is not None:
            self._work.clear()
            await self.encode_lacking()
            await self._work.wait()

    async def load(self) -> None:
        """Read what the largest guilds have trained, unless it is in memory."""
        async with self._database.reading() as tx:
            guild_ids = await tx.training_vectors.largest_guilds(self._max_guilds)
        for guild_id in reversed(guild_ids):
            await self._shelf(guild_id)
        self._is_loaded = True

    async def encode_lacking(self) -> None:
        """Give every question a vector of this encoder; wait and try again while it doesn't work."""
        if self._encoder is None:
            return
        async with self._database.reading() as tx:
            guild_ids = await tx.training_vectors.lacking_guilds(self._encoder.name)
        for guild_id in guild_ids:
            while (done := await self._embed_portion(guild_id)) is not False:
                if done is None:
                    await self._clock.sleep(REST_SECONDS)

    def forget(self, guild_id: int) -> None:
        """Drop what a guild that was deleted had trained."""
        self._shelves.pop(guild_id, None)

    async def _shelf(self, guild_id: int) -> Shelf:
        """Return the guild's questions, read now if they aren't in memory."""
        shelf = self._shelves.get(guild_id)
        if shelf is not None:
            self._shelves.move_to_end(guild_id)
            return shelf
        loading = self._loading.get(guild_id)
        if loading is None:
            loading = asyncio.create_task(self._load(guild_id), name=f"training of {guild_id}")
            self._loading[guild_id] = loading
            loading.add_done_callback(lambda _: self._loading.pop(guild_id, None))
        return await asyncio.shield(loading)

    async def _load(self, guild_id: int) -> Shelf:
        encoder = self._encoder
        shelf = Shelf(encoder.dim if encoder else None)
        await self._reread(shelf, guild_id, None)
        if not (shelf.is_whole and self._is_awake):
            await self._index_words(shelf)
        self._shelves[guild_id] = shelf
        while len(self._shelves) > self._max_guilds:
            self._shelves.popitem(last=False)
        return shelf

    async def _reread(self, shelf: Shelf, guild_id: int, entry_ids: Sequence[int] | None) -> None:
        """Read entries, or all, from the database; one after another, so that the last state wins."""
        name = self._encoder.name if self._encoder else None
        async with shelf.changing:
            async with self._database.reading() as tx:
                phrasings = await tx.training_vectors.of_guild(guild_id, name, entry_ids)
            await asyncio.to_thread(shelf.put, entry_ids or (), phrasings, self._clock.now())

    async def _index_words(self, shelf: Shelf) -> None:
        if not shelf.has_words:
            async with shelf.changing:
                await asyncio.to_thread(shelf.index_words)

    async def _embed_portion(self, guild_id: int, within: float | None = None) -> bool | None:
        """Encode some questions and store their vectors; False: none are left; None: it doesn't work now."""
        encoder = self._encoder
        assert encoder is not None
        async with self._database.reading() as tx:
            texts = await tx.training_vectors.missing(guild_id, encoder.name, PORTION)
        if not texts:
            return False
        try:
            async with asyncio.timeout(within):
                vectors = await encoder.encode([text for _, text in texts])
        except (EncoderError, TimeoutError) as error:
            logger.info(
                "{} questions of {} wait for the encoder: {}", len(texts), guild_id, str(error) or "slow"
            )
            return None
        self._is_awake = True
        made = [(id_, packed(vector)) for (id_, _), vector in zip(texts, vectors, strict=True)]
        async with self._database.transaction() as tx:
            await tx.training_vectors.keep(encoder.name, made)
        shelf = self._shelves.get(guild_id)
        if shelf is not None:
            async with shelf.changing:
                await asyncio.to_thread(shelf.embed, made)
        return True

    async def _vector_of(self, text: str) -> Floats | None:
        """Return the vector of a question; None when the encoder can't tell it in time."""
        if self._encoder is None or self._clock.monotonic() < self._rest_until:
            return None
        if not self._is_awake:
            return await self._woken(text)
        return await self._encoded(text, self._encode_seconds)

    async def _woken(self, text: str) -> Floats | None:
        """Have the model start, which may take long, and return the question's vector if it comes soon."""
        begun = None
        if self._waking is None:
            begun = self._waking = asyncio.create_task(self._encoded(text, None), name="wake the encoder")
            begun.add_done_callback(self._on_woken)
            await asyncio.wait({begun}, timeout=min(WAKE_SECONDS, self._encode_seconds))
        return begun.result() if begun is not None and begun.done() else None

    def _on_woken(self, task: asyncio.Task[Floats | None]) -> None:
        self._waking = None
        if not task.cancelled() and task.exception() is not None:
            logger.opt(exception=task.exception()).error("The encoder can't be asked")

    async def _encoded(self, text: str, within: float | None) -> Floats | None:
        assert self._encoder is not None
        try:
            async with asyncio.timeout(within):
                vectors = await self._encoder.encode([text])
        except (EncoderError, TimeoutError) as error:
            self._rest_until = self._clock.monotonic() + REST_SECONDS
            logger.info("Words are compared, for the encoder doesn't answer: {}", str(error) or "slow")
            return None
        self._is_awake = True
        return np.asarray(vectors[0], np.float32)

    async def _candidates(
        self, guild_id: int, shelf: Shelf, matches: Sequence[Match]
    ) -> tuple[Candidate, ...]:
        """Return the matches with their entries as the database has them; what is gone is left out."""
        asked = [(match, phrasing) for match in matches if (phrasing := shelf.phrasing(match)) is not None]
        async with self._database.reading() as tx:
            entries = await tx.training.get(guild_id, [phrasing.entry_id for _, phrasing in asked])
        return tuple(
            Candidate(entry, phrasing.text, match.score, match.is_exact)
            for match, phrasing in asked
            if (entry := entries.get(phrasing.entry_id)) is not None and entry.deleted_at is None
        )

    def _judged(self, guild_id: int, candidates: tuple[Candidate, ...], *, by_words: bool) -> Found:
        own = self.thresholds_of(guild_id)
        measured = (HASHED if by_words else DENSE).threshold
        threshold = own.trained if own.trained is not None else measured
        low = own.composed if own.composed is not None else max(threshold - MARGIN, 0.0)
        best = candidates[0].score if candidates else -1.0
        if best >= min(threshold, EXACT_SCORE):  # the same question is always sure enough
            band = Band.TRAINED
        else:
            band = Band.COMPOSED if best >= low else Band.BELOW
        is_fallback = by_words and self._encoder is not None
        by = HashedEncoder().name if self._encoder is None or by_words else self._encoder.name
        return Found(candidates, band, threshold, low, by, is_fallback)
