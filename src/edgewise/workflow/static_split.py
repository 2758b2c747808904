"""Splits where there is no time to split by: rows at random, and links held out of a graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from edgewise.errors import LabelError
from edgewise.graph.without import without_rows
from edgewise.query.bound import Query
from edgewise.tasks.nouns import History, Labels, Ragged, TaskSpec
from edgewise.workflow.question import Split, View

__all__ = ["split_links", "split_rows"]

#: Shares of the rows that validate and test.
HELD_OUT = 0.15


def split_rows(
    n: int, random_seed: int
) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Masks of n rows: train, validation, test, at random."""
    place = np.random.default_rng(random_seed).permutation(n)
    held = max(1, round(HELD_OUT * n))
    test, valid = place < held, (place >= held) & (place < 2 * held)
    return ~(test | valid), valid, test


def split_links(view: View, query: Query, every: Labels, random_seed: int) -> Split:
    """Hold out a share of each entity's items, for validation and for the test.

    `every` has each entity's items once. The rows that link a held-out pair are taken out of the views' graphs,
    and their events out of the history.

    Raises:
        LabelError: the rows of the target do not link entity and item directly, or there are too few links.
    """
    lists = every.target
    if not isinstance(lists, Ragged):
        raise ValueError("a ranking's labels are lists")
    owner = np.repeat(np.arange(len(lists)), lists.lengths)
    train, valid, test = split_rows(len(owner), random_seed)
    if not (train.any() and valid.any() and test.any()):
        raise LabelError(f"{len(owner)} links are too few to hold some out", hint="ten or more are needed")
    parts = {"train": train, "valid": valid, "test": test, "both": ~test}
    labels = {name: _part(every, owner, mask) for name, mask in parts.items()}
    choosing, testing = _lacking(view, query, every, owner, ~train), _lacking(view, query, every, owner, test)
    return Split(choosing, testing, view, labels["train"], labels["valid"], labels["test"], labels["both"], every)


def _part(every: Labels, owner: np.ndarray, mask: np.ndarray) -> Labels:
    """The chosen items of each entity; entities without any are left out."""
    lists = every.target
    if not isinstance(lists, Ragged):
        raise ValueError("a ranking's labels are lists")
    counts = np.bincount(owner[mask], minlength=len(lists))
    some = counts > 0
    indptr = np.concatenate([[0], np.cumsum(counts[some])]).astype(np.int64)
    return Labels(every.seeds.take(some), Ragged(indptr, lists.values[mask]))


def _lacking(view: View, query: Query, every: Labels, owner: np.ndarray, held: np.ndarray) -> View:
    """The view without the rows and events of the held-out pairs."""
    lists = every.target
    if not isinstance(lists, Ragged):
        raise ValueError("a ranking's labels are lists")
    pairs = _codes(view, every.seeds.rows[owner[held]], lists.values[held])
    entity, item = _columns(query)
    rows = _codes(
        view, view.graph.forward(query.target_table, entity), view.graph.forward(query.target_table, item)
    )
    graph = without_rows(view.graph, query.target_table, np.flatnonzero(np.isin(rows, pairs)))
    return View(graph, replace(view.spec, history=_without(view, pairs)))


def _columns(query: Query) -> tuple[str, str]:
    """The foreign keys that name entity and item in a row of the target table."""
    node = query.aggregate
    direct = node is not None and len(node.path) == 1 and node.field is not None and not node.field.hops
    if not direct or node is None or node.field is None:
        raise LabelError(
            f"the rows of '{query.target_table}' do not hold both keys, so no link can be held out",
            hint="define a table with both keys by `sql` in the graph file",
        )
    return node.path[0].column, node.field.column.name


def _without(view: View, pairs: np.ndarray) -> History | None:
    history = view.spec.history
    if history is None:
        return None
    owner = np.repeat(np.arange(len(history.indptr) - 1), np.diff(history.indptr))
    keep = ~np.isin(_codes(view, owner, history.value), pairs)
    counts = np.bincount(owner[keep], minlength=len(history.indptr) - 1)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return History(indptr, history.at[keep], history.value[keep])


def _codes(view: View, entity: np.ndarray, item: np.ndarray) -> np.ndarray:
    """One integer for each (entity, item) pair of rows."""
    width = view.graph.rows(_item(view.spec)) + 1
    return entity.astype(np.int64) * width + item.astype(np.int64)


def _item(spec: TaskSpec) -> str:
    if spec.item is None:
        raise ValueError("only rankings of a table's rows hold out links")
    return spec.item
