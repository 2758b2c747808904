"""Share the places of all lists among the offers at once, under capacity and fairness: a linear program.

A variable says how much of a tier of places (the first, the second and third, the others) of a list goes to an
offer. What is gained is the expected number of bookings: the chance of a look at the tier times what a look
brings, where a request also ends the looking at what stands below. Without further constraints this is a min-cost
flow from places to offers, whose best answer is whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from edgewise.decisions.match.pairs import Calendar, Pairs
from edgewise.decisions.solve.program import Constraints, Program, constraints, program
from edgewise.decisions.solve.solve import solve

__all__ = ["Allocation", "Terms", "allocate", "cascade", "looks_on", "order", "tiers"]

_REST: Final = 0.05  # what bookings count beside newcomers' where the regret is spent


@dataclass(frozen=True, slots=True)
class Terms:
    """What lists must be; see `MatchEntry`."""

    length: int
    load: float
    exposure: float
    most_looks: float | None
    regret: float
    newcomer_quota: float


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of each pair's look is given, and what that gains.

    Attributes:
        share: the expected chance of a look, by pair.
        gain: expected bookings, as the program counts them.
        best: the same without places for newcomers.
        gave_up: what each constraint costs, and in how many rows it binds.
    """

    share: Float64[np.ndarray, " pairs"]
    gain: float
    best: float
    gave_up: dict[str, tuple[float, int]] = field(default_factory=dict)


def tiers(length: int) -> list[tuple[int, int]]:
    """Places of a list that are taken as alike: from, and to (from 0, not included)."""
    cuts = [cut for cut in (0, 1, 3) if cut < length] + [length]
    return list(pairwise(cuts))


def cascade(
    pairs: Pairs, places: Int64[np.ndarray, " pairs"], looks_on: float, length: int
) -> tuple[Float64[np.ndarray, " pairs"], Float64[np.ndarray, " lists"]]:
    """The chance of a look at each pair that has a place (from 0; -1 for none), and bookings expected, by list.

    A guest looks on with a chance, unless they asked for what they saw.
    """
    lists = int(pairs.ask.max(initial=-1)) + 1
    stops, worth = np.zeros((lists, length)), np.zeros((lists, length))
    placed = places >= 0
    stops[pairs.ask[placed], places[placed]] = pairs.request[placed]
    worth[pairs.ask[placed], places[placed]] = (pairs.request * pairs.worth)[placed]
    on = np.cumprod(looks_on * (1.0 - stops), axis=1)
    seen = np.concatenate([np.ones((lists, 1)), on[:, :-1]], axis=1)
    return np.where(placed, seen[pairs.ask, np.maximum(places, 0)], 0.0), (seen * worth).sum(axis=1)


def order(pairs: Pairs, score: Float64[np.ndarray, " pairs"], length: int) -> Int64[np.ndarray, " pairs"]:
    """The place of each pair on its list by falling score, from 0; -1 beyond its end. The first wins ties."""
    rows = np.lexsort((pairs.offer, -score, pairs.ask))
    begins = np.searchsorted(pairs.ask[rows], pairs.ask[rows])
    place = np.empty(len(rows), dtype=np.int64)
    place[rows] = np.arange(len(rows)) - begins
    return np.where(place < length, place, -1)


def looks_on(pairs: Pairs, looks: Float64[np.ndarray, " positions"]) -> float:
    """The chance to look on after what was not asked for, from the chance of a look at each place."""
    if len(looks) < 2 or not len(pairs.ask):
        return 0.85
    return float(min(looks[1] / looks[0] / (1.0 - pairs.request.mean()), 0.98))


def gains(pairs: Pairs, looks_on: float, length: int) -> Float64[np.ndarray, " pairs"]:
    """What a look brings: a booking, less what a request keeps from being found further down.

    What is below is half of what the best list alone would bring, as on average half of it is still to come.
    """
    index = pairs.request * pairs.worth / (1.0 - looks_on * (1.0 - pairs.request))
    whole = cascade(pairs, order(pairs, index, length), looks_on, length)[1]
    below = 0.5 * looks_on * whole[pairs.ask] if len(pairs.ask) else np.zeros(0)
    return pairs.request * (pairs.worth - below)


def allocate(
    pairs: Pairs, begins: Int64[np.ndarray, " lists"], days: Int64[np.ndarray, " lists"], calendar: Calendar,
    looks: Float64[np.ndarray, " positions"], terms: Terms, *, explain: bool = False,
) -> Allocation:  # fmt: skip
    """Share out the places.

    Args:
        pairs: what may be on which list.
        begins, days: the first day and the number of days of each list.
        calendar: what is free.
        looks: the chance of a look at each place.
        terms: what lists must be.
        explain: also say what each constraint costs.

    Raises:
        Infeasible: the constraints conflict; it names them.
    """
    n, steps = len(pairs.ask), tiers(terms.length)
    if n == 0:
        return Allocation(np.zeros(0), 0.0, 0.0)
    weight = np.array([looks[np.minimum(np.arange(a, b), len(looks) - 1)].mean() for a, b in steps])
    on = looks_on(pairs, looks)
    column = np.arange(n * len(steps))
    pair, tier = column // len(steps), column % len(steps)
    share = weight[tier]
    value = share * gains(pairs, on, terms.length)[pair]
    groups = [
        *_lists(pairs, steps, pair, tier),
        *_capacity(pairs, begins, days, calendar, pair, share, terms.load),
        *_fair(pairs, pair, share, weight, steps, terms),
    ]
    made = program(value, groups, whole=False)
    found = solve(made)
    given, best = found.values, found.gain
    new = pairs.newcomer[pair]
    if terms.regret > 0 and new.any() and best > 0:
        given = _with_newcomers(made, pairs, pair, share, best, terms)
    told = _told(made, best) if explain else {}
    return Allocation(np.bincount(pair, share * given, minlength=n), float(value @ given), float(best), told)


