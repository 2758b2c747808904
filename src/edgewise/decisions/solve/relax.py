"""Constraints that cannot all hold: which ones conflict, and by how much to relax which.

The conflict is a set of groups that cannot hold together although they can when any one of them is left out (an
irreducible infeasible set, found by the deletion filter of Chinneck and Dravnieks, 1991, here over groups). What
to relax is the smallest number of groups, and then as little as possible in sum, each row measured against its
own bound: an elastic program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float64

from edgewise.decisions.solve.program import Constraints, Program, constraints, program
from edgewise.decisions.solve.solver import Outcome, Solution, maximise
from edgewise.errors import DecisionError, InternalError

__all__ = ["Infeasible", "Relaxed", "RelaxedRow", "conflict_of"]

#: Below this share of its scale, a slack is the solver's tolerance.
_TINY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class RelaxedRow:
    """A bound to relax: `stands` is what it is, `needed` what it must be. `label` says what the row is about."""

    label: str | None
    side: str  # "at least" or "at most"
    stands: float
    needed: float


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A group to relax, with the rows that need it, those that need it most first."""

    group: str
    unit: str
    rows: tuple[RelaxedRow, ...]

    @property
    def by(self) -> float:
        """By how much the row that needs it most is relaxed."""
        return max(abs(row.needed - row.stands) for row in self.rows)

    def __str__(self) -> str:
        row, unit = self.rows[0], f" {self.unit}" if self.unit else ""
        where = f" ({row.label})" if row.label else ""
        more = f", and {len(self.rows) - 1} more like it" if len(self.rows) > 1 else ""
        return f"'{self.group}' from {row.side} {row.stands:,.6g} to {row.needed:,.6g}{unit}{where}{more}"


class Infeasible(DecisionError):
    """No values satisfy all constraints.

    Attributes:
        conflict: groups that cannot hold together, though they can without any one of them.
        relaxed: the smallest set of groups to relax, all of them, and by how much.
        instead: where relaxing one group is enough, the other single groups that would do.
    """

    def __init__(
        self, conflict: tuple[str, ...], relaxed: tuple[Relaxed, ...], instead: tuple[Relaxed, ...] = ()
    ) -> None:
        names = " and ".join(f"'{name}'" for name in conflict)
        message = (
            f"the constraints cannot all hold: {names} {'conflict' if len(conflict) > 1 else 'cannot be met'}"
        )
        ways = ", or ".join([", and ".join(map(str, relaxed)), *map(str, instead)])
        super().__init__(message, hint=f"relax {ways}")
        self.conflict = conflict
        self.relaxed = relaxed
        self.instead = instead


def conflict_of(infeasible: Program, seconds: float) -> Infeasible:
    """Why a program has no solution. `seconds` is for each of the programs that are solved to find out.

    Raises:
        InternalError: its hard groups have no solution by themselves.
    """
    soft = [group.name for group in infeasible.groups if not group.hard]
    if _impossible(infeasible.without(*soft), seconds):
        raise InternalError("the hard constraints of a program conflict")
    conflict = _conflict(infeasible, soft, seconds)
    relaxed = _least(infeasible, soft, seconds)
    instead: list[Relaxed] = []
    if len(relaxed) == 1:
        for name in (name for name in conflict if name != relaxed[0].group):
            instead += _relaxation(infeasible, [name], seconds) or ()
    return Infeasible(conflict, relaxed, tuple(instead))


def _impossible(made: Program, seconds: float) -> bool:
    """Whether a program is known to have no solution. Without whole numbers that is mostly seen at once."""
    asked = replace(made, gain=np.zeros_like(made.gain))
    loose = replace(asked, whole=np.zeros_like(asked.whole))
    return any(maximise(one, 1.0, seconds) is Outcome.INFEASIBLE for one in (loose, asked))


def _conflict(infeasible: Program, soft: Sequence[str], seconds: float) -> tuple[str, ...]:
    """Leave out each group whose absence does not help. Out of time counts as helping."""
    left = infeasible
    for name in soft:
        fewer = left.without(name)
        if _impossible(fewer, seconds):
            left = fewer
    return tuple(group.name for group in left.groups if not group.hard)


def _least(infeasible: Program, soft: Sequence[str], seconds: float) -> tuple[Relaxed, ...]:
    """The smallest number of groups to relax, and by how much."""
    groups = [group for group in infeasible.groups if group.name in soft]
    elastic = _Elastic(infeasible, groups)
    found = maximise(elastic.counted(), 0.0, seconds)
    chosen = list(soft)
    if isinstance(found, Solution):
        chosen = [name for name, used in zip(soft, found.values[-len(soft) :] > 0.5, strict=True) if used]
    # a slack within the solver's tolerance may have hidden that a group is needed: then all may be relaxed
    relaxed = _relaxation(infeasible, chosen, seconds) or _relaxation(infeasible, soft, seconds)
    if not relaxed:
        raise DecisionError(
            "the constraints cannot all hold, and what to relax was not found in time",
            hint=f"they conflict among: {', '.join(soft)}",
        )
    return relaxed


