"""The trained heads: what they compute, and that the committed ones fit this version."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlp import context, features
from bot.nlp import heads as trained
from bot.nlp.heads import Floats, Head, Heads
from bot.nlp.minilm_weights import DIM, PARTS
from bot.nlp.ngrams import BUCKETS, CHUNK, grams_of
from bot.nlp.reading import read
from tests.unit.nlp.judged_texts import SENTENCES

NUMBERS = 3
RANDOM = np.random.default_rng(5)
IDF = RANDOM.uniform(1, 9, BUCKETS).astype(np.float16).astype(np.float32)


def head(labels: int, temperature: float = 1.0) -> Head:
    return Head(
        RANDOM.integers(-127, 128, (BUCKETS, labels)).astype(np.int8),
        RANDOM.uniform(0.01, 0.05, labels).astype(np.float32),
        RANDOM.normal(size=(NUMBERS, labels)).astype(np.float32),
        RANDOM.normal(size=labels).astype(np.float32),
        temperature,
    )


STORED = {"first": head(3), "second": head(2, 1.7)}
MADE = Heads(STORED, IDF)
TEXTS = st.lists(st.one_of(st.text(max_size=30), SENTENCES), max_size=6)


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def plain_sums(texts: Sequence[str], of: Head) -> Floats:
    """Return the n-grams' part of the logits by dense matrices, text by text."""
    rows = []
    for text in texts:
        row, squares = np.zeros(BUCKETS), 0.0
        for bucket in grams_of([text]).buckets:
            row[bucket] += IDF[bucket]
            squares += float(IDF[bucket]) ** 2
        rows.append((row / np.sqrt(squares or 1.0)) @ (of.grams * of.scale.astype(np.float64)))
    return np.array(rows).reshape(len(texts), len(of.bias))


@given(TEXTS)
def test_looking_up_equals_the_dense_product(texts: list[str]) -> None:
    looked_up = MADE.lookup(grams_of(texts))
    assert looked_up.shape == (len(texts), 5)
    for name, of in STORED.items():
        np.testing.assert_allclose(looked_up[:, MADE.columns(name)], plain_sums(texts, of), atol=1e-4)


def test_more_texts_than_are_looked_up_at_once_keep_their_own_sums() -> None:
    texts = ["", *(f"line {number}" for number in range(2 * CHUNK)), "", ""]
    sums = MADE.lookup(grams_of(texts))
    for at in (0, 1, CHUNK - 1, CHUNK, 2 * CHUNK, len(texts) - 1):
        np.testing.assert_allclose(sums[at], MADE.lookup(grams_of([texts[at]]))[0], atol=1e-5)


def test_probabilities_are_the_softmax_of_the_logits_over_the_temperature() -> None:
    texts = ["how do i do it?", "", "no"]
    numbers = RANDOM.normal(size=(len(texts), NUMBERS)).astype(np.float32)
    looked_up = MADE.lookup(grams_of(texts))
    for name, of in STORED.items():
        logits = plain_sums(texts, of) + numbers @ of.numbers + of.bias
        found = MADE.probabilities(name, looked_up, numbers)
        np.testing.assert_allclose(found, softmax(logits / of.temperature), atol=1e-4)


@given(TEXTS)
def test_probabilities_add_up_to_1_even_where_logits_are_huge(texts: list[str]) -> None:
    numbers = np.full((len(texts), NUMBERS), 1e4, np.float32)
    for name in STORED:
        shares = MADE.probabilities(name, MADE.lookup(grams_of(texts)), numbers)
        assert np.isfinite(shares).all()
        np.testing.assert_allclose(shares.sum(axis=1), np.ones(len(texts)), atol=1e-5)


@given(st.lists(SENTENCES, min_size=1, max_size=6))
def test_what_the_committed_heads_say_of_a_text_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    heads = trained.light_heads()

    def said(some: list[str]) -> dict[str, Floats]:
        readings = [read(text) for text in some]
        looked_up, numbers = heads.lookup(features.grams_read(readings)), features.numbers_of(readings)
        return {name: heads.probabilities(name, looked_up, numbers) for name in heads.names}

    together = said(texts)
    for at, text in enumerate(texts):
        for name, shares in said([text]).items():
            np.testing.assert_allclose(together[name][at], shares[0], atol=1e-5)
            assert shares.sum() == pytest.approx(1, abs=1e-5)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "made.npz"
    trained.save(path, STORED, IDF)
    loaded = trained.load(path, ("second",))
    assert loaded.names == ("second",)
    grams, numbers = grams_of(["does it work?", "yes"]), np.ones((2, NUMBERS), np.float32)
    np.testing.assert_array_equal(
        loaded.probabilities("second", loaded.lookup(grams), numbers),
        MADE.probabilities("second", MADE.lookup(grams), numbers),
    )


@pytest.mark.parametrize("short", ["idf", "n-grams"])
def test_weights_of_another_size_are_refused_with_the_fix(tmp_path: Path, short: str) -> None:
    path = tmp_path / "old.npz"
    old = STORED["first"]
    if short == "n-grams":
        old = old._replace(grams=old.grams[: BUCKETS // 2])
    trained.save(path, {"first": old}, IDF[: BUCKETS // 2] if short == "idf" else IDF)
    with pytest.raises(ValueError, match=r"old\.npz doesn't fit this version: python run\.py train-heads"):
        trained.load(path, ("first",))


@pytest.mark.parametrize("mode", trained.MODES)
def test_the_committed_weights_hold_every_head_and_fit_the_features(mode: str) -> None:
    heads = trained.load(trained.FOLDER / f"{mode}.npz", (*trained.EVERY_MESSAGE, trained.ROUTE))
    assert set(heads.names) == set(trained.LABELS)
    own = features.SIZE + (PARTS * DIM if mode == "full" else 0)
    widths = dict.fromkeys(trained.LABELS, own)
    if mode == "full":
        widths[trained.INTENT] += context.SIZE
    assert heads.widths() == widths
    for name, labels in trained.LABELS.items():
        columns = heads.columns(name)
        assert columns.stop - columns.start == len(labels)


def test_each_mode_reads_its_own_file() -> None:
    assert trained.light_heads().widths()[trained.INTENT] == features.SIZE
    assert trained.full_heads().widths()[trained.INTENT] > features.SIZE
    for mode in trained.MODES:
        assert trained.route_heads(mode).names == (trained.ROUTE,)
    assert trained.route_heads("light") is not trained.route_heads("full")


def test_the_rows_trained_on_are_written_down() -> None:
    keys = np.load(trained.FOLDER / "trained_rows.npy", allow_pickle=False)
    assert keys.dtype == np.uint64
    assert len(keys) > 10_000
    assert (keys[1:] > keys[:-1]).all()
    assert 0 not in keys  # the corpus is in no file of the evaluation
    assert trained.trained_rows() == frozenset(map(int, keys))


def test_without_the_file_nothing_was_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    assert trained.trained_rows() == frozenset()


@pytest.mark.parametrize("mode", trained.MODES)
def test_the_model_card_has_figures_of_every_head(mode: str) -> None:
    card = (trained.FOLDER / "CARD.md").read_text("utf-8")
    for name in trained.LABELS:
        assert f"\n| {name} | {mode} | " in card
