"""The order of lists: gaps between creators, against every permutation of short lists."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.decisions.playlists.sequence import possible_gap, sequence


def gap_of(creators: list[int], upto: int) -> int:
    """The largest gap that an order keeps, the obvious way."""
    for gap in range(upto, 0, -1):
        if all(a < 0 or a != b for i, a in enumerate(creators) for b in creators[i + 1 : i + gap]):
            return gap
    return 1


@settings(max_examples=60, deadline=None)
@given(creators=st.lists(st.integers(-1, 3), min_size=1, max_size=7), gap=st.integers(1, 4))
def test_the_possible_gap_is_that_of_the_best_permutation(creators: list[int], gap: int) -> None:
    best = max(gap_of(list(p), gap) for p in set(permutations(creators)))
    assert possible_gap(np.array(creators), gap) == best


@settings(max_examples=80, deadline=None)
@given(creators=st.lists(st.integers(-1, 9), max_size=40), gap=st.integers(1, 5), seed=st.integers(0, 99))
def test_the_possible_gap_is_kept_and_nothing_is_lost(creators: list[int], gap: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, worth = (
        rng.normal(size=(len(creators), 3)).astype(np.float32),
        rng.random(len(creators)).astype(np.float32),
    )
    made = sequence(np.array(creators, dtype=np.int64), points, worth, gap)
    assert sorted(made.order.tolist()) == list(range(len(creators)))
    assert made.gap == possible_gap(np.array(creators, dtype=np.int64), gap)
    assert gap_of([creators[i] for i in made.order], made.gap) == made.gap


def test_transitions_are_smoother_than_by_value_alone() -> None:
    rng = np.random.default_rng(1)
    points, worth = rng.normal(size=(30, 4)).astype(np.float32), rng.random(30).astype(np.float32)
    made = sequence(np.arange(30), points, worth, 4)

    def way(order: np.ndarray) -> float:
        return float(np.linalg.norm(np.diff(points[order], axis=0), axis=1).sum())

    assert way(made.order) < 0.8 * way(np.argsort(-worth))
    assert made.order[0] == worth.argmax()
