"""The board: who is offered to whom, with the chances of both sides; what newcomers get, how looks are shared."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.pages.charts.bars import BarChart, Bars
from edgewise.serving.pages.charts.curve import Curve, Point
from edgewise.serving.pages.charts.nouns import Chart
from edgewise.serving.pages.decided.nouns import Look, View, chosen, distinct, of, rows, table

__all__ = ["view"]

_LANES: Final = 9
_OFFERED: Final = 400
_POINTS: Final = 300
_LISTED: Final = 60
_STEPS: Final = 20
_SHOWS: Final = ("all", "with newcomers")

Row = dict[str, Any]


def view(decided: Decided, look: Look) -> View:
    """Lanes of the board: the lists that promise most, or one of them, with what is offered in order."""
    lists, key = _keyed(
        table(decided, "lists", "position", "look", "request", "accept", "booking", "newcomer", "why")
    )
    offers = table(decided, "offers", "newcomer", "looks", "requests", "bookings")
    asks = table(decided, "asks", "offers", "booking").sort_by([("booking", "descending")])
    asks = asks.rename_columns(["ask", *asks.column_names[1:]])
    show = chosen(look, "show", _SHOWS)
    new = {str(one) for one in distinct(lists.filter(lists["newcomer"]), "ask")}
    names = [str(one) for one in asks["ask"].to_pylist()]
    names = names if show == _SHOWS[0] else [name for name in names if name in new]
    ask = look.get("ask", "") if look.get("ask", "") in names else ""
    lanes = [_lane(asks, lists, name) for name in ([ask] if ask else names[:_LANES])]
    values = {
        "shows": _SHOWS, "show": show, "asks": names[:_OFFERED], "ask": ask, "count": len(names), "lanes": lanes,
        "key": key, "offers": rows(offers.sort_by([("looks", "descending")]), _LISTED), "many": offers.num_rows,
    }  # fmt: skip
    charts: list[Chart] = [
        _chances(of(lists, ask=ask) if ask else lists),
        _newcomers(offers, lists),
        _shared(offers),
    ]
    return View(charts, values)


def _keyed(lists: pa.Table) -> tuple[pa.Table, Row]:
    """Lists whose columns of keys, named there as in the tables, are `ask`, `asker` and `offer`."""
    names = lists.column_names
    own = {"ask": names[0], "asker": names[1], "offer": names[names.index("position") + 1]}
    back = {name: role for role, name in own.items()}
    return lists.rename_columns([back.get(name, name) for name in names]), own


def _lane(asks: pa.Table, lists: pa.Table, name: str) -> Row:
    """One who asks, and what they are offered, in order."""
    found = of(lists, ask=name).sort_by("position")
    return {"ask": name, "one": rows(of(asks, ask=name), 1)[0], "offers": rows(found)}


def _chances(lists: pa.Table) -> Curve:
    found = rows(lists.sort_by([("booking", "descending")]), _POINTS)
    points = [Point(f"{one['ask']} and {one['offer']}", one["request"], one["accept"]) for one in found]
    words = "Each point is an offer on a list: how likely one side asks for it, and how likely the other says yes."
    return Curve(
        "chances", "Both sides", words, points, "chance of a request", "chance of a yes",
        units=("share", "share"), joined=False,
    )  # fmt: skip


def _newcomers(offers: pa.Table, lists: pa.Table) -> BarChart:
    """The part of newcomers in what there is and in what is handed out."""
    new = offers.filter(offers["newcomer"])
    shares = {
        "offers there are": _share(float(new.num_rows), float(offers.num_rows)),
        "places on lists": _share(float(pc.sum(lists["newcomer"]).as_py() or 0), float(lists.num_rows)),
    }
    for name in ("looks", "requests", "bookings"):
        shares[f"{name} expected"] = _share(_sum(new, name), _sum(offers, name))
    return BarChart(
        "newcomers", "What newcomers get", "The part of offers that are new, and their part of the rest.",
        list(shares), [Bars("part of newcomers", list(shares.values()))], "share", along="of",
    )  # fmt: skip


def _shared(offers: pa.Table) -> Curve:
    """How looks are shared: the part of all looks that the offers with most of them get."""
    looks = sorted((float(one or 0.0) for one in offers["looks"].to_pylist()), reverse=True)
    total, sums = sum(looks), list(accumulate(looks))
    points = [Point("none", 0.0, 0.0)]
    for step in range(1, _STEPS + 1):
        count = round(len(looks) * step / _STEPS)
        part = _share(sums[count - 1], total) if count and total else 0.0
        points.append(Point(f"{100 * step // _STEPS}% of offers", step / _STEPS, part))
    return Curve(
        "shared", "How looks are shared", "The straighter the line, the more evenly offers are looked at.", points,
        "part of the offers, those looked at most first", "part of all looks", units=("share", "share"),
    )  # fmt: skip


def _sum(found: pa.Table, name: str) -> float:
    return float(pc.sum(found[name]).as_py() or 0.0)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
