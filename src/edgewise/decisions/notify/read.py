"""Columns of tables as arrays, rows after a moment left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from edgewise.clock import ALWAYS
from edgewise.decisions.numeric import numbers
from edgewise.decisions.seen import read_seen
from edgewise.schema.model import Table
from edgewise.sources.database import Database

__all__ = ["Rows", "codes", "numbers", "read_rows", "time_of"]


def time_of(table: Table, given: str | None) -> str | None:
    """The column with the time of a table's rows: the given one, checked, or the table's own."""
    return table.column(given).name if given is not None else table.time


class Rows:
    """Some columns of a table, each under the name of its role, and `at`: microseconds, ALWAYS without a time."""

    def __init__(self, columns: Mapping[str, pa.Array], at: Int64[np.ndarray, " n"]) -> None:
        self.columns = dict(columns)
        self.at = at

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, role: str) -> pa.Array:
        return self.columns[role]

    def __contains__(self, role: str) -> bool:
        return role in self.columns


def read_rows(db: Database, table: str, roles: Mapping[str, str | None], time: str | None, at: int) -> Rows:
    """The rows of a table up to `at`, in order of time and then of the columns' values.

    Args:
        db: the tables.
        table: the table's name.
        roles: which column has which role; roles without a column are left out.
        time: the column with the time; None for rows that are always there, or whose periods a clock tells.
        at: rows after this moment (microseconds) are not read; nor are rows whose time is missing.

    Raises:
        SchemaError: there is no such table or column; the hint names the nearest.
    """
    known = db.schema.table(table)
    wanted = {role: known.column(name).name for role, name in roles.items() if name is not None}
    found, moments = read_seen(db, known, wanted, at, time)
    if time is None:
        moments = np.full(len(moments), ALWAYS)
    arrays = list(found.values())
    order = _order(arrays, moments)
    taken = [array.take(pa.array(order)) for array in arrays]
    return Rows(dict(zip(wanted, taken, strict=True)), moments[order])


def _order(arrays: list[pa.Array], at: np.ndarray) -> np.ndarray:
    """By time, then by the values: the order in which an engine yields rows changes nothing."""
    names = [f"c{i}" for i in range(len(arrays))]
    table = pa.table({"at": at, **dict(zip(names, arrays, strict=True))})
    keys = [(name, "ascending") for name in ["at", *names]]
    return np.asarray(pc.sort_indices(table, sort_keys=keys))


def codes(values: pa.Array) -> tuple[Int64[np.ndarray, " n"], list[str]]:
    """Labels as numbers in the labels' order; -1 for none."""
    text = pc.cast(values, pa.string())
    labels = sorted(label for label in pc.unique(text).to_pylist() if label is not None)
    found = pc.fill_null(pc.index_in(text, value_set=pa.array(labels, pa.string())), -1)
    return np.asarray(found).astype(np.int64), labels
