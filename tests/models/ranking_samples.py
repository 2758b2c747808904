"""Histories and labels of planted rankings, from rows (entity, item, time)."""

from __future__ import annotations

import numpy as np

from edgewise.clock import DAY
from edgewise.tasks.nouns import History, Labels, Ragged, Seeds


def history_of(rows: np.ndarray, users: int) -> History:
    """The rows by user and time."""
    order = np.lexsort((rows[:, 2], rows[:, 0]))
    indptr = np.searchsorted(rows[order, 0], np.arange(users + 1)).astype(np.int64)
    return History(indptr, rows[order, 2], rows[order, 1])


def labels_at(rows: np.ndarray, anchors: list[int], users: int) -> Labels:
    """The distinct items of the week after each anchor; every user is asked."""
    seeds, lists = [], []
    for anchor in anchors:
        for user in range(users):
            inside = (rows[:, 0] == user) & (rows[:, 2] > anchor) & (rows[:, 2] <= anchor + 7 * DAY)
            seeds.append((user, anchor))
            lists.append(np.unique(rows[inside, 1]))
    rows_at = np.array(seeds, dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum([len(x) for x in lists])]).astype(np.int64)
    target = Ragged(indptr, np.concatenate(lists).astype(np.int64))
    return Labels(Seeds("users", rows_at[:, 0], rows_at[:, 1]), target)
