"""The homepage: what holds for every page, and what pages are like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY, HOUR
from edgewise.decisions.home.nouns import Page
from edgewise.decisions.home.page import home
from edgewise.prediction.nouns import Event

RULES = """
rules:
  - {name: clean, kind: tracks, rule: filter, where: tracks.explicit = FALSE}
  - {name: in stock, kind: tracks, rule: stock, column: stock}
  - {name: grown up, kind: tracks, rule: age, column: least_age}
  - {name: licensed here, kind: tracks, rule: region, column: regions}
  - {name: two a label, kind: tracks, rule: quota, per: supplier, most: 4, of: page}
  - {name: mixed genres, kind: tracks, rule: quota, per: category, most: 5, of: shelf}
  - {name: not again so soon, kind: tracks, rule: exclude, what: taken, days: 3}
  - {name: own label, kind: tracks, rule: boost, where: tracks.label = 'label 1', by: 1.5}
  - {name: editors, kind: tracks, rule: pin, where: "tracks.track_id IN (1, 2)", shelf: popular, most: 2}
"""


@pytest.fixture(scope="module")
def ruled(world):
    """The small world under every kind of rule."""
    return world.with_(RULES)


def things(page: Page):
    return [thing for shelf in page.shelves for thing in shelf.things]


def told(page: Page) -> list[str]:
    return [shelf.title for shelf in page.shelves]


@settings(max_examples=25, deadline=None)
@given(
    row=st.integers(-1, 39), days=st.integers(0, 60), seed=st.integers(0, 5), explore=st.sampled_from([0.0, 0.3]),
    hidden=st.sets(st.integers(0, 239), max_size=20), searches=st.sampled_from([(), ("techno",), ("artist 3 song",)]),
    session=st.lists(st.integers(0, 239), max_size=3),
)  # fmt: skip
def test_what_holds_for_every_page(ruled, row, days, seed, explore, hidden, searches, session) -> None:
    at = ruled.now - days * DAY
    surfaces = ruled.surfaces
    project = surfaces.catalogue.project
    entry = project.surfaces.home.model_copy(update={"explore": explore})
    project = project.model_copy(update={"surfaces": project.surfaces.model_copy(update={"home": entry})})
    surfaces = replace(surfaces, catalogue=replace(surfaces.catalogue, project=project))
    basket = () if row >= 0 else tuple(("tracks", item) for item in session)
    person = ruled.person(row, name=row + 2, searches=searches, session=basket)
    for item in hidden:
        person = person.saying("hide", "tracks", item)
    page = home(ruled.answers, surfaces, person, at, random_seed=seed)

    assert page == home(ruled.answers, surfaces, person, at, random_seed=seed)
    assert page.shelves
    assert len(page.shelves) <= 6
    every = things(page)
    assert len({(t.kind, t.item) for t in every}) == len(every)
    assert all(3 <= len(shelf.things) <= 8 for shelf in page.shelves if shelf.kind != "mixes")
    assert all(0 < t.propensity <= 1 for t in every)
    assert all(t.reason.endswith(".") and t.title for t in every)
    check_rules(ruled, page, person, at, hidden)


def check_rules(ruled, page: Page, person, at: int, hidden: set[int]) -> None:
    """The slow twin of the rules: thing by thing, in the words of the project file."""
    tracks = ruled.answers.tables["tracks"].to_pylist()
    labels: dict[str, int] = {}
    past = ruled.answers.past("tracks", person.row, at, 200)
    lately = {int(i) for i, t in zip(past.items, past.at, strict=True) if at - 3 * DAY < t <= at}
    for shelf in page.shelves:
        genres: dict[str, int] = {}
        for thing in shelf.things:
            if thing.kind != "tracks":
                continue
            track = tracks[thing.item]
            labels[track["label"]] = labels.get(track["label"], 0) + 1
            genres[track["genre"]] = genres.get(track["genre"], 0) + 1
            assert thing.item not in hidden
            assert not track["explicit"]
            assert track["stock"] > 0
            assert track["least_age"] is None or person.age >= track["least_age"]
            assert track["regions"] is None or person.region in track["regions"].split(",")
            assert track["released_at"].timestamp() * 1e6 <= at
            if shelf.shelf not in ("again", "back") and not page.report.relaxed:
                assert thing.item not in lately
        if not page.report.relaxed:
            assert max(genres.values(), default=0) <= 5
    if not page.report.relaxed:
        assert max(labels.values(), default=0) <= 4


def test_nothing_later_than_the_moment_changes_a_page(world) -> None:
    at = world.now - 10 * DAY
    person = world.person(7)
    before = home(world.answers, world.surfaces, person, at)
    later = replace(world.answers)
    for i in range(30):
        later.observe(Event(str(i), "listens", {"listener_id": 7, "track_id": i}, at + HOUR))
    assert home(later, world.surfaces, person, at) == before


def test_a_click_changes_the_next_page(world) -> None:
    answers = replace(world.answers)
    person = world.person(5)
    played = next(i for i in range(240) if i not in answers.past("tracks", 5, world.now, 500).items)
    answers.observe(Event("e", "listens", {"listener_id": 5, "track_id": played}, world.now))
    page = home(answers, world.surfaces, person, world.now)
    title = world.catalogue.kinds["tracks"].title(played)
    assert f"Because you listened to {title}" in told(page) or any(t.item == played for t in things(page))


def test_a_search_makes_a_shelf(world) -> None:
    text = world.under(world_text(world, "show: [{shelf: searched, kind: tracks}, {shelf: popular, kind: tracks}]"))
    page = home(text.answers, text.surfaces, text.person(5, searches=("artist 3",)), world.now)
    (shelf,) = [s for s in page.shelves if s.shelf == "searched"]
    assert shelf.title == "Because you searched for “artist 3”"


def world_text(world, show: str) -> str:
    """The project with other shelves."""
    from conftest import PROJECT  # type: ignore[import-not-found]  # beside this file

    return PROJECT.replace("shelves: 6", f"shelves: 6, {show}")
