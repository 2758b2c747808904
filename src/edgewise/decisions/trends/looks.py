"""All looks from the first week on, taken again: what was found when, with one ledger of false discoveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from edgewise.decisions.trends.online import Ledger, weighted
from edgewise.decisions.trends.scan import Scan, Seen

__all__ = ["Found", "Looks", "replay"]

#: A trend is over once its weeks are no longer this far from what they were before it, in deviations.
_OVER: Final = 1.5


@dataclass(frozen=True, slots=True)
class Found:
    """A trend, as of the look that found it.

    `family` and `row` say of what; `week` when it was found; `ended` the look at which it was over, None while it
    lasts. `explained_by` is the (family, row) of another trend, found at that look or lasting then, of which this
    one is a part or a shadow; such are not listed, but watched all the same.
    """

    family: int
    row: int
    week: int
    rises: bool
    p: float
    z: float
    window: int
    recent: float
    expected: float
    before: float
    spread: float
    freedom: float
    holiday: str = ""
    ended: int | None = None
    explained_by: tuple[int, int] | None = None

    @property
    def key(self) -> tuple[int, int]:
        """What it is a trend of."""
        return self.family, self.row


#: Which of the new trends are shadows of others: given the week, the new and the lasting ones, the new ones again.
Explain = Callable[[int, list[Found], list[Found]], list[Found]]


@dataclass(frozen=True, slots=True)
class Looks:
    """What all looks found, in order, and what the ledger says after the last of them."""

    found: tuple[Found, ...]
    looks: int
    tested: int  # things tested at the last look
    tests: int  # tests over all looks
    spent: float


def replay(
    scans: Sequence[Scan], weeks: int, ledger: Ledger, explain: Explain, *, keep: int,
    holidays: dict[int, str] | None = None, list_holidays: bool = False,
) -> Looks:  # fmt: skip
    """Look at every week in turn. `holidays` has the name of the holiday that a week leads up to.

    What was found stays out of the tests until it is over, or for `keep` weeks, after which it is the new normal.
    Its weeks stand in no baseline while it lasts, and if it passes, never.
    """
    holidays = holidays or {}
    lasting: list[Found] = []
    done: list[Found] = []
    looks = tests = tested = 0
    for week in range(weeks):
        seen = [scan.look(week) for scan in scans]
        lasting, over = _go_on(scans, lasting, week, keep)
        done += over
        busy = {found.key for found in lasting}
        rows = [_open(s, busy, f) for f, s in enumerate(seen)]
        p = np.concatenate([s.p[r] for s, r in zip(seen, rows, strict=True)])
        family = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
        if not len(p):
            continue
        looks, tests, tested = looks + 1, tests + len(p), len(p)
        holiday = _holiday(scans, week, holidays)
        expected_anyway = bool(holiday) and not list_holidays
        # what is expected anyway is judged on its own, and neither spends nor earns
        judge = Ledger(ledger.rate) if expected_anyway else ledger
        hit = judge.test(weighted(p, family))
        where = np.concatenate(rows)
        new = [_found(seen[f], int(f), int(r), holiday) for f, r in zip(family[hit], where[hit], strict=True)]
        new = explain(week, sorted(new, key=lambda found: -abs(found.z)), lasting)
        lasting += new
        for found in new:
            scans[found.family].usable[found.row, week - found.window + 1 : week + 1] = False
    return Looks((*done, *lasting), looks, tested, tests, ledger.spent)


def _open(seen: Seen, busy: set[tuple[int, int]], family: int) -> np.ndarray:
    """The rows that are tested: those not found already."""
    rows = np.flatnonzero(seen.tested)
    taken = np.array([row for f, row in busy if f == family], dtype=np.int64)
    return rows[~np.isin(rows, taken)]


def _found(seen: Seen, family: int, row: int, holiday: str) -> Found:
    return Found(
        family, row, seen.week, bool(seen.z[row] > 0), float(seen.p[row]), float(seen.z[row]),
        int(seen.window[row]), float(seen.recent[row]), float(seen.expected[row]), float(seen.before[row]),
        float(seen.spread[row]), float(seen.freedom[row]), holiday,
    )  # fmt: skip


def _go_on(scans: Sequence[Scan], lasting: list[Found], week: int, keep: int) -> tuple[list[Found], list[Found]]:
    """Which of the lasting trends last on, and which are over at this week."""
    still, over = [], []
    for found in lasting:
        scan = scans[found.family]
        if week - found.week >= keep:  # the new normal: its weeks are as good a baseline as any
            scan.usable[found.row, found.week - found.window + 1 : week + 1] = True
            over.append(replace(found, ended=week))
            continue
        scan.usable[found.row, week] = False
        now, due = scan.compare(found.row, found.week - found.window + 1, week)
        far = (now - due) / np.sqrt(max(due, 1.0) * found.spread)
        if (far if found.rises else -far) < _OVER:
            over.append(replace(found, ended=week))
        else:
            still.append(found)
    return still, over


def _holiday(scans: Sequence[Scan], week: int, holidays: dict[int, str]) -> str:
    """The holiday that a week leads up to, unless the past has one like it and it is part of what is expected."""
    name = holidays.get(week, "")
    return "" if name and any(week in scan.plan.lags for scan in scans) else name