def _lists(
    pairs: Pairs, steps: list[tuple[int, int]], pair: Int64[np.ndarray, " columns"],
    tier: Int64[np.ndarray, " columns"],
) -> list[Constraints]:  # fmt: skip
    """A tier has so many places; an offer stands on a list once."""
    many = len(steps)
    size = np.array([b - a for a, b in steps], dtype=np.float64)
    lists = int(pairs.ask.max()) + 1
    column = np.arange(len(pair))
    return [
        constraints("places", pairs.ask[pair] * many + tier, column, high=np.tile(size, lists), hard=True),
        constraints("once", pair, column, high=1.0, hard=True),
    ]


def _capacity(
    pairs: Pairs, begins: Int64[np.ndarray, " lists"], days: Int64[np.ndarray, " lists"], calendar: Calendar,
    pair: Int64[np.ndarray, " columns"], share: Float64[np.ndarray, " columns"], load: float,
) -> list[Constraints]:  # fmt: skip
    """Expected bookings of an offer on a day are at most `load` times what is free.

    Rows that cannot bind are left out.
    """
    span = calendar.free.shape[1]
    length = days[pairs.ask]
    entry = np.repeat(np.arange(len(pairs.ask)), length)
    within = np.arange(len(entry)) - np.repeat(np.cumsum(length) - length, length)
    day = np.clip(begins[pairs.ask[entry]] - calendar.first + within, 0, span - 1)
    cell = pairs.offer[entry] * span + day
    booked = pairs.request * pairs.worth
    cells, row = np.unique(cell, return_inverse=True)
    most = np.bincount(row, booked[entry])
    limit = load * calendar.free.ravel()[cells]
    binding = most > limit
    # of days with the same pairs and the same limit, one row says it all
    trace = np.bincount(row, np.sqrt(entry + 2.0)) + 1e3 * limit + 1e7 * (cells // span)
    _, first = np.unique(np.where(binding, trace, -1.0), return_index=True)
    kept = np.intersect1d(np.flatnonzero(binding), first)
    if len(kept) == 0:
        return []
    place = np.full(len(cells), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    used = place[row] >= 0
    by_pair = np.argsort(pair, kind="stable").reshape(len(pairs.ask), -1)
    columns = by_pair[entry[used]]
    rows = np.repeat(place[row][used], columns.shape[1])
    weight = np.repeat(booked[entry[used]], columns.shape[1]) * share[columns.ravel()]
    return [constraints("capacity", rows, columns.ravel(), weight, high=limit[kept], unit="bookings")]


def _fair(
    pairs: Pairs, pair: Int64[np.ndarray, " columns"], share: Float64[np.ndarray, " columns"],
    weight: Float64[np.ndarray, " tiers"], steps: list[tuple[int, int]], terms: Terms,
) -> list[Constraints]:  # fmt: skip
    """Offers get a share of the looks that they would have if all that suit were shown alike; and not too many."""
    offers, row = np.unique(pairs.offer[pair], return_inverse=True)
    column = np.arange(len(pair))
    made = []
    if terms.exposure > 0:
        many = np.bincount(pairs.ask)[pairs.ask]
        total = float(sum(w * (b - a) for w, (a, b) in zip(weight, steps, strict=True)))
        alike = np.minimum(total / many, weight.max())
        alike = np.where(many < terms.length, 0.0, alike)  # there everything is shown anyway
        fair = np.bincount(np.searchsorted(offers, pairs.offer), alike, minlength=len(offers))
        made.append(constraints("exposure", row, column, share, low=terms.exposure * fair, unit="looks"))
    if terms.most_looks is not None:
        high = np.full(len(offers), terms.most_looks)
        made.append(constraints("most looks", row, column, share, high=high, unit="looks"))
    return made


def _with_newcomers(
    made: Program, pairs: Pairs, pair: Int64[np.ndarray, " columns"], share: Float64[np.ndarray, " columns"],
    best: float, terms: Terms,
) -> Float64[np.ndarray, " columns"]:  # fmt: skip
    """Of all allocations that lose little, the one that promises newcomers most, each up to its quota.

    Beside the shares there is a variable for each newcomer: the bookings that its looks promise, judged with
    optimism, as far as the quota counts them.
    """
    n = len(pair)
    new = np.flatnonzero(pairs.newcomer[pair])
    offers, row = np.unique(pairs.offer[pair[new]], return_inverse=True)
    hope = share[new] * (pairs.request * pairs.worth * pairs.optimism)[pair[new]]
    own = np.arange(len(offers))
    groups = [
        *made.groups,
        constraints("regret", 0, np.arange(n), made.gain, low=(1.0 - terms.regret) * best - 1e-9, rows=1),
        constraints(
            "newcomers",
            np.concatenate([row, own]),
            np.concatenate([new, n + own]),
            np.concatenate([hope, np.full(len(own), -1.0)]),
            low=np.zeros(len(own)),
            hard=True,
        ),
    ]
    gain = np.concatenate([_REST * made.gain, np.ones(len(own))])
    high = np.concatenate([np.ones(n), np.full(len(own), terms.newcomer_quota)])
    return solve(program(gain, groups, high=high, whole=False)).values[:n]


def _told(made: Program, best: float) -> dict[str, tuple[float, int]]:
    told = {}
    for group in made.groups:
        if group.hard:
            continue
        without = solve(made.without(group.name))
        total = np.bincount(group.row, group.weight * without.values[group.column], minlength=group.rows)
        broken = (total > group.high + 1e-7) | (total < group.low - 1e-7)
        told[group.name] = (max(without.gain - best, 0.0), int(broken.sum()))
    return told
