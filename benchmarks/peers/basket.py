"""The two decays of TIFU-KNN: within a group of baskets, and between groups."""

from __future__ import annotations

import numpy as np
from kit import Events

__all__ = ["basket_weights"]


def basket_weights(events: Events, group: int, within: float, between: float) -> np.ndarray:
    """The weight of each event in its user's vector (Hu et al., SIGIR 2020, equations 1 and 2).

    Baskets are counted from the latest, in groups of `group`: basket j of group g weighs within^j between^g, over
    the baskets of its group and the number of groups.
    """
    order = np.lexsort((events.basket, events.day, events.user))
    user, basket = events.user[order], events.basket[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (user[1:] != user[:-1]) | (basket[1:] != basket[:-1])
    number = np.cumsum(first) - 1  # of each basket, over all users
    owner = user[first]
    count = np.bincount(owner, minlength=int(user.max(initial=0)) + 1)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    back = count[owner] - 1 - (np.arange(len(owner)) - start[owner])  # 0 for the latest basket
    groups = -(-count[owner] // group)
    size = np.where(back // group == groups - 1, count[owner] - (groups - 1) * group, group)
    weight = within ** (back % group) * between ** (back // group) / size / groups
    found = np.empty(len(order))
    found[order] = weight[number]
    return found
