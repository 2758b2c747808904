"""What the page of a decision is made from, and how its tables are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.decisions.decided.nouns import Decided
from edgewise.errors import DecisionError
from edgewise.serving.pages.charts.nouns import Chart

__all__ = ["BASIS", "DECISIONS", "Look", "View", "chosen", "column", "day", "distinct", "of", "rows", "table"]

#: What was asked for in the address: which store, which category, which point of a curve.
Look = Mapping[str, str]

#: The decisions in the order of their list, each with what it is.
DECISIONS: Final[Mapping[str, str]] = {
    "notify": "Which message goes to whom, when and over which channel, and who is left in peace.",
    "assort": "Which articles each store carries, what comes in and what goes.",
    "forecast": "What will be sold where in the weeks ahead, and what to order for it.",
    "match": "Who is offered to whom, so that both sides want it and nobody is forgotten.",
    "trends": "What rises and what falls, where and with whom, beyond chance and season.",
}
#: What an expectation rests on, in words.
BASIS: Final[Mapping[str, str]] = {
    "randomised": "chance decided who got what in the past",
    "propensity": "the past, corrected for who got what",
    "held out": "measured on weeks that nothing was fitted on",
    "model": "a model's own word",
    "association": "association only: who got what went with it, which is no cause",
}


@dataclass(frozen=True, slots=True)
class View:
    """The charts of a page, and what its template shows beside them."""

    charts: Sequence[Chart] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def table(decided: Decided, name: str, *columns: str) -> pa.Table:
    """A table of a decision that has some columns.

    Raises:
        DecisionError: it lacks the table or a column.
    """
    found = decided.tables.get(name)
    if found is None:
        raise DecisionError(
            f"this decision has no table '{name}'", hint=f"it has {', '.join(decided.tables)}; decide again"
        )
    missing = [column for column in columns if column not in found.column_names]
    if missing:
        raise DecisionError(
            f"its table '{name}' has no column '{missing[0]}'",
            hint=f"it has {', '.join(found.column_names)}; decide again",
        )
    return found


def column(table: pa.Table, name: str) -> list[Any]:
    """A column as Python values; Nones where the table has no such column."""
    return table[name].to_pylist() if name in table.column_names else [None] * table.num_rows


def rows(table: pa.Table, most: int | None = None) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    found: list[dict[str, Any]] = (table if most is None else table.slice(0, most)).to_pylist()
    return found


def day(moment: object) -> str:
    """A moment in a table as a day: tables have dates, times and texts."""
    return moment.strftime("%Y-%m-%d") if isinstance(moment, dt.date) else str(moment)[:10]


def distinct(table: pa.Table, name: str) -> list[Any]:
    """The values of a column, each once, in the order in which they come."""
    return [value for value in pc.unique(table[name]).to_pylist() if value is not None]


def of(table: pa.Table, **wanted: str) -> pa.Table:
    """The rows whose columns have some values, compared as texts: an address knows no types."""
    for name, value in wanted.items():
        table = table.filter(pc.equal(pc.cast(table[name], pa.string()), value))
    return table


def chosen(look: Look, name: str, among: Sequence[Any], otherwise: str = "") -> str:
    """What the address asks for, if there is such a thing; otherwise a default, or the first."""
    known = [str(one) for one in among]
    if look.get(name) in known:
        return look[name]
    return otherwise if otherwise in known or not known else known[0]
