"""Solve a program, or say why it cannot be solved."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from edgewise.decisions.solve.program import Program
from edgewise.decisions.solve.relax import conflict_of
from edgewise.decisions.solve.solver import Outcome, Solution, maximise
from edgewise.errors import DecisionError

__all__ = ["solve"]


def solve(
    program: Program, *, gap: float = 0.01, seconds: float = 60.0,
    start: Float64[np.ndarray, " columns"] | None = None,
) -> Solution:  # fmt: skip
    """The values that gain most, to a proven gap.

    The same program gives the same values unless time runs out, which `Solution.proven` says.

    Args:
        program: what to solve.
        gap: the share of the gain that may be missing; 0 asks for the best there is.
        seconds: how long to try; the best values found by then are the answer.
        start: values to start from, such as those of the period before.

    Raises:
        Infeasible: constraints conflict; it names them and says by how much to relax which.
        DecisionError: no values at all were found in time.
    """
    found = maximise(program, gap, seconds, start)
    if found is Outcome.INFEASIBLE:
        raise conflict_of(program, seconds)
    if isinstance(found, Outcome):
        raise DecisionError(f"no solution was found within {seconds:g} seconds", hint="give it more time")
    return found
