"""Intervals over futures. Futures are paired: under the same one, two policies meet the same luck.

The difference is a mean of independent differences (Student's t). The ratio of two means is linearised (Fieller,
1954, to first order): its error is that of `(a - ratio b) / mean of b`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.stats import t as student

from edgewise.decisions.simulate.nouns import Compared, Simulated, Spread

__all__ = ["compared", "spread"]


def spread(values: Float64[np.ndarray, " futures"], around: float | None = None) -> Spread:
    """The mean with its 95% interval; `around` is a centre other than the mean."""
    centre = float(values.mean()) if around is None else around
    n = len(values)
    if n < 2:
        return Spread(centre, None, None)
    half = float(student.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Spread(centre, centre - half, centre + half)


def compared(simulated: Simulated) -> list[Compared]:
    """Each policy and figure beside the same figure of the policy that all are compared with."""
    found = []
    other = simulated.figures[simulated.against]
    for policy, figures in simulated.figures.items():
        if policy == simulated.against:
            continue
        for figure, a in figures.items():
            b = other[figure]
            found.append(Compared(policy, simulated.against, figure, spread(a - b), _share(a, b)))
    return found


def _share(a: Float64[np.ndarray, " futures"], b: Float64[np.ndarray, " futures"]) -> Spread | None:
    mean = float(b.mean())
    if mean == 0.0:
        return None
    ratio = float(a.mean()) / mean
    return spread((a - ratio * b) / mean, ratio - 1.0)
