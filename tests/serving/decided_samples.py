"""Small decisions of every kind, and a service that shows them."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from fastapi.testclient import TestClient

from edgewise.clock import to_micros
from edgewise.decisions.decided.folder import write_decided
from edgewise.decisions.decided.nouns import Decided, Expected, GaveUp
from edgewise.decisions.match.entry import MatchEntry
from edgewise.serving.pages.origin import Origin

#: A name that a page must show and never run.
HOSTILE = "</table><script>document.title='run'</script>\"'&"


def plain(decision: str = "other", name: str = "first") -> Decided:
    """A decision with one table and nothing of its own kind."""
    return Decided(
        decision=decision,
        source=f"a folder {HOSTILE}",
        at=to_micros("2017-11-06"),
        settings={"name": HOSTILE},
        tables={name: pa.table({"who": ["ann", HOSTILE, None], "n": [1, 2, 3], "x": [0.5, None, 1e9]})},
        expects=(
            Expected("gain", 1234.5, "dollars", "held out", 1000.0, 1500.0),
            Expected(HOSTILE, 0.25, "share", "association"),
        ),
        gave_up=(GaveUp("space", 100.0, "dollars", 3), GaveUp(HOSTILE, 50.0, "dollars", 1)),
        notes=(f"a note {HOSTILE}", "another"),
    )


def write_all(folder: Path, *made: Decided) -> Path:
    """Some decisions in a folder, each under its kind."""
    for decided in made:
        write_decided(decided, folder / decided.decision)
    return folder


def forecast() -> Decided:
    """Demand of two stores and three categories over four levels, 26 weeks behind and 8 ahead."""
    ahead: list[dict[str, Any]] = []
    past: list[dict[str, Any]] = []
    first = dt.date(2017, 5, 8)
    for level, store, category, size in _nodes():
        named = {"level": level, "store": store, "region": None, "department": None, "category": category}
        values = [size * (100 + 30 * math.sin(week / 4) + 7 * (week * 7 % 5)) for week in range(34)]
        past.append({**named, "first_week": first, "sold": values[:26]})
        for horizon, value in enumerate(values[26:], 1):
            week = first + dt.timedelta(weeks=25 + horizon)
            exact = Decimal(f"{value:.2f}")
            band = {"low": 0.8 * value, "high": 1.3 * value}
            ahead.append({**named, "week": week, "horizon": horizon, "forecast": exact, **band})
    orders = [
        {
            "store": s, "department": None, "category": c, "arrives": first, "expected": 90 * size, "on_hand": 0.0,
            "order": 120 * size, "cost": 80.0, "suffices": 0.75, "profit": 12.0,
        }
        for level, s, c, size in _nodes() if level == "store × category"
    ]  # fmt: skip
    made = [{name: one[name] for name in one if name not in ("store", "profit")} for one in orders[:3]]
    accuracy = [{"level": "total", "wape": 0.041, "bias": -0.002}]
    tables = {"forecast": ahead, "orders": orders, "production": made, "past": past, "accuracy": accuracy}
    return replace(plain("forecast"), tables={name: pa.Table.from_pylist(made) for name, made in tables.items()})


def _nodes() -> list[tuple[str, int | None, str | None, float]]:
    stores, categories = (21, 446), ("GROCERY", HOSTILE, "DELI")
    return [
        ("total", None, None, 21.0),
        *(("store", store, None, 9.0 + i) for i, store in enumerate(stores)),
        *(("category", None, category, 7.0 - i) for i, category in enumerate(categories)),
        *(("store × category", s, c, 3.0 + i + j) for i, s in enumerate(stores) for j, c in enumerate(categories)),
    ]


def assort() -> Decided:
    """Three stores with articles that stay, come in and go."""
    stores = [
        {
            "store": store, "known": store != 906, "space": 40.0, "carries": 30, "goes_in": 6, "goes_out": 4,
            "demand": 1000.0 - store, "sells": 0.7, "keeps": 0.82, "at_most": 0.825, "gap": 0.006,
            "one_more_place": 1.25,
        }
        for store in (21, 446, 906)
    ]  # fmt: skip
    carried = [
        {
            "store": store, "article": 1000 + i, "category": HOSTILE if i % 3 else "DELI", "rank": i + 1,
            "change": "goes in" if i % 5 == 0 else "stays", "expected": 50.0 - i, "adds": 40.0 - i,
            "kept_if_missing": 0.2, "why": f"sells {50 - i}",
        }
        for store in (21, 446, 906) for i in range(30)
    ]  # fmt: skip
    out = [
        {
            "store": store, "article": 2000 + i, "category": "DELI", "expected": 3.0, "kept": 0.6, "instead": 1000,
            "would_add": 0.5, "why": HOSTILE,
        }
        for store in (21, 446) for i in range(4)
    ]  # fmt: skip
    tables = {"assortment": carried, "left_out": out, "stores": stores}
    return replace(plain("assort"), tables={name: pa.Table.from_pylist(made) for name, made in tables.items()})


def trends() -> Decided:
    """Three trends over 26 weeks, with what drives them and rows of them."""
    first = dt.datetime(2017, 5, 15)
    listed = [
        {
            "trend": i + 1, "direction": "falls" if i == 2 else "rises", "value": name,
            "title": f"category {name}", "kind": "category",
            "ratio": 1.8 - 0.5 * i, "low": 1.4 - 0.5 * i, "high": 2.3 - 0.5 * i,
            "recent": 180.0, "expected": 100.0, "where": "" if i else "store = 446",
            "driven_by": "store = 446 (80%)",
            "status": "new" if i == 0 else "lasting", "began": first + dt.timedelta(weeks=22 - i),
            "found_at": first + dt.timedelta(weeks=25), "p": 0.0001, "z": 5.0, "events": "transactions",
            "level": "category", "also": [HOSTILE], "holiday": "",
        }
        for i, name in enumerate(("CANDY", HOSTILE, "SUN CARE"))
    ]  # fmt: skip
    weeks = [
        {
            "trend": i + 1, "week_until": first + dt.timedelta(weeks=week), "expected": 100.0, "low": 80.0,
            "high": 120.0,
            "count": 100.0 + 9 * math.sin(week) + (0 if week < 22 - i else 30 * (1 - i)),
        }
        for i in range(3) for week in range(26)
    ]  # fmt: skip
    drivers = [
        {
            "trend": 1, "column": "store", "value": value, "recent": 80, "expected": 20.0, "ratio": 4.0,
            "share": share, "low": share - 0.1, "high": share + 0.1, "stands_out": share > 0.5,
        }
        for value, share in (("446", 0.8), (HOSTILE, 0.1))
    ]  # fmt: skip
    examples = [
        {
            "trend": 1,
            "time": first + dt.timedelta(weeks=25, hours=3),
            "row": json.dumps({"product": HOSTILE, "n": 2}),
        }
    ]
    tables = {"trends": listed, "weeks": weeks, "drivers": drivers, "examples": examples}
    return replace(plain("trends"), tables={name: pa.Table.from_pylist(made) for name, made in tables.items()})


def notify() -> Decided:
    """A hundred sends over a week, a curve of five points, and some who are left in peace."""
    first = dt.datetime(2017, 11, 6)
    sends = [
        {
            "user": HOSTILE if i == 0 else f"u{i}",
            "send_at": first + dt.timedelta(days=i % 7, hours=8 + i * 5 % 13),
            "local_hour": 8 + i * 5 % 13, "channel": ("email", "push")[i % 2],
            "message": ("news", "spring sale", HOSTILE)[i % 3], "gain": 0.2, "hazard": 0.001, "channel_worth": 5.0,
            "cost": 0.01, "priority": i == 3,
        }
        for i in range(100)
    ]  # fmt: skip
    calendar = [
        {
            "day": f"2017-11-{6 + i % 7:02d}",
            "hour": 8 + i * 5 % 13,
            "channel": ("email", "push")[i % 2],
            "sends": 1,
        }
        for i in range(100)
    ]
    curve = [
        {
            "care": care, "sends": int(900 / care), "gain": 500.0 / care, "lost_channels": 40.0 / care**2,
            "chosen": care == 1.0,
        }
        for care in (0.5, 1.0, 2.0, 4.0, 8.0)
    ]  # fmt: skip
    unsent = [{"reason": "no consent", "users": 12}, {"reason": HOSTILE, "users": 3}]
    tables = {"sends": sends, "curve": curve, "calendar": calendar, "unsent": unsent}
    made = {name: pa.Table.from_pylist(found) for name, found in tables.items()}
    return replace(plain("notify"), settings={"care": 1.0, "multiplier": 2.0}, tables=made)


def match() -> Decided:
    """Lists for five who ask, newcomers among what is offered."""
    lists = [
        {
            "search_id": ask, "guest_id": HOSTILE if ask == 1 else f"g{ask}", "position": place + 1,
            "listing_id": 10 * ask + place, "look": 0.9 - 0.1 * place, "request": 0.3 - 0.02 * place,
            "accept": 0.5 + 0.05 * ask, "keep": 0.95, "booking": 0.1, "newcomer": place == 2,
            "why": HOSTILE if place == 1 else "it is likely to be asked for",
        }
        for ask in range(1, 6) for place in range(4)
    ]  # fmt: skip
    offers = [
        {
            "listing_id": 10 * ask + place, "newcomer": place == 2, "lists": 1, "looks": 2.0 * ask,
            "requests": 0.4,
            "bookings": 0.1 * ask, "looks_so_far": 100.0, "requests_so_far": 3, "bookings_so_far": 1,
            "free_days": 20,
        }
        for ask in range(1, 6) for place in range(4)
    ]  # fmt: skip
    asks = [{"search_id": i, "guest_id": f"g{i}", "weighed": 40, "offers": 4, "booking": 0.3} for i in range(1, 6)]
    tables = {"lists": lists, "offers": offers, "asks": asks}
    return replace(plain("match"), tables={name: pa.Table.from_pylist(made) for name, made in tables.items()})


def contended(entry: Mapping[str, Any], offers: tuple[int, int], at: int) -> Decided:
    """Askers 1 and 2 look for the same day; of the first offer there is one, which both have on their lists."""
    made = MatchEntry.model_validate(entry)
    asker, (scarce, other) = made.asks.asker, offers
    lists = pa.table(
        {
            "search_id": [1, 1, 2],
            asker: [1, 1, 2],
            "position": [1, 2, 1],
            made.requests.offer: [scarce, other, scarce],
            "booking": [0.3, 0.2, 0.4],
            "newcomer": [False, True, False],
            "left": [1, 1, 1],
        }
    )
    day = dt.date(2030, 1, 1)
    asks = pa.table({"search_id": [1, 2], asker: [1, 2], "begins": [day, day], "days": [1, 1]})
    return Decided("match", "market", at, made.model_dump(mode="json"), {"lists": lists, "asks": asks}, ())


def serving(client: TestClient, folder: Path) -> TestClient:
    """The client, its first tenant's decisions being those in a folder."""
    client.app.state.origins = {"main": Origin(decided=folder)}  # type: ignore[attr-defined]  # Starlette's own
    return client
