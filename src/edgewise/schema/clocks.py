"""Clocks: whole numbers that count periods (a week, a day index), read as time.

A table that carries only a period number is static to the eye, and a leak: rows of future periods would be
visible. Where another table carries the same column beside real times, the beginning of each period is learnt
from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

from edgewise.clock import DAY, HOUR, MINUTE, SECOND, iso
from edgewise.errors import SchemaError
from edgewise.schema.given import GivenClock
from edgewise.schema.model import Clock
from edgewise.schema.names import column_name, words
from edgewise.schema.profile import ColumnProfile, Evidence, Kind, TableProfile, TickTimes
from edgewise.schema.words import CLOCK_WORDS

__all__ = ["clock_for", "clock_from_given", "counts_periods", "learn_starts"]

#: Rows whose time lies outside their period, as a share of periods, and how far outside, as a share of the period.
_STRAY_PERIODS: Final = 0.05
_STRAY: Final = 0.2
_FEWEST: Final = 3
#: Periods beyond the last known one that are laid out in advance, for rows still to come.
_AHEAD: Final = 60
_MOST: Final = 100_000
_LONGEST: Final = 1_000_000
_SUMMER_TIME: Final = 2 * HOUR
_AT_START: Final = "a row is visible when its period begins"
_AT_END: Final = "a row is visible when its period ends"
_ROUND: Final = (7 * DAY, DAY, HOUR, MINUTE, SECOND, 1)


def counts_periods(column: ColumnProfile) -> bool:
    """Whether a column may count periods, by its name and storage."""
    return column.kind is Kind.INTEGER and bool(set(words(column.name)) & CLOCK_WORDS)


def _may_count(column: ColumnProfile) -> bool:
    """Whether values could number periods: whole, not too many, and not named as an identifier of something
    else.
    """
    identifier = column_name(column.name).strength == "id" and not counts_periods(column)
    return column.kind is Kind.INTEGER and 1 < column.distinct <= _MOST and not identifier


def clock_for(
    table: TableProfile, teachers: Mapping[str, str], profiles: Mapping[str, TableProfile], evidence: Evidence,
    skip: frozenset[str],
) -> Clock | None:  # fmt: skip
    """The clock of a table without times, learnt from a table that has them (`teachers`: table to time column).

    `skip` names the table's columns that cannot be clocks: keys and links to tables without a time of their own.
    """
    found = []
    for column in table.columns:
        if column.name in skip or not _may_count(column):
            continue
        for teacher, time in sorted(teachers.items()):
            twin = _twin(column, profiles[teacher])
            if twin is not None:
                clock = _learn(column, evidence.ticks(teacher, twin, time), f"{teacher}.{twin}", time)
                found += [clock] if clock is not None else []
    return max(found, key=lambda c: (_fineness(c), c.column, c.learnt_from), default=None)


def clock_from_given(
    given: GivenClock, profile: TableProfile, evidence: Evidence, time_of: Mapping[str, str]
) -> Clock:
    """The clock that the graph file asks for.

    Raises:
        SchemaError: the other table has no time, or its periods are not in the order of time.
    """
    if given.ready is not None:
        return given.ready
    column = profile.column(given.column)
    if given.like is not None:
        table, twin = given.like
        if table not in time_of:
            raise SchemaError(
                f"the clock of '{profile.name}' cannot be learnt from '{table}', which has no time column"
            )
        clock = _learn(column, evidence.ticks(table, twin, time_of[table]), f"{table}.{twin}", time_of[table])
        if clock is None:
            raise SchemaError(
                f"the clock of '{profile.name}' cannot be learnt from {table}.{twin}: its numbers do not follow "
                f"{time_of[table]}",
                hint="give the clock an origin and a length instead: origin, every",
            )
    else:
        clock = _regular(column, given)
    return _read_at_end(clock) if given.end else clock


def learn_starts(times: TickTimes, last: int) -> tuple[int, tuple[int, ...], str] | None:
    """The first tick, the beginning (microseconds) of each tick up to `last` and beyond, and how they lie.

    None where the numbers do not follow the times: a later number must begin later, and its rows must lie before
    the next one begins, but for few strays.
    """
    if len(times.ticks) < _FEWEST or not _follows(times):
        return None
    regular = _lattice(times)
    first = times.ticks[0]
    if regular is not None:
        origin, step = regular
        count = min(max(last, times.ticks[-1]) - first + 1 + _AHEAD, _LONGEST)
        return (
            first,
            tuple(origin + step * i for i in range(count)),
            f"periods of {_span(step)} from {iso(origin)}",
        )
    if max(last, times.ticks[-1]) - first >= _LONGEST:
        return None
    return first, _uneven(times, last), "periods of uneven length, each from its first row on"


def _learn(column: ColumnProfile, times: TickTimes, teacher: str, time: str) -> Clock | None:
    learnt = learn_starts(times, int(column.high))
    if learnt is None:
        return None
    first, starts, how = learnt
    first, starts = _backwards(first, starts, int(column.low))
    known = f"{len(times.ticks)} values, {times.ticks[0]} to {times.ticks[-1]}"
    reason = f"read as time: {teacher} carries it beside {time} ({known}): {how}; {_AT_START}"
    return Clock(column.name, first, starts, teacher.rpartition(".")[0], reason, like=teacher)


def _regular(column: ColumnProfile, given: GivenClock) -> Clock:
    first = given.first if given.first is not None else int(column.low)
    every, origin = given.every or DAY, given.origin or 0
    count = max(int(column.high) - first + 1 + _AHEAD, 1)
    starts = tuple(origin + every * i for i in range(count))
    first, starts = _backwards(first, starts, int(column.low))
    return Clock(
        column.name,
        first,
        starts,
        "",
        f"set in the graph file: periods of {_span(every)} from {iso(origin)}; {_AT_START}",
    )


def _read_at_end(clock: Clock) -> Clock:
    """The same clock with each row visible when its period ends, which is when the next begins."""
    reason = clock.reason.replace(_AT_START, _AT_END)
    return replace(clock, starts=clock.starts[1:], reason=reason, read_at="end")


def _backwards(first: int, starts: tuple[int, ...], low: int) -> tuple[int, tuple[int, ...]]:
    """Periods before the first known one, in steps of the first known length."""
    missing = first - low
    if missing <= 0 or missing > _LONGEST or len(starts) < 2:
        return first, starts
    step = starts[1] - starts[0]
    return low, (*(starts[0] - step * i for i in range(missing, 0, -1)), *starts)


def _twin(column: ColumnProfile, teacher: TableProfile) -> str | None:
    same = [c.name for c in teacher.columns if c.kind is Kind.INTEGER and words(c.name) == words(column.name)]
    return min(same, default=None)


def _follows(times: TickTimes) -> bool:
    pairs = list(zip(times.first, times.last, times.first[1:], strict=False))
    steps = sorted(after - before for before, _, after in pairs)
    typical = steps[len(steps) // 2]
    if typical <= 0:
        return False
    strays = sum(1 for before, last, after in pairs if after <= before or last > after + _STRAY * typical)
    return strays <= _STRAY_PERIODS * len(pairs)


def _lattice(times: TickTimes) -> tuple[int, int] | None:
    """Origin and step of evenly spaced periods that hold every row in its own, or None.

    The origin lies after the last row of each period's predecessor and at or before its first row; among such
    moments the roundest is taken. Clocks that are put forward and back in the places where the rows come from
    leave no such moment by up to two hours; then it is the last full hour at or before every first row.
    """
    spans = sorted(
        (b - a) / (m - n)
        for a, b, n, m in zip(times.first, times.first[1:], times.ticks, times.ticks[1:], strict=False)
    )
    typical = spans[len(spans) // 2]
    base = times.ticks[0]
    for unit in _ROUND:
        step = round(typical / unit) * unit
        if step <= 0 or abs(step - typical) > 0.2 * step:
            continue
        latest = min(a - (n - base) * step for a, n in zip(times.first, times.ticks, strict=True))
        after = max(b - (n - base + 1) * step for b, n in zip(times.last, times.ticks, strict=True))
        if after < latest:
            return _roundest(after, latest), step
        if step >= DAY and after - latest <= min(_SUMMER_TIME, step // 20):
            return latest // HOUR * HOUR, step
    return None


def _roundest(after: int, latest: int) -> int:
    """The roundest moment in (after, latest]."""
    for unit in _ROUND[1:]:
        moment = latest // unit * unit
        if moment > after:
            return moment
    return latest


def _uneven(times: TickTimes, last: int) -> tuple[int, ...]:
    """Beginnings of uneven periods: midnight before the first row where nothing of the period before lies after
    it. Numbers that never occur begin with the next that does; numbers beyond the last go on in typical steps."""
    starts: list[int] = []
    before = None
    for n, (tick, first) in enumerate(zip(times.ticks, times.first, strict=True)):
        midnight = first // DAY * DAY
        start = midnight if before is None or midnight > before else max(first, starts[-1] + 1)
        starts += [start] * (tick - times.ticks[n - 1] if n else 1)
        before = max(times.last[n], before or times.last[n])
    steps = sorted(b - a for a, b in pairwise(starts) if b > a) or [DAY]
    typical = steps[len(steps) // 2]
    ahead = max(last - times.ticks[-1], 0) + _AHEAD
    return (*starts, *(starts[-1] + typical * i for i in range(1, ahead + 1)))


def _fineness(clock: Clock) -> float:
    """Periods a microsecond, so that days win over weeks."""
    return len(clock.starts) / max(clock.starts[-1] - clock.starts[0], 1)


def _span(step: int) -> str:
    for unit, name in ((7 * DAY, "week"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")):
        if step % unit == 0:
            n = step // unit
            return f"{n} {name}{'s' if n != 1 else ''}"
    return f"{step} microseconds"
