"""Read a market from a database, or from tables in memory, up to a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64, Int64

from edgewise.clock import ALWAYS, DAY, NEVER
from edgewise.decisions.numeric import numbers
from edgewise.decisions.seen import few_labels, read_seen, whole
from edgewise.errors import DecisionError
from edgewise.ids import MISSING, Vocabulary
from edgewise.schema.model import Schema, Table
from edgewise.sources.database import Database
from edgewise.stypes import SType

__all__ = ["DatabaseReader", "Encoder", "Reader", "Rows", "TablesReader", "days", "numbers", "traits_of"]

_MOST_LABELS: Final = 20


@dataclass(frozen=True, slots=True)
class Rows:
    """Some columns of a table by role, and when the rows came about (ALWAYS without a time)."""

    columns: Mapping[str, pa.Array]
    at: Int64[np.ndarray, " rows"]

    def __getitem__(self, role: str) -> pa.Array:
        return self.columns[role]

    def __len__(self) -> int:
        return len(self.at)


class Reader(Protocol):
    """Gives rows of tables up to a moment."""

    @property
    def schema(self) -> Schema:
        """The tables."""

    def rows(self, table: str, roles: Mapping[str, str | None], at: int) -> Rows:
        """The rows of a table with a time at or before `at`; roles without a column are left out.

        Raises:
            SchemaError: there is no such table or column.
        """


@dataclass(frozen=True, slots=True)
class DatabaseReader:
    """Reads with SQL."""

    database: Database

    @property
    def schema(self) -> Schema:
        """The tables."""
        return self.database.schema

    def rows(self, table: str, roles: Mapping[str, str | None], at: int) -> Rows:
        """See `Reader`."""
        known, wanted = _wanted(self.schema, table, roles)
        return Rows(*read_seen(self.database, known, wanted, at))


@dataclass(frozen=True, slots=True)
class TablesReader:
    """Reads tables in memory whose schema is known."""

    schema: Schema
    tables: Mapping[str, pa.Table]

    def rows(self, table: str, roles: Mapping[str, str | None], at: int) -> Rows:
        """See `Reader`."""
        known, wanted = _wanted(self.schema, table, roles)
        held = self.tables[table]
        times = np.full(held.num_rows, ALWAYS)
        if known.time is not None:
            times = _micros(whole(held.column(known.time)))
        arrays = {role: whole(held.column(name)) for role, name in wanted.items()}
        if (times > at).any():
            seen = pa.array(np.flatnonzero(times <= at))
            arrays, times = {role: array.take(seen) for role, array in arrays.items()}, times[times <= at]
        return Rows(arrays, times)


def _wanted(schema: Schema, table: str, roles: Mapping[str, str | None]) -> tuple[Table, dict[str, str]]:
    known = schema.table(table)
    return known, {role: known.column(name).name for role, name in roles.items() if name is not None}


def _micros(values: pa.Array) -> Int64[np.ndarray, " n"]:
    times = pc.cast(pc.cast(values, pa.timestamp("us"), safe=False), pa.int64())
    return pc.fill_null(times, NEVER).to_numpy(zero_copy_only=False)


def days(values: pa.Array) -> Int64[np.ndarray, " n"]:
    """Dates or times as days since the epoch; NEVER where there is none.

    Raises:
        DecisionError: the column holds no dates.
    """
    if not (pa.types.is_date(values.type) or pa.types.is_timestamp(values.type)):
        raise DecisionError(f"a column with days is of the type {values.type}", hint="dates or times are needed")
    times = _micros(values)
    return np.where(times == NEVER, NEVER, times // DAY)


def traits_of(table: Table, reader: Reader, at: int) -> tuple[dict[str, SType], Rows]:
    """The columns of a table that say what its rows are like: numbers, truth values, categories of few labels.

    Returns:
        The columns, and the rows that were visible at `at`; labels that came later do not count.
    """
    links = {link.column for link in reader.schema.links_from(table.name)} | {table.key, table.time}
    kinds = (SType.NUMERICAL, SType.BOOLEAN, SType.CATEGORICAL)
    found = {c.name: c.stype for c in table.columns if c.stype in kinds and c.name not in links and not c.personal}
    rows = reader.rows(table.name, {name: name for name in found}, at)
    few = {
        name: kind
        for name, kind in found.items()
        if kind is not SType.CATEGORICAL or few_labels(rows[name], _MOST_LABELS)
    }
    return few, rows


@dataclass(frozen=True, slots=True)
class Encoder:
    """Columns as numbers around 0: logs where all are positive, one column a label. Fitted once, used later."""

    columns: Mapping[str, SType]
    labels: Mapping[str, tuple[str, ...]]
    logs: frozenset[str]
    middle: Mapping[str, float]
    spread: Mapping[str, float]

    @classmethod
    def fit(cls, columns: Mapping[str, SType], rows: Rows) -> Encoder:
        """Learn labels, middles and spreads from rows."""
        labels: dict[str, tuple[str, ...]] = {}
        logs, middle, spread = set(), {}, {}
        for name, kind in columns.items():
            if kind is SType.CATEGORICAL:
                found = pc.drop_null(pc.unique(pc.cast(rows[name], pa.string()))).to_pylist()
                labels[name] = tuple(sorted(found))
                continue
            values = numbers(rows[name], np.nan)
            known = values[np.isfinite(values)]
            if kind is SType.NUMERICAL and len(known) and known.min() > 0:
                logs.add(name)
                known = np.log(known)
            middle[name] = float(known.mean()) if len(known) else 0.0
            spread[name] = (float(known.std()) if len(known) else 0.0) or 1.0
        return cls(dict(columns), labels, frozenset(logs), middle, spread)

    def __call__(self, rows: Rows) -> tuple[Float64[np.ndarray, "rows features"], tuple[str, ...]]:
        """The numbers of some rows, and what each column is called."""
        parts, names = [np.zeros((len(rows), 0))], []
        for name, kind in self.columns.items():
            if kind is SType.CATEGORICAL:
                text = pc.cast(rows[name], pa.string())
                code = pc.fill_null(pc.index_in(text, pa.array(self.labels[name], pa.string())), MISSING)
                parts.append(code.to_numpy(zero_copy_only=False)[:, None] == np.arange(len(self.labels[name])))
                names += [f"{name}={label}" for label in self.labels[name]]
                continue
            values = numbers(rows[name], np.nan)
            if name in self.logs:
                values = np.log(np.maximum(values, 1e-9))
            value = (values - self.middle[name]) / self.spread[name]
            parts.append(np.where(np.isfinite(value), np.clip(value, -5.0, 5.0), 0.0)[:, None])
            names.append(name)
        return np.concatenate(parts, axis=1).astype(np.float64), tuple(names)


def vocabulary(rows: Rows, role: str = "key") -> tuple[Vocabulary, Int64[np.ndarray, " rows"]]:
    """The keys of some rows, sorted, and the rows in that order."""
    order = np.asarray(pc.sort_indices(rows[role]))
    return Vocabulary(rows[role].take(pa.array(order))), order
