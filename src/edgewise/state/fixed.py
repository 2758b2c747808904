"""One kind of array for the kernels, so that each is compiled once."""

from __future__ import annotations

import numpy as np

__all__ = ["fixed"]


def fixed(array: np.ndarray) -> np.ndarray:
    """A read-only, contiguous view, like those that a graph hands out."""
    view = np.ascontiguousarray(array).view(np.ndarray)
    if view is array:
        view = array[:]
    view.flags.writeable = False
    return view
