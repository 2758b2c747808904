"""A decision out of what the looks found: tables, expectations, notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from scipy.stats import binom

from edgewise.clock import DAY, from_micros
from edgewise.decisions.decided.nouns import Decided, Expected
from edgewise.decisions.trends.drivers import Driver, drivers
from edgewise.decisions.trends.entry import TrendsEntry
from edgewise.decisions.trends.explain import Explainer
from edgewise.decisions.trends.families import WEEK, Family
from edgewise.decisions.trends.listed import BAND, Listed, listed
from edgewise.decisions.trends.looks import Found, Looks
from edgewise.decisions.trends.scan import Scan
from edgewise.decisions.trends.titles import titles
from edgewise.decisions.trends.watched import WORD, Watched
from edgewise.query.sql.parts import AT
from edgewise.sources.database import Database

__all__ = ["report"]

_SIZES: Final = 10
_COURSE: Final = 26
_COLUMNS: Final = 12
_STAMP: Final = pa.timestamp("us")


def report(
    db: Database, entry: TrendsEntry, at: int, watched: Watched, looks: Looks, scans: list[Scan]
) -> Decided:
    """The whole answer: the trends that last, their weeks, what drives them, rows of them, all that was found."""
    explainer = Explainer(watched.families, scans, watched.grains, entry.least)
    trends = listed(looks, watched.families, scans, watched.weeks, explainer)
    named = titles(watched, trends)
    expected_anyway = [] if entry.list_holidays else [t for t in trends if t.found.holiday]
    told = [t for t in trends if t not in expected_anyway] if expected_anyway else trends
    plan = scans[0].plan if scans else None
    driven = drivers(watched, told, plan) if plan is not None else []
    tables = {
        "trends": _trends(told, [named[trends.index(t)] for t in told], driven, watched, at),
        "weeks": _weeks(told, watched.weeks, at),
        "drivers": _drivers(driven),
        "examples": _examples(told, watched, entry),
        "found": _found(looks.found, watched, at),
        "keys": _keys(told, watched),
    }
    if expected_anyway:
        titled = [named[trends.index(t)] for t in expected_anyway]
        tables["holidays"] = _trends(expected_anyway, titled, [[] for _ in titled], watched, at)
    return Decided(
        decision="trends",
        source=db.name,
        at=at,
        settings=entry.model_dump(mode="json"),
        tables=tables,
        expects=_expects(told, [named[trends.index(t)] for t in told], looks),
        notes=tuple(_notes(entry, watched, looks, told)),
    )


def _moment(week: int, weeks: int, at: int) -> int:
    """The end of a week, in microseconds."""
    return at - (weeks - 1 - week) * WEEK * DAY


def _stamps(values: Sequence[int]) -> pa.Array:
    return pa.array(values, type=pa.int64()).cast(_STAMP)


def _kind(family: Family, watched: Watched) -> str:
    entry = watched.events[family.events].entry
    if not family.level:
        return "table"
    if family.level == entry.items:
        return "item"
    if entry.text is not None and family.level in (entry.text, WORD.format(entry.text)):
        return "search" if family.level == entry.text else "word"
    kinds = {"category": entry.levels, "place": entry.where, "people": entry.whom}
    return next((kind for kind, levels in kinds.items() if family.level in levels), "behaviour")


def _trends(
    trends: list[Listed], named: list[str], driven: list[list[Driver]], watched: Watched, at: int
) -> pa.Table:
    weeks = watched.weeks
    ends = [_moment(t.found.week, weeks, at) for t in trends]
    columns = {
        "trend": pa.array(range(1, len(trends) + 1), pa.int64()),
        "direction": pa.array(["rises" if t.found.rises else "falls" for t in trends], pa.string()),
        "value": pa.array([t.value or t.family.events for t in trends], pa.string()),
        "title": pa.array(named, pa.string()),
        "kind": pa.array([_kind(t.family, watched) for t in trends], pa.string()),
        "ratio": pa.array([t.size.ratio for t in trends], pa.float64()),
        "low": pa.array([t.size.low for t in trends], pa.float64()),
        "high": pa.array([t.size.high for t in trends], pa.float64()),
        "recent": pa.array([t.size.recent for t in trends], pa.float64()),
        "expected": pa.array([t.size.expected for t in trends], pa.float64()),
        "where": pa.array([f"{t.family.cell} = {t.cell}" if t.family.cell else "" for t in trends], pa.string()),
        "driven_by": pa.array([_main(d) for d in driven], pa.string()),
        "status": pa.array(["new" if t.found.week == weeks - 1 else "lasting" for t in trends], pa.string()),
        "began": _stamps([_moment(t.began - 1, weeks, at) for t in trends]),
        "found_at": _stamps(ends),
        "p": pa.array([t.found.p for t in trends], pa.float64()),
        "z": pa.array([t.found.z for t in trends], pa.float64()),
        "events": pa.array([t.family.events for t in trends], pa.string()),
        "level": pa.array([t.family.level for t in trends], pa.string()),
        "also": pa.array([_shadows(t, watched) for t in trends], pa.list_(pa.string())),
        "holiday": pa.array([t.found.holiday for t in trends], pa.string()),
    }
    return pa.table(columns)


def _main(driven: list[Driver]) -> str:
    """The values that go further than the rest, the one that adds most of each column."""
    out: dict[str, Driver] = {}
    for one in driven:
        if one.stands_out:
            out.setdefault(one.column, one)
    return "; ".join(f"{d.column} = {d.value} ({d.share:.0%})" for d in out.values())


def _shadows(trend: Listed, watched: Watched) -> list[str]:
    """What else is seen of the same trend."""
    shadows = sorted(trend.shadows, key=lambda f: (-abs(f.z), f.key))
    return [_where(watched.families[f.family], f.row) for f in shadows]


def _where(family: Family, row: int) -> str:
    said = f"{family.level} = {family.values[row]}" if family.level else family.events
    return f"{said}, {family.cell} = {family.cells[row]}" if family.cell else said


def _weeks(trends: list[Listed], weeks: int, at: int) -> pa.Table:
    rows = [(i, week) for i in range(len(trends)) for week in range(max(0, weeks - _COURSE), weeks)]
    due = np.array([trends[i].due[week] for i, week in rows])
    before = np.array([trends[i].found.before for i, _ in rows])
    whole = np.array([trends[i].found.expected for i, _ in rows])
    spread = np.array([trends[i].found.spread for i, _ in rows])
    reach = 1.645 * np.sqrt(spread * due * (1 + whole / np.maximum(before, 1.0))) if rows else due
    return pa.table({
        "trend": pa.array([i + 1 for i, _ in rows], pa.int64()),
        "week_until": _stamps([_moment(week, weeks, at) for _, week in rows]),
        "count": pa.array([trends[i].course[week] for i, week in rows], pa.float64()),
        "expected": pa.array(due, pa.float64()),
        "low": pa.array(np.maximum(due - reach, 0.0), pa.float64()),
        "high": pa.array(due + reach, pa.float64()),
    })  # fmt: skip


def _drivers(driven: list[list[Driver]]) -> pa.Table:
    rows = [(i + 1, one) for i, several in enumerate(driven) for one in several]
    plain = {name: [getattr(one, name) for _, one in rows] for name in Driver.__dataclass_fields__}
    kinds = {"column": pa.string(), "value": pa.string(), "recent": pa.int64(), "stands_out": pa.bool_()}
    return pa.table({
        "trend": pa.array([i for i, _ in rows], pa.int64()),
        **{name: pa.array(values, kinds.get(name, pa.float64())) for name, values in plain.items()},
    })  # fmt: skip


def _examples(trends: list[Listed], watched: Watched, entry: TrendsEntry) -> pa.Table:
    found: list[tuple[int, int, str]] = []
    for i, trend in enumerate(trends if entry.examples else []):
        events = watched.events[trend.family.events]
        ref = trend.family.level
        if ref.endswith(WORD.format("")):
            continue
        table = events.db.schema.table(events.name)
        columns = [c.name for c in table.columns if not c.personal and c.name != table.time][:_COLUMNS]
        cell = (trend.family.cell, trend.cell) if trend.family.cell else None
        days = WEEK * (watched.weeks - trend.began)
        for row in events.rows(ref, trend.value, cell, columns, days, entry.examples).to_pylist():
            at = row.pop(AT)
            found.append((i + 1, int(at), json.dumps(row, default=str, ensure_ascii=False)))
    return pa.table({
        "trend": pa.array([i for i, _, _ in found], pa.int64()),
        "time": _stamps([at for _, at, _ in found]),
        "row": pa.array([text for _, _, text in found], pa.string()),
    })  # fmt: skip


def _found(found: Sequence[Found], watched: Watched, at: int) -> pa.Table:
    """Everything that all looks found, shadows included, with what each is a shadow of."""
    rows = sorted(found, key=lambda f: (f.week, -abs(f.z), f.key))
    families = [watched.families[f.family] for f in rows]
    by = [f.explained_by for f in rows]
    ended = [None if f.ended is None else _moment(f.ended, watched.weeks, at) for f in rows]
    return pa.table({
        "found_at": _stamps([_moment(f.week, watched.weeks, at) for f in rows]),
        "ended_at": pa.array(ended, pa.int64()).cast(_STAMP),
        "direction": pa.array(["rises" if f.rises else "falls" for f in rows], pa.string()),
        "events": pa.array([family.events for family in families], pa.string()),
        "level": pa.array([family.level for family in families], pa.string()),
        "value": pa.array([family.values[f.row] for f, family in zip(rows, families, strict=True)], pa.string()),
        "cell": pa.array([family.cell or "" for family in families], pa.string()),
        "cell_value": pa.array([fam.cells[f.row] for f, fam in zip(rows, families, strict=True)], pa.string()),
        "ratio": pa.array([f.recent / max(f.expected, 1e-9) for f in rows], pa.float64()),
        "window_weeks": pa.array([f.window for f in rows], pa.int64()),
        "p": pa.array([f.p for f in rows], pa.float64()),
        "z": pa.array([f.z for f in rows], pa.float64()),
        "shadow_of": pa.array(
            ["" if key is None else _where(watched.families[key[0]], key[1]) for key in by], pa.string()
        ),
        "holiday": pa.array([f.holiday for f in rows], pa.string()),
    })  # fmt: skip


def _keys(trends: list[Listed], watched: Watched) -> pa.Table:
    """What trends refer to, in columns named and typed as in the source; null where a trend is not of it."""
    columns: dict[str, pa.Array] = {"trend": pa.array(range(1, len(trends) + 1), pa.int64())}
    for events in watched.events.values():
        types = events.db.source.tables()[events.name]
        for name in dict.fromkeys(link.column for link in events.db.schema.links_from(events.name)):
            own = [_key_of(trend, events.name, name) for trend in trends]
            if name not in columns or any(own):
                columns[name] = pa.array(own, pa.string()).cast(types.field(name).type)
    return pa.table(columns)


def _key_of(trend: Listed, events: str, column: str) -> str | None:
    family = trend.family
    if family.events != events:
        return None
    return trend.value if family.level == column else trend.cell if family.cell == column else None


def _expects(trends: list[Listed], named: list[str], looks: Looks) -> tuple[Expected, ...]:
    rate = looks.spent
    n = len(trends)
    real = Expected(
        "listed trends that are real", n * (1 - rate), "trends", "model",
        low=min(float(n - binom.ppf(0.95, n, rate)), n * (1 - rate)) if n else 0.0, high=float(n),
    )  # fmt: skip
    sizes = [
        Expected(f"{'rise' if t.found.rises else 'fall'} of {name}", t.size.ratio, "times as expected", "model",
                 low=t.size.low, high=t.size.high, level=BAND)
        for t, name in list(zip(trends, named, strict=True))[:_SIZES]
    ]  # fmt: skip
    return (real, *sizes)


def _notes(entry: TrendsEntry, watched: Watched, looks: Looks, trends: list[Listed]) -> list[str]:
    begun = from_micros(0) if not watched.weeks else None
    notes = [
        f"{looks.tests:,} comparisons at {looks.looks} weekly looks over {watched.weeks} weeks; of all that was "
        f"ever listed, at most {entry.false_discoveries:.0%} are expected to be false.",
    ]
    if begun is not None or not looks.looks:
        notes.append("The history is too short: eleven whole weeks are needed before the first look.")
    if watched.weeks < 60:
        notes.append(
            "There is less than a year before the look, so that what rises with the season each year is listed "
            "like any other rise; name holidays to set theirs apart."
        )
    if trends:
        notes.append(
            "Counts are people a day, and single peaks do not count for the tests; sizes are against the weeks "
            "before and the level of everything else, and their intervals are widened because "
            "only what stands out is listed."
        )
    return notes
