"""Exploration at the desk: seeded, and with the chance that each place has of showing what it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from project_shop import NOW, ask_of, desk_of, project_live
from serving_shop import MemoryAnswers

from edgewise.clock import DAY
from edgewise.serving.app import make_app
from edgewise.serving.desk import Desk, PlainDesk, Row
from edgewise.serving.exploration import Exploration
from edgewise.serving.limits import RateLimit
from edgewise.serving.service import Service
from edgewise.serving.tenant import Settings, Tenant

EPSILON, HEAD, RESERVE, PLACES = 0.4, 2, 4, 7
TAIL = PLACES - HEAD
PINNED = """
rules:
  - {name: editors, kind: tracks, rule: pin, where: "tracks.track_id IN (50, 51, 52, 53)", most: 4}
"""


def plain(exploration: Exploration) -> Desk:
    return PlainDesk(MemoryAnswers(), {"tracks": "title"}, exploration)


def exploring(random_seed: int = 5, epsilon: float = EPSILON) -> Exploration:
    return Exploration(epsilon=epsilon, head=HEAD, reserve=RESERVE, random_seed=random_seed)


def listed(desk: Desk, n: int, k: int = PLACES) -> list[Sequence[Row]]:
    """The lists of n questions, each with an id of its own."""
    return [desk.recommend(ask_of(f"list {i}"), "tracks", k) for i in range(n)]


def items(lists: Sequence[Sequence[Row]]) -> np.ndarray:
    return np.array([[row.item for row in rows] for rows in lists])


DESKS = pytest.mark.parametrize("desk", [plain, desk_of], ids=["plain", "project"])


@DESKS
def test_lists_are_drawn_from_the_seed_and_their_id(desk: Callable[[Exploration], Desk]) -> None:
    first, again = items(listed(desk(exploring()), 200)), items(listed(desk(exploring()), 200))
    assert (first == again).all()
    other = items(listed(desk(exploring(random_seed=6)), 200))
    assert (first != other).any(axis=1).mean() > 0.3
    off = items(listed(desk(exploring(epsilon=0.0)), 20))
    assert (off == off[0]).all()


@DESKS
def test_the_chances_of_places_are_those_with_which_they_show_things(desk: Callable[[Exploration], Desk]) -> None:
    lists = listed(desk(exploring()), 6_000)
    off = listed(desk(exploring(epsilon=0.0)), 1, PLACES + RESERVE)[0]
    own, reserve = [row.item for row in off[:PLACES]], {row.item for row in off[PLACES:]}
    assert len(reserve) == RESERVE
    shown = Counter((place, row.item) for rows in lists for place, row in enumerate(rows))
    chance = {(place, row.item): row.propensity for rows in lists for place, row in enumerate(rows)}
    for place in range(PLACES):
        seen = {item for at, item in shown if at == place}
        assert seen == ({own[place]} if place < HEAD else {own[place], *reserve})
        assert sum(chance[place, item] for item in seen) == pytest.approx(1.0)
    for one, said in chance.items():
        assert shown[one] / len(lists) == pytest.approx(
            said, abs=4 * np.sqrt(said * (1 - said) / len(lists)) + 1e-9
        )
    # so that each thing that may stand at a place counts once on average, as off-policy estimates need it
    weighed = [sum(1 / row.propensity for row in rows) for rows in lists]
    assert np.mean(weighed) == pytest.approx(HEAD + TAIL * (1 + RESERVE), rel=0.05)


def test_what_is_pinned_stays_where_it_is() -> None:
    lists = listed(desk_of(exploring(), PINNED), 400)
    assert (items(lists)[:, :4] == items(lists)[0, :4]).all()
    assert {row.propensity for rows in lists for row in rows[:4]} == {1.0}
    assert min(row.propensity for rows in lists for row in rows[4:]) == pytest.approx(EPSILON / 3 / RESERVE)


def test_a_share_of_the_shelves_of_pages_explores_one_thing_each() -> None:
    desk = desk_of(exploring())
    asks = [partial(ask_of, "", row, NOW + day * DAY) for row in range(20) for day in range(30)]
    pages = [desk.home(ask()) for ask in asks]
    assert [desk.home(ask()) for ask in asks[:20]] == pages[:20]
    shelves = [[row.propensity for row in one.rows] for page in pages for one in page.lists]
    drawn = [sum(chance < 0.5 for chance in shelf) for shelf in shelves]
    places = desk_of(exploring()).home(ask_of("")).lists[0].rows
    share = len(places) * EPSILON / 12  # of the twelve things that a shelf may have
    assert np.mean(drawn) == pytest.approx(share, abs=4 * np.sqrt(share / len(drawn)))
    off = desk_of(exploring(epsilon=0.0))
    assert {row.propensity for one in off.home(ask_of("")).lists for row in one.rows} == {1.0}


def test_the_log_of_exposures_has_the_chances_of_what_was_shown(tmp_path: Path) -> None:
    first = project_live(exploring())
    tenant = Tenant("main", tmp_path, first, lambda _: first, Settings(clock="data", deadline=20.0))
    answers: dict[str, list[Any]] = {}
    service = Service({"main": tenant}, None, RateLimit(1e6, 1e6))
    with TestClient(make_app(service), "http://localhost", raise_server_exceptions=False) as client:
        for user in range(40):
            for path in (f"users/{user}/recommendations?kind=tracks&k={PLACES}", f"users/{user}/home"):
                found = client.get(f"/v1/{path}").json()
                lists = found.get("shelves", [found])
                answers[found["exposure"]] = [
                    (str(t["key"]), t["position"], pytest.approx(t["propensity"]))
                    for one in lists
                    for t in one["things"]
                ]
    logged = pa.concat_tables(tenant.exposures.tables()).to_pylist()
    assert {row["exposure"] for row in logged} == set(answers)
    for exposure, shown in answers.items():
        assert [(r["item"], r["position"], r["propensity"]) for r in logged if r["exposure"] == exposure] == shown
    explored = {
        row["exposure"] for row in logged if row["surface"] == "recommendations" and row["propensity"] < 0.5
    }
    assert 6 <= len(explored) <= 26  # 16 of 40 on average
