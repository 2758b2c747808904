"""The population stability index, against its formula, and what it says of values that stay or move."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgewise.evaluation.stability import MOVED, profile_of, stability


def plainly(before, after):
    """The index of one column, bin by bin."""
    there = np.sort(before[~np.isnan(before)])
    edges = [there[int((len(there) - 1) * tenth / 10)] if len(there) else 0.0 for tenth in range(1, 10)]

    def share(values):
        counts = [0] * 11
        for value in values:
            counts[10 if np.isnan(value) else sum(value > edge for edge in edges)] += 1
        return [(count + 0.5) / (len(values) + 5.5) for count in counts]

    return sum((b - a) * np.log(b / a) for a, b in zip(share(before), share(after), strict=True))


columns = hnp.arrays(
    np.float32, st.integers(0, 30), elements=st.sampled_from([np.nan, -2.0, 0.0, 0.5, 1.0, 3.0, 7.0])
)


@settings(max_examples=60, deadline=None)
@given(columns, columns)
def test_the_index_is_that_of_its_formula(before, after):
    (found,) = stability(profile_of(before[:, None]), after[:, None])
    assert found == pytest.approx(plainly(before, after), abs=1e-9)


def test_values_that_stay_are_stable_and_those_that_move_are_not():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(5_000, 4)).astype(np.float32)
    after = rng.normal(size=(5_000, 4)).astype(np.float32)
    after[:, 1] += 1.0
    after[:2_000, 2] = np.nan
    before[:, 3] = after[:, 3] = 0.0
    index = stability(profile_of(before), after)
    assert (index > MOVED).tolist() == [False, True, True, False]
    assert index[0] < 0.02
    assert index[3] == pytest.approx(0.0)
