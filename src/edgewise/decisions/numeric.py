"""A column as numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64

from edgewise.errors import DecisionError

__all__ = ["numbers"]


def numbers(values: pa.Array, missing: float = 0.0) -> Float64[np.ndarray, " n"]:
    """Numbers or truth values as floats; what is none or not finite is `missing`.

    Raises:
        DecisionError: the column holds something else.
    """
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.int8())
    try:
        found = pc.fill_null(pc.cast(values, pa.float64(), safe=False), float("nan"))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DecisionError(
            f"a column that is to hold numbers is of the type {values.type}", hint="name a column of numbers"
        ) from None
    array = np.asarray(found, dtype=np.float64)
    return np.where(np.isfinite(array), array, missing)
