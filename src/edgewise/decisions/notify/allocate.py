"""Whom to send what within a budget: one price for everyone, found by bisection.

At a price, each person's best sends are found apart from all others (`sequence`). The price at which the sends fit
the budget gives the best sends within it, up to a part of one person's: Lagrangian relaxation (Everett, Operations
Research 11, 1963). What is left of the budget goes to those who gain most by going back to the next lower price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64

from edgewise.decisions.notify.sequence import Offers, Sequences, sequences

__all__ = ["Allocation", "CurvePoint", "allocate", "care_curve", "channel_worth"]

_STEPS: Final = 40
_NARROW: Final = 1e-3
_SAMPLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Allocation:
    """Everyone's sends. `price` is the multiplier of the budget; `bound` what no sends within it could exceed.

    Both count what is gained less what lost channels are worth.
    """

    sent: Sequences
    price: float
    net: float
    bound: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What comes of weighing a lost channel with `care`; `price` is the budget's multiplier there."""

    care: float
    price: float
    sends: int
    gain: float
    lost: float
    spent: float


def allocate(
    offers: Offers, cost: Float64[np.ndarray, " channels"], budget: float | None, care: float = 1.0, *,
    near: float | None = None,
) -> Allocation:  # fmt: skip
    """The best sends within a budget; None for no budget. `near` is a price to look around first."""
    guess = [near * 1.03, near * 0.97] if near else [] if budget is None else _guess(offers, cost, budget, care)
    low, high, over = 0.0, _dearest(offers, cost), None
    if budget is None or not guess:
        over = sequences(offers, cost, 0.0, care)
        if budget is None or over.spent.sum() <= budget:
            net = float(_net(over, care).sum())
            return Allocation(over, 0.0, net, net)
    under = sequences(offers, cost, high, care)
    for step in range(_STEPS):
        if high - low <= _NARROW * high:
            break
        middle = guess[step] if step < len(guess) and low < guess[step] < high else (low + high) / 2
        found = sequences(offers, cost, middle, care)
        if found.spent.sum() > budget:
            low, over = middle, found
        else:
            high, under = middle, found
    over = sequences(offers, cost, low, care) if over is None else over
    sent = _filled(under, over, budget, care)
    bound = _net(under, care).sum() + high * (budget - under.spent.sum())
    return Allocation(sent, high, float(_net(sent, care).sum()), float(bound))


def _guess(offers: Offers, cost: np.ndarray, budget: float, care: float) -> list[float]:
    """Prices just above and below that of every so manieth person: nearly the price of all, for little work."""
    every = offers.people // _SAMPLE
    if every < 2:
        return []
    some = offers.of(np.arange(0, offers.people, every))
    price = allocate(some, cost, budget * some.people / offers.people, care).price
    return [price * (1 + off) for off in (0.02, -0.02, 0.005, -0.005)] if price > 0 else []


def _net(found: Sequences, care: float) -> Float64[np.ndarray, " n"]:
    return found.gain - care * found.worth


def _dearest(offers: Offers, cost: Float64[np.ndarray, " channels"]) -> float:
    """A price at which nobody is sent anything that costs."""
    paid = cost > 0
    if not paid.any():
        return 1.0
    tired = offers.tired.max(axis=1)
    effect = np.maximum(offers.effect.max(axis=(0, 2), initial=0.0), 0.0) * offers.when.max(axis=(0, 2), initial=0)
    return float((effect * tired)[paid].max(initial=0.0) / cost[paid].min() * 1.01 + 1e-12)


def _filled(under: Sequences, over: Sequences, budget: float, care: float) -> Sequences:
    """What is left of the budget goes to those who gain most a unit by having what they had at the lower price."""
    more = over.spent - under.spent
    gained = _net(over, care) - _net(under, care)
    order = np.argsort(-np.where(more > 0, gained / np.where(more > 0, more, 1.0), -np.inf), kind="stable")
    order = order[(more > 0)[order] & (gained > 0)[order]]
    room = budget - under.spent.sum() + 1e-9
    take = order[np.cumsum(more[order]) <= room]
    chosen = np.zeros(len(more), dtype=bool)
    chosen[take] = True
    return over.where(chosen, under)


def channel_worth(
    offers: Offers, cost: Float64[np.ndarray, " channels"], price: float, times: float, care: float = 1.0
) -> Float64[np.ndarray, "n channels"]:
    """What each channel is worth to keep: `times` what is lost over the days planned when it is gone.

    Counted above the price: what is not sent to one goes to another.
    """
    found = sequences(offers, cost, price, care)
    whole = _net(found, care) - price * found.spent
    worth = np.empty((offers.people, len(cost)))
    for c in range(worth.shape[1]):
        without = sequences(offers.without(c), cost, price, care)
        worth[:, c] = np.maximum(whole - (_net(without, care) - price * without.spent), 0.0)
    return worth * times


def care_curve(
    offers: Offers, cost: Float64[np.ndarray, " channels"], budget: float | None, cares: list[float]
) -> list[CurvePoint]:
    """Value against lost channels: one point for each weight of a lost channel, those dominated left out."""
    found: list[CurvePoint] = []
    near: float | None = None
    for care in sorted(cares):
        plan = allocate(offers, cost, budget, care, near=near)
        near = plan.price or None
        sums = (float(plan.sent.gain.sum()), float(plan.sent.lost.sum()), float(plan.sent.spent.sum()))
        point = CurvePoint(care, plan.price, int(plan.sent.count.sum()), *sums)
        while found and found[-1].lost >= point.lost and found[-1].gain < point.gain:
            found.pop()
        if not found or (point.lost < found[-1].lost and point.gain < found[-1].gain):
            found.append(point)
    return found
