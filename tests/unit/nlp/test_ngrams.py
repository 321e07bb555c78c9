"""The hashed n-grams against the plain reading of what they are."""

import os
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlp.ngrams import BITS, BUCKETS, CHUNK, Grams, grams_of
from bot.nlp.spans import codes_of

MASK = 2**64 - 1
BASE = 0x9E3779B97F4A7C15
WORD_SALT, PAIR_SALT = 0xD6E8FEB86659FD93, 0xA0761D6478BD642F
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="ab'  .!é\N{GRINNING FACE}\N{IDEOGRAPHIC SPACE}\ud800", max_size=30),
    st.lists(st.sampled_from(["cat", "can't", "a", "i", "?!", "cat,", "ünder"]), max_size=8).map(" ".join),
)


def hash_of(span: str) -> int:
    return sum(ord(sign) * pow(BASE, at, 2**64) for at, sign in enumerate(span)) & MASK


def bucket_of(number: int) -> int:
    """Return the bucket of a hash: the top bits of splitmix64's last step."""
    number ^= number >> 30
    number = number * 0xBF58476D1CE4E5B9 & MASK
    number ^= number >> 27
    number = number * 0x94D049BB133111EB & MASK
    number ^= number >> 31
    return number >> (64 - BITS)


def plain_buckets(text: str) -> list[int]:
    words = re.findall(r"\w+(?:'\w+)*|[^\w\s]+", text)
    found = [bucket_of(hash_of(word) ^ WORD_SALT) for word in words]
    found += [bucket_of(hash_of(f"{one} {two}") ^ PAIR_SALT) for one, two in pairwise(words)]
    for word in words:
        bordered = f" {word} "
        for size in (3, 4, 5):
            spans = [bordered[at : at + size] for at in range(len(bordered) - size + 1)]
            found += [bucket_of(hash_of(span)) for span in spans]
    return sorted(found)


def buckets_of(grams: Grams, at: int) -> list[int]:
    return sorted(grams.buckets[grams.starts[at] : grams.starts[at + 1]].tolist())


@given(st.lists(TEXTS, max_size=8))
def test_every_text_of_a_batch_has_the_grams_it_has_by_the_plain_reading(texts: list[str]) -> None:
    grams = grams_of(texts)
    assert grams.starts[0] == 0
    assert grams.starts[-1] == len(grams.buckets)
    assert [buckets_of(grams, at) for at in range(len(texts))] == [plain_buckets(text) for text in texts]


def test_more_texts_than_are_hashed_at_once_keep_their_own_grams() -> None:
    texts = [f"message {number} of many" for number in range(2 * CHUNK + 1)]
    grams = grams_of(texts)
    for at in (0, 1, CHUNK, 2 * CHUNK):
        assert buckets_of(grams, at) == plain_buckets(texts[at])


@pytest.mark.parametrize("texts", [[], [""], ["", " \n", "\u2003"]], ids=["none", "empty", "blank"])
def test_nothing_written_has_no_grams(texts: list[str]) -> None:
    grams = grams_of(texts)
    assert grams.starts.tolist() == [0] * (len(texts) + 1)
    assert len(grams.buckets) == 0


def test_repeated_words_count_as_often_as_they_occur() -> None:
    once, thrice = buckets_of(grams_of(["cat"]), 0), buckets_of(grams_of(["cat cat cat"]), 0)
    pair = bucket_of(hash_of("cat cat") ^ PAIR_SALT)
    assert thrice == sorted([*once * 3, pair, pair])


def test_the_word_the_pair_and_the_characters_are_different_features() -> None:
    assert len({bucket_of(hash_of("cat") ^ salt) for salt in (0, WORD_SALT, PAIR_SALT)}) == 3


def test_buckets_are_spread_over_all_columns() -> None:
    grams = grams_of([f"{number:x}" for number in range(4_000)])
    assert grams.buckets.min() >= 0
    assert grams.buckets.max() < BUCKETS
    filled = np.bincount(grams.buckets * 16 // BUCKETS, minlength=16)  # in sixteenths
    assert filled.min() > len(grams.buckets) / 16 / 2


def test_half_of_a_character_has_a_code_too() -> None:
    assert codes_of("a\ud83d").tolist() == [97, 0xD83D]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_hashes_alike(seed: str) -> None:
    text = "does the café's cat crash? no"
    code = f"from bot.nlp.ngrams import grams_of; print(*sorted(grams_of([{text!r}]).buckets))"
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    assert list(map(int, done.stdout.split())) == plain_buckets(text)
