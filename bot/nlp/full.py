"""The second judge: the encoder's heads, over n-grams, numbers, vectors and what was said before."""

import asyncio
from collections.abc import Sequence

import numpy as np

from bot.domain.signal import Intent, Judgement
from bot.nlp import context, features
from bot.nlp import heads as trained
from bot.nlp.classifier import Chances, chances, judged
from bot.nlp.encoder import Encoder, FeatureEncoder, Vectors
from bot.nlp.minilm_weights import MODEL
from bot.nlp.reading import Reading, read
from bot.nlp.refining import Refiner, Request

_OTHER = trained.LABELS[trained.INTENT].index(Intent.OTHER)


def flagged_chances(texts: Sequence[str]) -> trained.Floats:
    """Return how likely each text is a request or a report by the light heads, shape (n,)."""
    readings = [read(text) for text in texts]
    said = chances(trained.light_heads(), readings, features.numbers_of(readings))
    share: trained.Floats = 1 - said.intent[:, _OTHER]
    return share


def full_chances(
    readings: Sequence[Reading],
    vectors: Vectors,
    contexts: Sequence[Sequence[str]],
    authors: Sequence[str],
) -> Chances:
    """Return what the full heads say of n messages.

    Args:
        readings: the messages.
        vectors: (n, width), from `FeatureEncoder.features` of their texts.
        contexts: the lines before each, oldest first.
        authors: who wrote each, "" where unknown.
    """
    before = context.numbers_of([each.text for each in readings], contexts, authors, flagged_chances)
    numbers = np.hstack((features.numbers_of(readings), vectors))
    return chances(trained.full_heads(), readings, numbers, before)


class EncoderRefiner:
    """Judges again with vectors and context; the computing is done in a thread."""

    def __init__(self, encoder: FeatureEncoder) -> None:
        self._encoder = encoder

    async def refine(self, requests: Sequence[Request]) -> list[Judgement]:
        """Return one judgement per request; see `Refiner.refine` for what it raises."""
        vectors = await self._encoder.features([request.text for request in requests])
        return await asyncio.to_thread(_judge, requests, vectors)


def _judge(requests: Sequence[Request], vectors: Vectors) -> list[Judgement]:
    readings = [read(request.text) for request in requests]
    said = full_chances(
        readings,
        vectors,
        [request.context for request in requests],
        [request.author for request in requests],
    )
    return judged(readings, said, trained.light_heads())


def load_refiner(encoder: Encoder) -> Refiner | None:
    """Return the second judge over `encoder`; None when the heads were trained with another model."""
    if encoder.name != MODEL or not isinstance(encoder, FeatureEncoder):
        return None
    return EncoderRefiner(encoder)
