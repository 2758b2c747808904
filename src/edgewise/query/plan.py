"""Where the anchors of a query stand: the test anchor last, validation before it, training before that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from edgewise.clock import DAY, HOUR, MINUTE, iso, latest_past
from edgewise.errors import QueryError
from edgewise.query.bound import Aggregate, Query, aggregates
from edgewise.query.engine import Engine
from edgewise.query.nodes import Span, Unit
from edgewise.query.sql.counts import reach
from edgewise.query.window import Offset
from edgewise.schema.model import Schema

__all__ = ["TRAIN_ANCHORS", "Anchors", "last_complete", "plan"]

#: How many training anchors `plan` takes at most, unless told otherwise.
TRAIN_ANCHORS: Final = 26


@dataclass(frozen=True, slots=True)
class Anchors:
    """Anchor times in microseconds since the epoch, UTC. Training anchors ascend and all lie before validation.

    A static query has one anchor for all three: its rows are split by entity.
    """

    train: tuple[int, ...]
    valid: int
    test: int

    @property
    def all(self) -> tuple[int, ...]:
        """Every anchor once, ascending."""
        return tuple(sorted({*self.train, self.valid, self.test}))


def plan(
    query: Query,
    source: Engine,
    schema: Schema,
    until: int | None = None,
    *,
    train_anchors: int = TRAIN_ANCHORS,
    step: Offset | None = None,
) -> Anchors:
    """The anchors for training, validating and testing a query.

    The test anchor is the last with a complete window: `until`, after which nothing is used, or the last time of
    the target's rows where that is earlier or nothing is said, less the window's end. Validation is one step
    earlier and training anchors step back from there while there is a row at or before them. A step is the
    horizon, from the anchor to the window's end, so that every training label is known at the validation anchor;
    a shorter `step` of the user's own moves training anchors closer together, and the latest one stays a whole
    horizon before validation.

    Raises:
        QueryError: the data are too short for three anchors, or hold no times; it points at the window.
    """
    span = _span(query, source, schema, until)
    if span is None:
        now = _now(source, schema, until)
        return Anchors((now,), now, now)
    first, last = span
    back = partial(_back, _ends(query))

    test, valid = back(last), back(last, 2)
    latest = back(last, 3)
    if latest < first:
        raise _too_long(query, first, last)
    train: list[int] = []
    while len(train) < train_anchors:
        at = back(last, 3 + len(train)) if step is None else (-step * len(train)).after(latest)
        if at < first or (train and at >= train[-1]):
            break
        train.append(at)
    return Anchors(tuple(reversed(train)), valid, test)


def last_complete(query: Query, source: Engine, schema: Schema) -> int | None:
    """The last anchor whose window is over in the data: the last time of the target's rows less the window's end.

    None for a query without windows, which has no such limit.

    Raises:
        QueryError: no row of the target's table has a time.
    """
    span = _span(query, source, schema, None)
    return None if span is None else _back(_ends(query), span[1])


def _span(query: Query, source: Engine, schema: Schema, until: int | None) -> tuple[int, int] | None:
    """The first and last time of the target's rows; of several tables' rows, the last time that all reach."""
    spans = [_reach(query, node, source, schema, until) for node in _windowed(query)]
    return (min(f for f, _ in spans), min(t for _, t in spans)) if spans else None


def _back(ends: Sequence[Offset], at: int, times: int = 1) -> int:
    """The anchor whose windows, so many of them in a row, end at a time."""
    return min((-end * times).after(at) for end in ends)


def _windowed(query: Query) -> list[Aggregate]:
    return [node for node in aggregates(query.target) if node.window is not None]


def _ends(query: Query) -> list[Offset]:
    """How far the windows of the target and of ASSUMING reach past the anchor."""
    windows = [w.frame(query.timeframes - 1) for w in query.windows]
    windows += [node.window for node in aggregates(query.assuming) if node.window is not None]
    return list(dict.fromkeys(window.end for window in windows))


def _reach(query: Query, node: Aggregate, source: Engine, schema: Schema, until: int | None) -> tuple[int, int]:
    hops = node.path[: node.clock or 0]
    found = reach(source, query.schema(schema), node.table, hops)
    if found is not None and until is None:
        return found
    if found is not None and until is not None and found[0] <= until:
        return found[0], min(found[1], until)
    before = "" if until is None else f" at or before {iso(until)}"
    raise _error(
        query, node.span, f"no row of '{node.table}' has a time{before}, so there is nothing to learn from"
    )


def _too_long(query: Query, first: int, last: int) -> QueryError:
    window = query.end
    if window is None:
        raise ValueError("a query without windows needs no room")
    room = (last - first) // 3
    unit = next((u for u in (Unit.DAYS, Unit.HOURS, Unit.MINUTES) if room >= Offset(1, u).micros), Unit.SECONDS)
    most = Offset(room // Offset(1, unit).micros, unit)
    node = _windowed(query)[0]
    frames = f" times {query.timeframes} timeframes" if query.timeframes > 1 else ""
    return _error(
        query,
        node.span,
        f"the data are too short for a horizon of {window}{frames and f' ({node.window}{frames})'}: "
        f"'{node.table}' reaches from {iso(first)} to {iso(last)}, {_length(last - first)}",
        f"training, validation and test need one horizon each: at most {most}"
        if most.count
        else "all rows have the same time: check the time column in the graph file",
    )


def _length(micros: int) -> str:
    unit, size = next(
        ((n, s) for n, s in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)) if micros >= s),
        ("seconds", 1_000_000),
    )
    return f"{micros // size} {unit}"


def _now(source: Engine, schema: Schema, until: int | None) -> int:
    """When a query without windows is asked: `until`, or the last time in the data; 0 where nothing has a time.

    Clocks count only where no table has real times: their periods may reach far into the future.
    """
    if until is not None:
        return until
    timed = [table for table in schema if table.time is not None] or [table for table in schema if table.timed]
    found = [reach(source, schema, table.name, ()) for table in timed]
    ends = [span[1] for span in found if span is not None]
    return latest_past(np.array(ends, dtype=np.int64)) if ends else 0


def _error(query: Query, span: Span, message: str, hint: str | None = None) -> QueryError:
    return QueryError(message, text=query.text, start=span.start, end=span.end, hint=hint)
