"""Find what rises and falls as of a moment."""

from __future__ import annotations

import datetime as dt

from edgewise.clock import DAY, to_micros
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.trends.entry import TrendsEntry
from edgewise.decisions.trends.explain import Explainer
from edgewise.decisions.trends.families import WEEK, cut_peaks, weeks_of
from edgewise.decisions.trends.looks import Looks, replay
from edgewise.decisions.trends.online import Ledger
from edgewise.decisions.trends.report import report
from edgewise.decisions.trends.scan import Plan, Scan
from edgewise.decisions.trends.watched import Watched, read
from edgewise.decisions.trends.ways import check
from edgewise.sources.database import Database

__all__ = ["decide", "look_back"]


def decide(db: Database, entry: TrendsEntry, at: int) -> Decided:
    """What rises and falls as of `at`: rows after it are not seen.

    The looks of all weeks up to `at` are taken again, each with what was visible then, so that the answer is the
    one that a look every week would have led to.

    Raises:
        ProjectError: tables or columns that are not there.
    """
    check(db.schema, entry)
    watched = read(db, entry, at)
    looks, scans = look_back(watched, entry, at)
    return report(db, entry, at, watched, looks, scans)


def look_back(watched: Watched, entry: TrendsEntry, at: int) -> tuple[Looks, list[Scan]]:
    """All looks up to `at`, and the families as the last of them left them."""
    holidays, lags = _holidays(entry, at, watched.weeks)
    plan = Plan(tuple(sorted(set(entry.windows))), entry.baseline_weeks, entry.least, lags)
    scans = []
    for family in watched.families:
        whole = weeks_of(family.days)
        weeks = cut_peaks(family.days) if entry.peaks == "cut" else whole
        scan = Scan(weeks, plan, alone=family.alone, whole=whole)
        scans.append(scan)
        if holidays:
            scan.usable[:, sorted(holidays)] = False
    explainer = Explainer(watched.families, scans, watched.grains, entry.least)
    ledger = Ledger(entry.false_discoveries, entry.dependence == "any")
    looks = replay(
        scans, watched.weeks, ledger, explainer,
        keep=entry.keep_weeks, holidays=holidays, list_holidays=entry.list_holidays,
    )  # fmt: skip
    return looks, scans


def _holidays(entry: TrendsEntry, at: int, weeks: int) -> tuple[dict[int, str], dict[int, int]]:
    """The holiday of each week that has one, and how many weeks before it the same holiday was."""
    named: dict[int, str] = {}
    lags: dict[int, int] = {}
    for name in sorted(entry.holidays):
        before: dt.date | None = None
        for day in sorted(entry.holidays[name]):
            on = weeks - 1 - (at - to_micros(day)) // (WEEK * DAY)
            for week in range(max(0, on - entry.holiday_weeks + 1), min(on, weeks - 1) + 1):
                named[week] = name
                if before is not None:
                    lag = round((day - before).days / WEEK)
                    if week - lag >= 0:
                        lags[week] = lag
            before = day
    return named, lags
