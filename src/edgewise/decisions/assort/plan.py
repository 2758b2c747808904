"""The best set of one store, with a proof of how near it is to the best there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64
from scipy import sparse

from edgewise.decisions.assort.choice import Demand, covered, greedy
from edgewise.decisions.assort.terms import IfAny, Rule
from edgewise.decisions.solve.program import Constraints, Program, constraints, program
from edgewise.decisions.solve.solve import solve

__all__ = ["Plan", "best_plan", "quick_plan"]

#: From this share on, what the relaxed program carries is carried.
_CARRIED: Final = 0.999


@dataclass(frozen=True, slots=True)
class Plan:
    """What a store carries: `value` of its demand is kept, and no set keeps more than `bound`.

    `price` is how much more would be kept for one more unit of space; `costs` by rule how much more could be kept
    without it (the difference of two bounds), of those rules that hold something back.
    """

    inside: Bool[np.ndarray, " n"]
    value: float
    bound: float
    price: float
    costs: dict[str, float]

    @property
    def gap(self) -> float:
        """How far the value may be from the best, as a share of the value."""
        return (self.bound - self.value) / max(self.value, 1e-12) if self.bound > self.value else 0.0


def best_plan(
    demand: Demand, rules: list[Rule], ifs: list[IfAny], *, store: str, gap: float, seconds: float,
    costs: bool = False,
) -> Plan:  # fmt: skip
    """A set within `gap` of the best: rounded from the relaxed program where that proves it, else by branching.

    Raises:
        Infeasible: no set keeps to the rules; it says which conflict, and what to relax by how much.
        DecisionError: none was found in `seconds`.
    """
    full = _program(demand, rules, ifs, store)
    relaxed = solve(_relaxed(full), seconds=seconds)
    n = len(demand)
    inside = _rounded(demand, rules, ifs, relaxed.values[:n])
    value = covered(demand, inside) if inside is not None else -1.0
    bound = max(relaxed.gain, value)
    if inside is None or bound - value > gap * value:
        start = None if inside is None else _completed(full, demand, ifs, inside)
        found = solve(full, gap=gap / 2, seconds=seconds, start=start)
        better = _filled(demand, rules, ifs, found.values[:n] > 0.5)
        if inside is None or covered(demand, better) > value:
            inside, value = better, covered(demand, better)
        bound = max(min(bound, found.bound), value)
    prices = relaxed.prices or {}
    spent = {name: float(prices[name].sum()) for name in prices if not name.startswith(" ")}
    found_costs = (
        _costs(full, relaxed.gain, [name for name, p in spent.items() if p > 1e-9], seconds) if costs else {}
    )
    return Plan(inside, value, bound, spent.get("space", 0.0), found_costs)


def quick_plan(demand: Demand, rules: list[Rule]) -> Bool[np.ndarray, " n"]:
    """A set without a proof: greedy alone."""
    return greedy(
        demand, np.zeros(len(demand), bool), np.zeros(len(demand), bool), *_stacked(rules, len(demand)), swaps=50
    )


def _costs(full: Program, gain: float, names: list[str], seconds: float) -> dict[str, float]:
    return {n: max(solve(_relaxed(full.without(n)), seconds=seconds).gain - gain, 0.0) for n in names}


def _relaxed(full: Program) -> Program:
    return Program(full.gain, full.groups, full.low, full.high, np.zeros(full.columns, dtype=bool))


def _program(demand: Demand, rules: list[Rule], ifs: list[IfAny], store: str) -> Program:
    """Columns: is it carried; what substitutes keep where it is not; is any of the supplier's carried."""
    n = len(demand)
    swapped = np.flatnonzero(np.diff(demand.first) > 0)
    m = len(swapped)
    groups = [_constraints(rule, store) for rule in rules]
    for k, term in enumerate(ifs):
        groups.append(_if_any(term, n + m + k, store))
    groups += _substitution(demand, swapped, n)
    gain = np.concatenate([demand.own, demand.own[swapped], np.zeros(len(ifs))])
    whole = np.concatenate([np.ones(n, bool), np.zeros(m, bool), np.ones(len(ifs), bool)])
    return program(gain, groups, whole=whole)


def _constraints(rule: Rule, store: str) -> Constraints:
    def label(row: int) -> str:
        return f"store {store}, {rule.labels[row]}" if rule.labels[row] else f"store {store}"

    return constraints(
        rule.name, rule.row, rule.item, rule.weight, low=rule.low, high=rule.high, unit=rule.unit, label=label
    )


