import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlp.hashed import HashedEncoder, _order

TEXTS = [
    "How do I reset my password?",
    "forgot my password, how to reset it",
    "The build is green again",
    "??? 😂",
]


@given(st.lists(st.text(st.characters(), max_size=80), max_size=6))
@settings(max_examples=60, deadline=None)
def test_rows_have_length_one_and_blank_texts_are_zeros(texts: list[str]) -> None:
    vectors = HashedEncoder(256).encode_now(texts)
    assert vectors.shape == (len(texts), 256)
    assert vectors.dtype == np.float32
    for text, length in zip(texts, np.linalg.norm(vectors, axis=1), strict=True):
        assert length == pytest.approx(1.0 if text.strip() else 0.0, abs=1e-5)


@given(st.lists(st.text(st.characters(), max_size=80), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_text_has_the_same_vector_alone_and_beside_others(texts: list[str]) -> None:
    encoder = HashedEncoder()
    together = encoder.encode_now(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(encoder.encode_now([text])[0], vector, atol=1e-6)


async def test_many_texts_keep_their_order() -> None:
    texts = [f"question number {number}" for number in range(600)]
    vectors = await HashedEncoder().encode(texts)
    assert np.allclose(vectors[599], HashedEncoder().encode_now([texts[599]])[0], atol=1e-6)
    assert np.array_equal(vectors, HashedEncoder().encode_now(texts))


def test_similar_questions_are_close_and_others_are_not() -> None:
    vectors = HashedEncoder().encode_now(TEXTS)
    cosine = vectors @ vectors.T
    assert cosine[0, 1] > 0.4
    assert cosine[0, 2] < 0.2
    assert cosine[0, 3] < 0.2


@pytest.mark.parametrize(
    ("one", "other"),
    [("Password RESET", "password reset"), ("\uff50assword", "password"), ("cant  login\n", "cant login")],
    ids=["case", "width", "space"],
)
def test_spelling_variants_are_the_same(one: str, other: str) -> None:
    a, b = HashedEncoder().encode_now([one, other])
    assert np.allclose(a, b, atol=1e-6)


def test_a_typo_stays_close() -> None:
    a, b = HashedEncoder().encode_now(["authentication", "authentification"])
    assert a @ b > 0.4


def test_repeating_a_word_counts_less_than_so_often() -> None:
    once, often, other = HashedEncoder().encode_now(["crash menu", "crash crash crash crash menu", "menu"])
    assert once @ other > often @ other > 0.3


def test_what_follows_the_limit_is_left_out() -> None:
    long = "word " * 400
    a, b = HashedEncoder().encode_now([long, long + "somethingelse"])
    assert np.array_equal(a, b)


def test_another_process_makes_the_same_vectors() -> None:
    code = (
        "import sys, json; from bot.nlp.hashed import HashedEncoder;"
        "sys.stdout.buffer.write(HashedEncoder(128).encode_now(json.loads(sys.argv[1])).tobytes())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(TEXTS)],
        capture_output=True,
        check=True,
        env={"PYTHONHASHSEED": "7"},
    )
    assert done.stdout == HashedEncoder(128).encode_now(TEXTS).tobytes()


def test_the_vectors_under_this_name_never_change() -> None:
    encoder = HashedEncoder(64)
    vector = encoder.encode_now(["My mic isn't working in #voice-1 😢"])[0]
    assert encoder.name == "hashed-64-1"
    assert np.flatnonzero(np.abs(vector) > 0.25).tolist() == [2, 6, 13, 33, 34]  # otherwise: another name


@pytest.mark.parametrize("alike", [False, True], ids=["any", "hashes that begin alike"])
def test_the_order_is_that_of_pairs(alike: bool) -> None:
    random = np.random.default_rng(7)
    rows = np.sort(random.integers(0, 256, 5_000))
    hashes = random.integers(0, 2**64, 40, np.uint64)[random.integers(0, 40, 5_000)]
    if alike:
        hashes = (hashes >> np.uint64(63) << np.uint64(63)) + random.integers(0, 3, 5_000).astype(np.uint64)
    assert (_order(rows, hashes) == np.lexsort((hashes, rows))).all()
