"""Which reports tell of one fault: by vectors made by hand, by words, and by the model where it is."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.nlp.faults import LEAST_KNOWN, MODEL_BAR, WORDS_BAR, Bar, Faults
from bot.nlp.hashed import HashedEncoder
from bot.nlp.minilm import MiniLM
from bot.nlp.minilm_weights import PACKAGE, find_weights
from tests.alerts.support import LOGIN, UNRELATED

NONE = np.zeros((0, 4), np.float32)
DIFFERENTLY = (
    "login is broken, I keep getting a 500 after entering my password",
    "the site throws an internal server error whenever I sign in",
    "cannot get into my account since this morning, error 500",
    "sign-in page crashes for me with a server error",
    "I am unable to log in, it fails with HTTP 500",
)


def rows(*values: tuple[float, ...]) -> Vectors:
    found = np.array(values, np.float32)
    made: Vectors = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    return made


def groups_of(faults: Faults, vectors: Vectors) -> list[list[int]]:
    return [each for each in faults.groups(vectors) if len(each) > 1]


def test_what_is_alike_is_one_fault_and_a_text_without_words_is_none() -> None:
    vectors = rows((1, 0.1, 0, 0), (0, 1, 0, 0), (1, 0, 0.1, 0), (0, 0, 0, 0), (0, 0, 0, 0))
    faults = Faults(NONE, Bar(0.4, 0.5))
    assert groups_of(faults, vectors) == [[0, 2]]
    assert faults.nearest(vectors, [vectors[:0], vectors[1:2], vectors[[0]]]) == [2, 1, 2, None, None]
    assert faults.nearest(vectors, []) == [None] * 5
    assert faults.nearest(vectors[:0], [vectors]) == []


@pytest.mark.parametrize(
    ("known", "alike"), [(0, True), (LEAST_KNOWN - 1, True), (LEAST_KNOWN, False)], ids=str
)
def test_what_a_servers_messages_have_in_common_counts_for_nothing(known: int, alike: bool) -> None:
    common = (5, 0, 0, 0)
    vectors = rows((5, 2, 0, 0), (5, 0, 2, 0), (5, 0, 0, 2), (0, 0, 0, 0), (0, 0, 0, 0))
    faults = Faults(rows(*[common] * known) if known else NONE, Bar(0.4, 0.5))
    assert groups_of(faults, vectors) == ([[0, 1, 2]] if alike else [])
    assert faults.nearest(vectors, [vectors[:1]]) == [0, *[0 if alike else None] * 2, None, None]


def test_words_find_one_fault_among_unrelated_ones() -> None:
    vectors = HashedEncoder().encode_now([*LOGIN, *UNRELATED])
    faults = Faults(vectors[:0], WORDS_BAR)
    assert [each for each in groups_of(faults, vectors) if len(each) > 2] == [[0, 1, 2, 3, 4]]


def test_the_model_finds_one_fault_however_it_is_worded() -> None:
    for package in ("torch", PACKAGE):  # not imported: others test that it is only looked at
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    try:
        weights = find_weights(None, Path("nowhere"), allow_download=False)
    except EncoderUnavailable as error:
        pytest.skip(str(error))
    with MiniLM(weights.folder, threads=1) as model:
        vectors = model.encode_now([*DIFFERENTLY, *UNRELATED])
    faults = Faults(vectors[:0], MODEL_BAR)
    assert groups_of(faults, vectors) == [[0, 1, 2, 3, 4]]
    assert groups_of(faults, vectors[5:]) == []
