"""HiGHS (Huangfu and Hall, 2018) behind one function: a program in, values with a proven gap out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import highspy
import numpy as np
from jaxtyping import Float64
from scipy import sparse

from edgewise.decisions.solve.program import Program
from edgewise.errors import InternalError

__all__ = ["Outcome", "Solution", "maximise"]


@dataclass(frozen=True, slots=True)
class Solution:
    """The values found, and how good they are.

    Attributes:
        values: one a column; whole numbers are whole.
        gain: what they gain.
        bound: no values gain more than this.
        gap: (bound - gain) / |gain|, as a share; 0 where the two meet.
        proven: whether the gap that was asked for was reached before time ran out.
        seconds: how long it took.
        prices: for programs without whole numbers, by group and row: how much more would be gained if the bound
            that holds were one wider. None for programs with whole numbers, which have no such prices.
    """

    values: Float64[np.ndarray, " columns"]
    gain: float
    bound: float
    gap: float
    proven: bool
    seconds: float
    prices: Mapping[str, Float64[np.ndarray, " rows"]] | None


class Outcome(Enum):
    """Why there is no solution."""

    INFEASIBLE = "infeasible"
    OUT_OF_TIME = "out of time"


def maximise(
    program: Program, gap: float, seconds: float, start: Float64[np.ndarray, " columns"] | None = None
) -> Solution | Outcome:
    """Solve on one thread, so that the same program gives the same values whatever the machine.

    Raises:
        InternalError: HiGHS takes the program for wrong.
    """
    began = time.perf_counter()
    solver = _loaded(program)
    for name, value in {"mip_rel_gap": gap, "time_limit": seconds}.items():
        solver.setOptionValue(name, value)
    if start is not None:
        guess = highspy.HighsSolution()
        guess.col_value = np.asarray(start, dtype=np.float64).tolist()
        solver.setSolution(guess)
    solver.run()
    status = solver.getModelStatus()
    states = highspy.HighsModelStatus
    # bounds are finite, so that what is "unbounded or infeasible" is infeasible
    if status in (states.kInfeasible, states.kUnboundedOrInfeasible):
        return Outcome.INFEASIBLE
    if status not in (states.kOptimal, states.kTimeLimit, states.kModelEmpty):
        raise InternalError(f"HiGHS ended with {solver.modelStatusToString(status)}")
    proven = status != states.kTimeLimit
    if not proven and (solver.getInfo().primal_solution_status != 2 or not program.whole.any()):
        return Outcome.OUT_OF_TIME
    return _solution(program, solver, proven, time.perf_counter() - began)


class _Quiet(highspy.Highs):
    """HiGHS that says nothing: its constructor calls this first, and would greet on the standard output."""

    def enableCallbacks(self) -> None:
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


def _loaded(program: Program) -> Any:
    solver = _Quiet()
    for name, value in {"output_flag": False, "threads": 1, "parallel": "off", "random_seed": 0}.items():
        solver.setOptionValue(name, value)
    matrix, low, high = _stacked(program)
    status = solver.passModel(
        program.columns, len(low), matrix.nnz, int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMaximize),
        0.0, program.gain, program.low, program.high, low, high, matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32), matrix.data, program.whole.astype(np.int32),
    )  # fmt: skip
    if status == highspy.HighsStatus.kError:
        raise InternalError("HiGHS does not take the program")
    return solver


def _stacked(program: Program) -> tuple[Any, np.ndarray, np.ndarray]:
    """All groups as one sparse matrix, one below the other, with their bounds."""
    first = np.cumsum([0, *(group.rows for group in program.groups)])
    shape = (int(first[-1]), program.columns)
    if not program.groups:
        return sparse.csr_array(shape, dtype=np.float64), np.empty(0), np.empty(0)
    row = np.concatenate([group.row + f for group, f in zip(program.groups, first, strict=False)])
    column = np.concatenate([group.column for group in program.groups])
    weight = np.concatenate([group.weight for group in program.groups])
    matrix = sparse.csr_array((weight, (row, column)), shape=shape)
    matrix.sum_duplicates()
    low, high = (np.concatenate([getattr(group, side) for group in program.groups]) for side in ("low", "high"))
    return matrix, low, high


def _solution(program: Program, solver: Any, proven: bool, seconds: float) -> Solution:
    found, info = solver.getSolution(), solver.getInfo()
    values = np.clip(np.array(found.col_value, dtype=np.float64), program.low, program.high)
    values[program.whole] = np.round(values[program.whole])
    gain = float(program.gain @ values)
    bound = gain
    if program.whole.any():
        ceiling = float(np.maximum(program.gain * program.low, program.gain * program.high).sum())
        bound = max(min(float(info.mip_dual_bound), ceiling), gain)
    return Solution(
        values=values,
        gain=gain,
        bound=bound,
        gap=(bound - gain) / max(abs(gain), 1e-9) if bound > gain else 0.0,
        proven=proven,
        seconds=seconds,
        prices=None if program.whole.any() else _prices(program, np.array(found.row_dual, dtype=np.float64)),
    )


def _prices(program: Program, dual: Float64[np.ndarray, " rows"]) -> dict[str, Float64[np.ndarray, " rows"]]:
    cuts = np.cumsum([group.rows for group in program.groups])[:-1]
    parts = np.split(np.abs(dual), cuts) if program.groups else []
    return {group.name: part for group, part in zip(program.groups, parts, strict=True)}
