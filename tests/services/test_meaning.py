"""Vectors for comparing texts: made once and kept, by the model or by words."""

from collections.abc import Sequence

import numpy as np
import pytest

from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.nlp.hashed import HashedEncoder
from bot.services import meaning as module
from bot.services.meaning import Meaning

TEXTS = ("The app crashes", "Where is my invoice?", "How do I reset it?")


class Counting(HashedEncoder):
    """Counts the texts it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode_now(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return super().encode_now(texts)


class Failing:
    """A model that isn't there."""

    name, dim = "failing-1", 4

    async def encode(self, texts: Sequence[str]) -> Vectors:
        raise EncoderUnavailable("no model")

    async def close(self) -> None: ...


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(module, "_HASHED", counting)
    return counting


@pytest.mark.parametrize("model", [None, Failing()], ids=["without a model", "where it fails"])
async def test_words_are_hashed_once(words: Counting, model: Failing | None) -> None:
    meaning = Meaning(model)
    first = await meaning.vectors(TEXTS[:2], 5)
    again = await meaning.vectors(TEXTS, 5)
    assert words.asked == list(TEXTS)
    np.testing.assert_array_equal(again.vectors[:2], first.vectors)
    np.testing.assert_allclose(again.vectors, HashedEncoder().encode_now(TEXTS), atol=1e-3)
    assert again.is_fallback == (model is not None)
    await meaning.close()


async def test_no_more_is_kept_than_allowed_and_everything_asked_is_returned(words: Counting) -> None:
    meaning = Meaning(None, kept=1)
    assert (await meaning.vectors(TEXTS, 5)).vectors.shape == (3, words.dim)
    await meaning.vectors([TEXTS[2], TEXTS[0]], 5)
    assert words.asked == [*TEXTS, TEXTS[0]]
    assert (await meaning.vectors([], 5)).vectors.shape == (0, words.dim)
