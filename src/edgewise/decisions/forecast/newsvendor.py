"""How much to order when demand is uncertain: what is left over costs, and so does what is missing.

With margin m and waste w (both as shares of the price), stock S and demand D, the profit is
m E[min(S, D)] - w E[max(S - D, 0)]. Demand is given as equally likely values, so profit rises in straight pieces
with falling slopes: m P(D > S) - w P(D <= S). Without a budget the pieces with a positive slope are bought, which
ends at the critical ratio m / (m + w) (Arrow, Harris and Marschak, Econometrica 19, 1951). Within a budget the
pieces that bring most for their cost are bought first, which is exact, and the slope of the last one is the
budget's price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

__all__ = ["Stocked", "order", "profit_of", "whole_packs"]


@dataclass(frozen=True, slots=True)
class Stocked:
    """Orders by node, in the unit of demand. `price` is what one more unit of budget brings; 0 without one."""

    quantity: Float64[np.ndarray, " n"]
    price: float


def order(
    demand: Float64[np.ndarray, "n k"], on_hand: Float64[np.ndarray, " n"], margin: Float64[np.ndarray, " n"],
    waste: Float64[np.ndarray, " n"], budget: float | None = None,
) -> Stocked:  # fmt: skip
    """The order of each node that brings the largest profit in sum.

    Args:
        demand: equally likely values by node, ascending.
        on_hand: what is there already.
        margin: what a sold unit brings; the rest, 1 - margin, is its cost.
        waste: what a unit left over loses.
        budget: the most that all orders may cost.
    """
    k = demand.shape[1]
    ends = np.maximum(demand, on_hand[:, None])
    length = np.diff(ends, axis=1, prepend=on_hand[:, None])
    below = np.arange(k) / k  # the chance that demand is met before each piece begins
    slope = margin[:, None] * (1 - below) - waste[:, None] * below
    cost = np.broadcast_to(1 - margin[:, None], slope.shape)
    wanted = np.where(slope > 0, length, 0.0)
    if budget is None or float((wanted * cost).sum()) <= budget:
        return Stocked(wanted.sum(axis=1), 0.0)
    worth = np.where(slope > 0, slope / cost, 0.0).ravel()
    by_worth = np.argsort(-worth, kind="stable")
    spent = np.cumsum((wanted * cost).ravel()[by_worth])
    last = int(np.searchsorted(spent, budget, side="right"))
    bought = np.zeros(worth.size)
    bought[by_worth[:last]] = wanted.ravel()[by_worth[:last]]
    left = budget - (spent[last - 1] if last else 0.0)
    piece = by_worth[last]
    bought[piece] = left / cost.ravel()[piece]
    return Stocked(bought.reshape(slope.shape).sum(axis=1), float(worth[piece]))


def profit_of(
    stock: Float64[np.ndarray, " n"], demand: Float64[np.ndarray, "n k"], margin: Float64[np.ndarray, " n"],
    waste: Float64[np.ndarray, " n"],
) -> Float64[np.ndarray, " n"]:  # fmt: skip
    """The expected profit of each node with so much stock."""
    sold = np.minimum(stock[:, None], demand).mean(axis=1)
    return np.asarray(margin * sold - waste * (stock - sold))


def whole_packs(
    quantity: Float64[np.ndarray, " n"], pack: Float64[np.ndarray, " n"], on_hand: Float64[np.ndarray, " n"],
    demand: Float64[np.ndarray, "n k"], margin: Float64[np.ndarray, " n"], waste: Float64[np.ndarray, " n"],
    up: bool = True,
) -> Float64[np.ndarray, " n"]:  # fmt: skip
    """Orders in whole packs (of `pack` units; 0 for any amount): rounded down, or up where that brings more.

    Profit is concave, so of all whole numbers of packs one of these two is best. `up` False keeps within a budget.
    """
    some = pack > 0
    size = np.where(some, pack, 1.0)
    low = np.floor(quantity / size + 1e-9) * size
    high = low + size
    better = profit_of(on_hand + high, demand, margin, waste) > profit_of(on_hand + low, demand, margin, waste)
    return np.where(some, np.where(better & up, high, low), quantity)
