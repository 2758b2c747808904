"""What a person said about things, as numbers: how much more or less other things count for it."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32, Int64

from edgewise.decisions.catalogue.kind import Kind
from edgewise.decisions.people import Feedback

__all__ = ["heard"]

#: What a word about a thing does to the thing itself, to others of its creator, and of its category.
MORE: Final = (1.5, 1.6, 1.15)
LESS: Final = (0.1, 0.4, 0.8)


def heard(feedback: Feedback, kind: Kind, items: Int64[np.ndarray, " n"]) -> Float32[np.ndarray, " n"]:
    """What the value of each thing is multiplied by, for what the person said about it and its like."""
    times = np.ones(len(items), dtype=np.float32)
    for said, factors in ((feedback.more, MORE), (feedback.less, LESS)):
        for row in said.get(kind.name, ()):
            if row >= len(kind):
                continue
            creator, category = kind.creator.codes[row], kind.category.codes[row]
            times[items == row] *= factors[0]
            if creator >= 0:
                times[kind.creator.codes[items] == creator] *= factors[1]
            if category >= 0:
                times[kind.category.codes[items] == category] *= factors[2]
    return times
