"""The bot's own judgement of texts, for plugins: what is alike, and what attacks somebody."""

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np

from bot.nlp.classifier import EmbeddedClassifier, NanoClassifier
from bot.plugin_api.parts import Alike
from bot.services.meaning import Meaning

ENCODE_SECONDS: Final = 1.5  # somebody waits; what comes later serves the next
MAX_TEXT: Final = 2_000  # characters; what comes after them rarely changes a judgement


class PluginJudging:
    """Compares and judges texts; nothing of them is kept but vectors in memory."""

    def __init__(self, classifier: NanoClassifier | None = None, meaning: Meaning | None = None) -> None:
        """Prepare; by words alone where nothing else is given."""
        self._classifier = classifier or EmbeddedClassifier()
        self._meaning = meaning or Meaning(None)

    async def alike(self, text: str, others: Sequence[str]) -> list[Alike]:
        """Return which of `others` are alike to `text`, most alike first."""
        if not others or not text.strip():
            return []
        compared = await self._meaning.vectors([each[:MAX_TEXT] for each in (text, *others)], ENCODE_SECONDS)
        cosines = await asyncio.to_thread(np.matmul, compared.vectors[1:], compared.vectors[0])
        found = [Alike(int(row), float(cosines[row])) for row in np.argsort(-cosines, kind="stable")]
        return [each for each in found if each.likeness >= compared.likeness.alike]

    async def toxicity(self, text: str) -> float:
        """Return how likely a text attacks somebody."""
        [judgement] = await asyncio.to_thread(self._classifier.classify, [text[:MAX_TEXT]])
        return float(judgement.toxicity)
