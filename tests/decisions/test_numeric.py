"""Columns as numbers, and what is none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from edgewise.decisions.numeric import numbers
from edgewise.errors import DecisionError


def test_what_is_no_finite_number_is_missing() -> None:
    assert np.array_equal(numbers(pa.array([1.5, None, np.nan, np.inf]), -1.0), [1.5, -1.0, -1.0, -1.0])
    assert np.array_equal(numbers(pa.array([True, None, False])), [1.0, 0.0, 0.0])


def test_texts_are_refused() -> None:
    with pytest.raises(DecisionError, match="of the type string"):
        numbers(pa.array(["a few"]))
