"""Columns that may tell what happened after the row came about: totals of a lifetime, ends, outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edgewise.schema.known import Known
from edgewise.schema.model import Column, Link, Problem, Table
from edgewise.schema.names import words
from edgewise.schema.profile import AggregateMatch, Kind, TableProfile
from edgewise.schema.words import ABOUT_LATER, LATE_TIMES, MEASURES
from edgewise.stypes import SType

__all__ = ["told_later"]

_RULE: Final = "kept as it is; drop it in the graph file if it is written after the fact"
#: A column is the aggregate of linked rows where at least this share of rows agrees.
_SAME: Final = 0.9
_FEWEST_VALUES: Final = 4
#: Bounds of the comparison: rows of the events, columns of the dimension, measures of the events.
_MOST_ROWS: Final = 5_000_000
_MOST_COLUMNS: Final = 8
_MOST_MEASURES: Final = 3


def told_later(known: Known, table: Table, profile: TableProfile) -> Iterator[Problem]:
    """Suspects of one table: by name, and, for the dimensions of time-stamped rows, by value."""
    events = [k for k in known.links if k.to == table.name and known.tables[k.table].time is not None]
    proven: dict[str, tuple[AggregateMatch, Link]] = {}
    if events and table.key is not None and profile.rows:
        for link in events:
            proven |= {m.column: (m, link) for m in _aggregates(known, table, profile, link) if m.share >= _SAME}
    for column in table.columns:
        if column.name in proven:
            match, link = proven[column.name]
            of = f" of {link.table}.{match.measure}" if match.measure else f" of rows of {link.table}"
            message = (
                f"equals the {match.aggregate}{of} over all time in {match.share:.0%} of rows: it tells the future"
            )
            yield Problem("leak", table.name, column.name, profile.rows, message, _RULE)
        elif _suspect(table, column, dimension=bool(events)):
            message = "by its name it may tell what happened after the row came about"
            yield Problem("possible leak", table.name, column.name, profile.rows, message, _RULE)


def _suspect(table: Table, column: Column, dimension: bool) -> bool:
    said = set(words(column.name))
    if column.name in (table.key, table.time) or column.stype is SType.ID:
        return False
    if column.stype is SType.TIMESTAMP:
        late = bool(said & (ABOUT_LATER | LATE_TIMES | {"updated", "modified"}))
        return late and (dimension or table.timed)
    return dimension and bool(said & (ABOUT_LATER | {"spent"}))


def _aggregates(known: Known, table: Table, profile: TableProfile, link: Link) -> tuple[AggregateMatch, ...]:
    """How the dimension's numbers compare with counts, sums and maxima of the linked rows."""
    if known.profiles[link.table].rows > _MOST_ROWS or table.key is None:
        return ()
    numbers = [c for c in table.columns if _is_amount(c, profile) and (not table.timed or _sums_up(c))]
    numbers.sort(key=lambda c: (not _sums_up(c), c.name))
    columns = tuple(c.name for c in numbers[:_MOST_COLUMNS])
    others = known.tables[link.table].columns
    measures = sorted(c.name for c in others if _is_amount(c, known.profiles[link.table]))[:_MOST_MEASURES]
    if not columns:
        return ()
    return known.evidence.aggregates((table.name, table.key), columns, (link.table, link.column), tuple(measures))


def _sums_up(column: Column) -> bool:
    """Whether a column's name is that of a sum or count."""
    return bool(
        set(words(column.name)) & (ABOUT_LATER | MEASURES | {"spent", "num", "number", "avg", "mean", "n"})
    )


def _is_amount(column: Column, profile: TableProfile) -> bool:
    stats = profile.column(column.name)
    numeric = stats.kind in (Kind.INTEGER, Kind.FLOAT) and column.stype is SType.NUMERICAL
    return numeric and stats.distinct >= _FEWEST_VALUES
