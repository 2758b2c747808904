"""Problems in the data: each is counted, and handled by a rule that is stated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from edgewise.clock import iso
from edgewise.schema.clocks import counts_periods
from edgewise.schema.known import Known
from edgewise.schema.leaks import told_later
from edgewise.schema.model import Column, Problem, Table
from edgewise.schema.names import words
from edgewise.schema.personal import looks_personal
from edgewise.schema.profile import ColumnProfile, Kind, TableProfile
from edgewise.schema.semantics import numbers_in_text
from edgewise.schema.times import other_time_format
from edgewise.schema.words import MEASURES, NULL_MARKERS
from edgewise.stypes import SType

__all__ = ["find_problems"]

#: A table with this many links, no key and no time looks like events whose time is unknown.
_EVENT_LINKS: Final = 2


def find_problems(known: Known) -> tuple[Problem, ...]:
    """All problems, table by table."""
    found = []
    for name, table in known.tables.items():
        if not table.implied_by:
            for check in _CHECKS:
                found += list(check(known, table, known.profiles[name]))
    return (*found, *_near_links(known), *_wide_links(known))


def _empty(known: Known, table: Table, profile: TableProfile) -> Iterator[Problem]:
    if profile.rows == 0:
        rule = "kept; it takes part once it has rows"
        yield Problem("empty table", table.name, None, 0, "the table has no rows", rule)


def _keys(known: Known, table: Table, profile: TableProfile) -> Iterator[Problem]:
    if table.key is None:
        return
    key = profile.column(table.key)
    if key.nulls:
        rule = "such rows stay, and nothing links to them"
        yield Problem("null keys", table.name, key.name, key.nulls, f"{_rows(key.nulls)} without a key", rule)
    distinct = (
        key.distinct if key.exact else known.evidence.distinct_rows(table.name, (key.name,)) - bool(key.nulls)
    )
    again = key.present - distinct
    if again > 0:
        rule = "the first row with a key owns it: links lead there; the other rows stay, and nothing links to them"
        message = f"{_rows(again)} repeat a key that another row has"
        yield Problem("duplicate keys", table.name, key.name, again, message, rule)


def _dangling(known: Known, table: Table, profile: TableProfile) -> Iterator[Problem]:
    for link in known.links:
        there = known.found.dangling.get((link.table, link.column)) if link.table == table.name else None
        if there is not None and there.dangling:
            share = there.dangling / there.rows
            message = (
                f"{there.dangling:,} of {there.rows:,} rows ({share:.2%}) hold a key that {link.to} does not have"
            )
            rule = "the row stays, without this link"
            yield Problem("dangling links", table.name, link.column, there.dangling, message, rule)


def _columns(known: Known, table: Table, profile: TableProfile) -> Iterator[Problem]:
    for column in table.columns:
        stats = profile.column(column.name)
        for check in (_values, _numbers, _texts, _people):
            yield from check(table, column, stats)


def _values(table: Table, column: Column, stats: ColumnProfile) -> Iterator[Problem]:
    if stats.rows == 0:
        return
    if stats.present == 0:
        yield Problem(
            "all null",
            table.name,
            column.name,
            stats.rows,
            "the column has no values",
            "kept; it is missing everywhere",
        )
    elif stats.rows > 1 and stats.nulls == 0 and _one_value(stats):
        shown = iso(stats.low) if stats.kind is Kind.TIME else repr(stats.low)
        message = f"every row holds {shown}" if stats.low is not None else "every row holds the same value"
        yield Problem(
            "constant column", table.name, column.name, stats.rows, message, "kept; it tells a model nothing"
        )


def _one_value(stats: ColumnProfile) -> bool:
    if stats.kind is Kind.BOOLEAN:
        return stats.distinct == 1
    return stats.low is not None and stats.low == stats.high


def _numbers(table: Table, column: Column, stats: ColumnProfile) -> Iterator[Problem]:
    if stats.nans:
        yield Problem(
            "NaN", table.name, column.name, stats.nans, f"{_rows(stats.nans)} hold NaN", "read as missing"
        )
    if stats.infinities:
        message = f"{_rows(stats.infinities)} hold an infinite number"
        yield Problem("infinite numbers", table.name, column.name, stats.infinities, message, "read as missing")


def _texts(table: Table, column: Column, stats: ColumnProfile) -> Iterator[Problem]:
    if stats.kind is not Kind.TEXT or column.stype is SType.ID:
        return
    texts = [v for v in stats.sample if isinstance(v, str)]
    markers = sorted({v for v in texts if v.strip().casefold() in NULL_MARKERS})
    if markers:
        count = sum(1 for v in texts if v in markers)
        shown = ", ".join(map(repr, markers))
        message = f"{shown} stand for missing values, {count} times in the first {len(texts)} rows"
        rule = "read as a label of their own; define the table by sql to make them null"
        yield Problem("null markers", table.name, column.name, count, message, rule)
    if column.stype is SType.NUMERICAL and numbers_in_text(stats) < 1 and stats.values is not None:
        odd = [v for v in stats.values if not _is_number(v)]
        message = f"{', '.join(map(repr, odd[:5]))} among numbers"
        yield Problem("text among numbers", table.name, column.name, len(odd), message, "read as missing")
    if other_time_format(stats):
        message = f"looks like dates, but not in ISO 8601: {texts[0]!r}"
        rule = "read as text; define the table by sql to turn it into dates"
        yield Problem("unread time format", table.name, column.name, stats.present, message, rule)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.strip().casefold() in NULL_MARKERS
    return True


def _people(table: Table, column: Column, stats: ColumnProfile) -> Iterator[Problem]:
    found = column.personal or looks_personal(table.name, stats)
    if found:
        rule = "used like any other column; drop it in the graph file if it must not be"
        if column.personal:
            rule = "kept out of features, logs and pages; say its type in the graph file to use it"
        elif column.name == table.key:
            rule = "it names the rows, so logs and pages show it; use a pseudonym as the key if they must not"
        yield Problem("personal data", table.name, column.name, stats.present, f"looks like {found}", rule)


def _times(known: Known, table: Table, profile: TableProfile) -> Iterator[Problem]:
    for name, reading in sorted(known.times[table.name].readings.items()):
        own = name == table.time
        missing, unread = profile.rows - reading.present, reading.present - reading.read
        checks = (
            ("missing times", missing if own else 0, "have no time", "never visible, and counted in reports"),
            ("unreadable times", unread, "hold no time that can be read",
              "read as missing" + ("; never visible" if own else "")),
            ("future times", reading.future if own else 0, "lie after now", "visible only to anchors after them"),
            ("implausible times", reading.epoch, "lie on 1970-01-01, the start of computer time",
              "read as they are"),
            ("implausible times", reading.absurd, "lie after the year 2200",
              "read as they are; visible only to anchors after them"),
        )  # fmt: skip
        for kind, count, message, rule in checks:
            if count:
                yield Problem(kind, table.name, name, count, f"{_rows(count)} {message}", rule)
        if len(reading.offsets) > 1:
            shown = ", ".join(f"{zone or 'none'} ({n:,})" for zone, n in reading.offsets)
            rule = "every zone is converted to UTC; text without one is read as UTC"
            message = f"several time zones: {shown}"
            odd = sum(n for _, n in reading.offsets) - max(n for _, n in reading.offsets)
            yield Problem("mixed time zones", table.name, name, odd, message, rule)


def _visibility(known: Known, table: Table, profile: TableProfile) -> Iterator[Problem]:
    """Rows that are visible too early, as far as structure tells."""
    if table.clock is not None:
        yield from _period_sums(table, profile)
    if table.timed or profile.rows == 0 or not any(t.timed for t in known.tables.values()):
        return
    periods = [c.name for c in profile.columns if counts_periods(c) and not known.linked(table.name, c.name)]
    links = [link for link in known.links if link.table == table.name]
    if periods and table.key is None:
        message = f"{', '.join(sorted(periods))} may count periods, but no table carries it beside a time"
        rule = "rows are visible always, a leak if they come about over time; set a clock in the graph file"
        yield Problem("unread clock", table.name, min(periods), profile.rows, message, rule)
    elif len(links) >= _EVENT_LINKS and table.key is None:
        through = sorted(link.to for link in links if known.tables[link.to].timed)
        hint = f"; {', '.join(through)} has a time that a table defined by sql could take over" if through else ""
        message = f"rows link {len(links)} things and have no time{hint}"
        rule = "visible always, a leak if they come about over time"
        yield Problem("no time", table.name, None, profile.rows, message, rule)


def _period_sums(table: Table, profile: TableProfile) -> Iterator[Problem]:
    """Amounts of a period, which are known only when it ends."""
    if table.clock is None or table.clock.read_at == "end":
        return
    sums = sorted(c.name for c in table.columns if c.stype is SType.NUMERICAL and set(words(c.name)) & MEASURES)
    sums = [name for name in sums if name != table.clock.column]
    if sums:
        message = f"{', '.join(sums)} may sum up a period, and rows are visible when it begins"
        rule = "read at the beginning of the period; set read: end in the graph file's clock if it is a sum"
        yield Problem("amounts of a period", table.name, sums[0], profile.rows, message, rule)


def _near_links(known: Known) -> Iterator[Problem]:
    for miss in known.found.misses:
        if known.linked(miss.table, miss.column):
            continue
        share = f" ({miss.share:.1%} of distinct values are found)" if miss.share else ""
        message = f"not linked to {miss.to}: {miss.reason}{share}"
        rule = "no link; add it in the graph file if it is one"
        count = known.profiles[miss.table].column(miss.column).present
        yield Problem("near link", miss.table, miss.column, count, message, rule)


def _wide_links(known: Known) -> Iterator[Problem]:
    """Tables that hold all columns of another one's key, where that key spans several."""
    for to, key in sorted(known.wide.items()):
        for name, table in known.tables.items():
            here = {c.name.casefold(): c.name for c in table.columns}
            columns = [here[c.casefold()] for c in key if c.casefold() in here]
            linked = all(known.linked(name, c) for c in columns)
            if name != to and len(columns) == len(key) and not linked and not table.implied_by:
                message = (
                    f"not linked to {to}: {', '.join(columns)} name its rows together, and a link is one column"
                )
                rule = "no link; define both tables by sql in the graph file, with the columns joined to one"
                yield Problem("near link", name, columns[0], table.rows, message, rule)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"


_CHECKS: Final[tuple[Callable[[Known, Table, TableProfile], Iterator[Problem]], ...]] = (
    _empty,
    _keys,
    _dangling,
    _columns,
    _times,
    _visibility,
    told_later,
)