def _if_any(term: IfAny, any_of: int, store: str) -> Constraints:
    """Sum of what is carried is at least `least` times any; each that is carried makes any 1."""
    count = len(term.items)
    each = np.arange(count)
    row = np.concatenate([np.zeros(count + 1), 1 + each, 1 + each]).astype(np.int64)
    column = np.concatenate([term.items, [any_of], np.full(count, any_of), term.items])
    weight = np.concatenate([np.ones(count), [-float(term.least)], np.ones(count), -np.ones(count)])
    name = f"suppliers: if_any of {term.name}"
    return constraints(name, row, column, weight, low=np.zeros(count + 1), label=_about(store))


def _about(store: str) -> Callable[[int], str]:
    return lambda _: f"store {store}"


def _substitution(demand: Demand, swapped: np.ndarray, n: int) -> list[Constraints]:
    """Kept of a missing article: no more than the chords of f allow, and nothing where it is carried.

    With x carried, q reached and y kept: y <= low q, y <= high q + c (1 - x), y <= f(most) (1 - x).
    """
    m = len(swapped)
    if m == 0:
        return []
    each, kept = np.arange(m), n + np.arange(m)
    rows = np.repeat(each, np.diff(demand.first)[swapped])
    most = np.bincount(np.repeat(np.arange(n), np.diff(demand.first)), demand.share, n)[swapped]
    low, high = demand.slopes[:, swapped]
    bend = demand.bend[swapped]
    offset = (low - high) * bend
    top = offset + high * most
    ones = np.ones(m)
    rise = constraints(
        " rise", np.concatenate([each, rows]), np.concatenate([kept, demand.to]),
        np.concatenate([ones, -low[rows] * demand.share]), high=np.zeros(m), hard=True,
    )  # fmt: skip
    bent = constraints(
        " bent", np.concatenate([each, each, rows]), np.concatenate([kept, swapped, demand.to]),
        np.concatenate([ones, offset, -high[rows] * demand.share]), high=offset, hard=True,
    )  # fmt: skip
    room = constraints(
        " room", np.concatenate([each, each]), np.concatenate([kept, swapped]), np.concatenate([ones, top]),
        high=top, hard=True,
    )  # fmt: skip
    return [rise, bent, room]


def _stacked(rules: list[Rule], n: int) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    matrix = sparse.vstack([rule.matrix(n) for rule in rules]).tocsr()
    return matrix, np.concatenate([r.low for r in rules]), np.concatenate([r.high for r in rules])


def _rounded(
    demand: Demand, rules: list[Rule], ifs: list[IfAny], values: Float64[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"] | None:
    """What the relaxed program carries whole, filled up; None where a bound is broken."""
    inside = _filled(demand, rules, ifs, values > _CARRIED, values)
    return inside if _holds(rules, ifs, inside) else None


def _filled(
    demand: Demand, rules: list[Rule], ifs: list[IfAny], start: Bool[np.ndarray, " n"],
    values: Float64[np.ndarray, " n"] | None = None,
) -> Bool[np.ndarray, " n"]:  # fmt: skip
    """A set from `start`. A supplier with `if_any` is left out, or has its least, as the relaxed program leans."""
    n = len(demand)
    matrix, low, high = _stacked(rules, n)
    fixed = np.zeros(n, dtype=bool)
    for term in ifs:
        leaning = start if values is None else values
        if leaning[term.items].sum() * 2 < term.least:
            fixed[term.items] = True
            start = start & ~np.isin(np.arange(n), term.items)
        else:
            row = sparse.csr_array(
                (np.ones(len(term.items)), (np.zeros(len(term.items)), term.items)), shape=(1, n)
            )
            matrix = sparse.vstack([matrix, row]).tocsr()
            low, high = np.append(low, float(term.least)), np.append(high, np.inf)
    return greedy(demand, start, fixed, matrix, low, high)


def _holds(rules: list[Rule], ifs: list[IfAny], inside: Bool[np.ndarray, " n"]) -> bool:
    for rule in rules:
        used = rule.matrix(len(inside)) @ inside
        if (used < rule.low - 1e-6).any() or (used > rule.high + 1e-6).any():
            return False
    return all(not 0 < inside[term.items].sum() < term.least for term in ifs)


def _completed(
    full: Program, demand: Demand, ifs: list[IfAny], inside: Bool[np.ndarray, " n"]
) -> Float64[np.ndarray, " columns"]:
    """A set as values of all columns of the program."""
    swapped = np.flatnonzero(np.diff(demand.first) > 0)
    kept = np.where(inside, 0.0, demand.kept_without(inside))[swapped]
    return np.concatenate([inside, kept, [float(inside[term.items].any()) for term in ifs]])
