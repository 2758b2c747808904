"""What is different, ascending: beside numpy's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgewise.ids import distinct


@given(arrays(np.int64, st.integers(0, 50), elements=st.integers(-9, 9)))
def test_as_numpy_has_it(values):
    np.testing.assert_array_equal(distinct(values), np.unique(values))
