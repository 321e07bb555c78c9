"""Average-link clustering: against the definition, step by step, and at its borders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlp.clusters import clusters
from bot.nlp.encoder import Vectors


def circle(*degrees: float) -> Vectors:
    """Vectors of length 1 at these angles."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def by_definition(vectors: Vectors, farthest: float, counts: list[int]) -> set[frozenset[int]]:
    """Join the two nearest groups, by the mean distance of all pairs, until none are near enough."""
    groups = [[row] for row in range(len(vectors))]
    distances = 1 - vectors.astype(np.float64) @ vectors.T
    weights = np.outer(counts, counts)

    def apart(one: list[int], other: list[int]) -> float:
        at = np.ix_(one, other)
        return float((distances[at] * weights[at]).sum() / weights[at].sum())

    while len(groups) > 1:
        pairs = [(apart(groups[i], groups[j]), i, j) for i in range(len(groups)) for j in range(i)]
        nearest, i, j = min(pairs)
        if nearest > farthest:
            break
        groups[j] += groups.pop(i)
    return {frozenset(group) for group in groups}


@given(st.integers(0, 10_000), st.integers(1, 14), st.floats(0.05, 0.95))
def test_groups_are_those_of_always_joining_the_nearest_two(seed: int, size: int, farthest: float) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(size, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    counts = random.integers(1, 5, size).tolist()
    found = clusters(vectors, farthest, counts)
    assert {frozenset(rows) for rows in found} == by_definition(vectors, farthest, counts)


def test_a_chain_of_neighbours_is_not_one_group() -> None:
    vectors = circle(0, 30, 60, 90, 120, 150)
    assert len(clusters(vectors, 0.2)) == 3  # single link would join them all


def test_the_group_of_most_texts_comes_first() -> None:
    assert clusters(circle(0, 90, 91), 0.1) == [[1, 2], [0]]
    assert clusters(circle(0, 90, 91), 0.1, [3, 1, 1]) == [[0], [1, 2]]


@pytest.mark.parametrize("size", [0, 1])
def test_few_texts(size: int) -> None:
    assert clusters(circle(*range(size)), 0.5) == [[row] for row in range(size)]


def test_empty_texts_are_like_nothing_and_equal_ones_are_one_group() -> None:
    vectors = np.concatenate([np.zeros((2, 2), np.float32), circle(*[45] * 50)])
    assert [len(rows) for rows in clusters(vectors, 0.5)] == [50, 1, 1]
