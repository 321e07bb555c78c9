"""Training sees messages exactly as the bot does."""

import numpy as np
import pytest

from bot.nlp import context, features
from bot.nlp.heads import Head, Heads
from bot.nlp.ngrams import BUCKETS
from bot.nlp.reading import read
from bot.training.matrix import INNER, design, weighted_grams
from bot.training.rows import Sample

pytestmark = pytest.mark.usefixtures("sklearn")
RANDOM = np.random.default_rng(4)
TEXTS = ["how do i pin a message?", "no no no no", "", *(f"line {n} of the log" for n in range(300))]


def samples(texts: list[str]) -> list[Sample]:
    return [Sample(text, "corpus/chat", str(at)) for at, text in enumerate(texts)]


def test_the_n_grams_that_are_fitted_on_are_those_that_are_looked_up() -> None:
    readings = [read(text) for text in TEXTS]
    matrix, idf = weighted_grams(readings)
    weights = RANDOM.integers(-127, 128, (BUCKETS, 2)).astype(np.int8)
    head = Head(weights, np.ones(2, np.float32), np.zeros((0, 2), np.float32), np.zeros(2, np.float32), 1.0)
    looked_up = Heads({"made": head}, idf).lookup(features.grams_read(readings))
    assert matrix.shape == (len(TEXTS), BUCKETS)
    np.testing.assert_allclose(matrix @ weights.astype(np.float32), looked_up, atol=1e-2)


def test_rare_n_grams_weigh_more_and_the_weights_survive_being_stored() -> None:
    readings = [read(text) for text in TEXTS]
    _, idf = weighted_grams(readings)
    often, once, never = (
        idf[features.grams_read([read(word)]).buckets].min() for word in ("line", "message", "zebra")
    )
    assert often < once < never
    np.testing.assert_array_equal(idf, idf.astype(np.float16).astype(np.float32))


def test_light_rows_are_n_grams_and_numbers() -> None:
    data = design(samples(TEXTS), None)
    rows = data.light([3, 0])
    assert rows.shape == (2, BUCKETS + features.SIZE)
    np.testing.assert_array_equal(
        rows[:, BUCKETS:].toarray(), features.numbers_of([read(TEXTS[3]), read(TEXTS[0])])
    )


def test_full_rows_have_vectors_and_perhaps_context_besides() -> None:
    vectors = RANDOM.normal(3, 5, (len(TEXTS), 8)).astype(np.float32)
    vectors[:, 7] = 2  # a column that never changes
    data = design(samples(TEXTS), vectors)
    data.before[:] = 0.5
    everything = np.arange(len(TEXTS))
    plain = data.full(everything, with_context=False).toarray()[:, BUCKETS + features.SIZE :]
    np.testing.assert_allclose(plain[:, :4], vectors[:, :4], rtol=1e-6)
    np.testing.assert_allclose(plain[:, 4:7].mean(axis=0), np.zeros(3), atol=1e-5)
    np.testing.assert_allclose(plain[:, 4:7].std(axis=0), np.full(3, INNER), rtol=1e-3)
    assert np.isfinite(plain).all()
    told = data.full([0], with_context=True)
    assert told.shape == (1, BUCKETS + features.SIZE + 8 + context.SIZE)
    assert told[:, -context.SIZE :].toarray().tolist() == [[0.5] * context.SIZE]