def _relaxation(infeasible: Program, names: Sequence[str], seconds: float) -> tuple[Relaxed, ...] | None:
    """By how much to relax some groups, as little as possible in sum; None where that is not enough."""
    groups = [group for group in infeasible.groups if group.name in names]
    elastic = _Elastic(infeasible, groups)
    found = maximise(elastic.weighed(), 1e-6, seconds)
    return elastic.read(found.values) if isinstance(found, Solution) else None


class _Elastic:
    """A program in which rows of some groups may be broken at a price: a slack column for each finite bound."""

    def __init__(self, infeasible: Program, groups: Sequence[Constraints]) -> None:
        self.base = infeasible
        self.groups = groups
        self.slacks = [(g, group, side) for g, group in enumerate(groups) for side in ("low", "high")]
        rows = [np.flatnonzero(np.isfinite(getattr(group, side))) for _, group, side in self.slacks]
        self.rows = rows
        self.first = infeasible.columns + np.cumsum([0, *(len(r) for r in rows)])
        self.scale = np.concatenate([np.maximum(1.0, np.abs(self._bounds(i))) for i in range(len(rows))])
        most = [self._most(group, side, r) for (_, group, side), r in zip(self.slacks, rows, strict=True)]
        self.most = np.concatenate(most) if most else np.empty(0)

    def _bounds(self, i: int) -> Float64[np.ndarray, " rows"]:
        _, group, side = self.slacks[i]
        return getattr(group, side)[self.rows[i]]

    def _most(self, group: Constraints, side: str, rows: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """The most by which each row can be broken: from its bound to the far end of what it can sum to."""
        ends = np.stack([group.weight * self.base.low[group.column], group.weight * self.base.high[group.column]])
        if side == "high":
            reach = np.bincount(group.row, ends.max(axis=0), group.rows) - group.high
        else:
            reach = group.low - np.bincount(group.row, ends.min(axis=0), group.rows)
        return np.maximum(reach[rows], 0.0)

    def weighed(self) -> Program:
        """Break as little as possible in sum."""
        slack = -1.0 / self.scale
        return self._widened(slack, self.most, np.zeros(len(slack), dtype=bool), [])

    def counted(self) -> Program:
        """Break as few groups as possible: one column a group, 1 where it is broken, after the slacks."""
        n, g = len(self.scale), len(self.groups)
        begin = self.base.columns
        of = np.concatenate([np.full(len(r), i) for (i, _, _), r in zip(self.slacks, self.rows, strict=True)])
        each = np.arange(n)
        tie = constraints(
            " broken", np.concatenate([each, each]), np.concatenate([begin + each, begin + n + of]),
            np.concatenate([np.ones(n), -self.most]), high=np.zeros(n), hard=True,
        )  # fmt: skip
        price = np.concatenate([np.zeros(n), -np.ones(g)])
        most = np.concatenate([self.most, np.ones(g)])
        return self._widened(price, most, np.concatenate([np.zeros(n, bool), np.ones(g, bool)]), [tie])

    def _widened(self, price: np.ndarray, most: np.ndarray, whole: np.ndarray, more: list[Constraints]) -> Program:
        base = self.base
        widened = {group.name: group for group in base.groups}
        for i, (_, group, side) in enumerate(self.slacks):
            old, rows = widened[group.name], self.rows[i]
            sign = 1.0 if side == "low" else -1.0
            widened[group.name] = replace(
                old,
                row=np.concatenate([old.row, rows]),
                column=np.concatenate([old.column, np.arange(self.first[i], self.first[i + 1])]),
                weight=np.concatenate([old.weight, np.full(len(rows), sign)]),
            )
        return program(
            np.concatenate([np.zeros(base.columns), price]),
            [*widened.values(), *more],
            low=np.concatenate([base.low, np.zeros(len(price))]),
            high=np.concatenate([base.high, most]),
            whole=np.concatenate([base.whole, whole]),
        )

    def read(self, values: Float64[np.ndarray, " columns"]) -> tuple[Relaxed, ...]:
        """The groups that are relaxed, and their rows."""
        found: dict[str, list[RelaxedRow]] = {}
        for i, (_, group, side) in enumerate(self.slacks):
            slack, bounds = values[self.first[i] : self.first[i + 1]], self._bounds(i)
            used = np.flatnonzero(slack > _TINY * np.maximum(1.0, np.abs(bounds)))
            sign, word = (-1.0, "at least") if side == "low" else (1.0, "at most")
            for k in used:
                label = group.label(int(self.rows[i][k])) if group.label is not None else None
                row = RelaxedRow(label, word, float(bounds[k]), _rounded(float(bounds[k] + sign * slack[k])))
                found.setdefault(group.name, []).append(row)
        units = {group.name: group.unit for group in self.groups}
        return tuple(
            Relaxed(name, units[name], tuple(sorted(rows, key=lambda r: -abs(r.needed - r.stands))))
            for name, rows in found.items()
        )


def _rounded(bound: float) -> float:
    """Without the noise of the solver's tolerance: 11.9999999 is 12."""
    near = round(bound)
    return float(near) if abs(bound - near) < 1e-5 * max(1.0, abs(bound)) else bound
