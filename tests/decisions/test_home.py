"""The homepage: what holds for every page, and what pages are like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY, HOUR
from edgewise.decisions.asked import Asked
from edgewise.decisions.home.nouns import Page
from edgewise.decisions.home.page import home
from edgewise.prediction.nouns import Event, Past

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
    row=st.integers(-1, 39),
    days=st.integers(0, 60),
    seed=st.integers(0, 5),
    explore=st.sampled_from([0.0, 0.3]),
    hidden=st.sets(st.integers(0, 239), max_size=20),
    searches=st.sampled_from([(), ("techno",), ("artist 3 song",)]),
    session=st.lists(st.integers(0, 239), max_size=3),
)
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
    shown = world.showing("{shelf: searched, kind: tracks}", "{shelf: popular, kind: tracks}")
    page = home(shown.answers, shown.surfaces, shown.person(5, searches=("song 17",)), shown.now)
    (shelf,) = [s for s in page.shelves if s.shelf == "searched"]
    assert shelf.title == "Because you searched for “song 17”"
    assert shelf.things[0].title == "Song 17"


def test_feedback_works_at_once(world) -> None:
    person = world.person(9)
    page = home(world.answers, world.surfaces, person, world.now)
    tracks = world.catalogue.kinds["tracks"]
    thing = next(t for t in things(page) if t.kind == "tracks")
    creator = tracks.creator.codes[thing.item]

    def of_creator(p: Page) -> int:
        return sum(t.kind == "tracks" and tracks.creator.codes[t.item] == creator for t in things(p))

    hidden = home(world.answers, world.surfaces, person.saying("hide", "tracks", thing.item), world.now)
    less = home(world.answers, world.surfaces, person.saying("less", "tracks", thing.item), world.now)
    more = home(world.answers, world.surfaces, person.saying("more", "tracks", thing.item), world.now)
    assert (thing.kind, thing.item) not in {(t.kind, t.item) for t in things(hidden)}
    assert of_creator(less) < of_creator(page)
    assert f"Because you want more like {thing.title}" in told(more)
    back = person.saying("hide", "tracks", thing.item).saying("clear", "tracks", thing.item)
    assert home(world.answers, world.surfaces, back, world.now) == page


def test_a_rule_that_empties_a_shelf_is_reported(world) -> None:
    ruled = world.with_(
        "rules:\n  - {name: no techno, kind: tracks, rule: filter, where: tracks.genre != 'techno'}\n"
    )
    tracks = world.catalogue.kinds["tracks"]
    for row in range(1, 40):
        page = home(world.answers, ruled.surfaces, world.person(row), world.now)
        assert all(
            tracks.category.label(tracks.category.codes[t.item]) != "techno"
            for t in things(page)
            if t.kind == "tracks"
        )
        emptied = [e for e in page.report.emptied if e.shelf == "More techno"]
        if emptied:
            break
    assert emptied[0].rule == "no techno"
    assert emptied[0].removed["no techno"] > 0
    assert str(emptied[0]).startswith("0 tracks are left for the shelf 'More techno': rules removed 'no techno'")


def test_rules_on_repetition_give_way_before_the_page_is_empty(world) -> None:
    rules = "rules:\n" + "".join(
        f"  - {{name: never again {kind}, kind: {kind}, rule: exclude, what: shown, days: 9999}}\n"
        for kind in ("tracks", "artists", "podcasts")
    )
    ruled = world.with_(
        rules, *(f"{{shelf: popular, kind: {kind}}}" for kind in ("tracks", "artists", "podcasts"))
    )
    every = {
        k: Past(np.arange(n), np.full(n, world.now - DAY))
        for k, n in (("tracks", 240), ("artists", 30), ("podcasts", 30))
    }
    page = home(ruled.answers, ruled.surfaces, ruled.person(0, shown=every), ruled.now)
    assert page.report.relaxed
    assert {t.kind for t in things(page)} == {"tracks", "artists", "podcasts"}
    lone = world.showing("{shelf: for_you, kind: tracks}")  # which somebody unknown has none of
    page = home(lone.answers, lone.surfaces, lone.person(0), lone.now)
    assert page.report.relaxed
    assert things(page)


def test_only_rules_that_never_give_way_can_empty_a_page(world) -> None:
    rules = "rules:\n" + "".join(
        f"  - {{name: nothing {kind}, kind: {kind}, rule: filter, where: {kind}.{column} = 'none'}}\n"
        for kind, column in (("tracks", "genre"), ("artists", "country"), ("podcasts", "topic"))
    )
    ruled = world.with_(rules)
    page = home(ruled.answers, ruled.surfaces, ruled.person(5), ruled.now)
    shown = {t.kind for t in things(page)}
    assert shown <= {"playlists", "mixes"}
    assert page.report.removed["nothing tracks"] > 0


def test_a_pinned_thing_comes_first_and_says_which_rule_put_it_there(world) -> None:
    pin = "rules:\n  - {name: editors, kind: tracks, rule: pin, where: tracks.track_id = 200, shelf: popular}\n"
    ruled = world.with_(pin)
    for row in (0, 5):
        page = home(ruled.answers, ruled.surfaces, ruled.person(row), ruled.now)
        for shelf in page.shelves:
            if (shelf.shelf, shelf.kind) == ("popular", "tracks"):
                assert (shelf.things[0].item, shelf.things[0].pinned) == (200, "editors")
                return
    pytest.fail("no popular shelf")


def test_calibration_brings_the_page_nearer_to_the_persons_own_mix(world) -> None:
    def divergence(level: float) -> float:
        total = 0.0
        shown = world.showing("{shelf: for_you, kind: tracks}", "{shelf: again, kind: tracks}")
        project = shown.catalogue.project
        entry = project.surfaces.home.model_copy(update={"calibration": level, "diversity": 0.0})
        project = project.model_copy(update={"surfaces": project.surfaces.model_copy(update={"home": entry})})
        surfaces = replace(shown.surfaces, catalogue=replace(shown.catalogue, project=project))
        tracks = shown.catalogue.kinds["tracks"]
        for row in range(1, 40):
            asked = Asked(shown.answers, surfaces, shown.person(row), shown.now)
            page = home(shown.answers, surfaces, shown.person(row), shown.now)
            codes = tracks.category.codes[[t.item for t in things(page)]]
            share = np.bincount(codes, minlength=len(tracks.category.labels)) / len(codes)
            own = asked.mix("tracks")
            total += float((own * np.log(own / (0.99 * share + 0.01 * own) + 1e-12)).sum())
        return total

    assert divergence(0.6) < divergence(0.0)


def test_chance_is_seeded_logged_and_rare(world) -> None:
    shown = world.showing("{shelf: popular, kind: tracks}")
    project = shown.catalogue.project
    entry = project.surfaces.home.model_copy(update={"explore": 0.2})
    project = project.model_copy(update={"surfaces": project.surfaces.model_copy(update={"home": entry})})
    surfaces = replace(shown.surfaces, catalogue=replace(shown.catalogue, project=project))
    plain = things(home(shown.answers, shown.surfaces, shown.person(5), shown.now))
    changed = kept = 0
    for seed in range(200):
        for before, after in zip(
            plain, things(home(shown.answers, surfaces, shown.person(5), shown.now, random_seed=seed)), strict=True
        ):
            if before.item == after.item:
                kept += 1
                assert after.propensity == pytest.approx(0.8)
            else:
                changed += 1
                assert after.propensity < 0.2 / 20
    assert changed / (changed + kept) == pytest.approx(0.2, abs=0.03)


def test_places_that_nothing_else_could_take_say_so(world) -> None:
    """Where all candidates are on the page, chance has no part: the chance of what is shown is 1."""
    shown = world.with_(
        "rules:\n  - {name: few, kind: artists, rule: filter, where: artists.artist_id < 8}\n",
        "{shelf: popular, kind: artists}",
    )
    for seed in range(20):
        page = home(shown.answers, shown.surfaces, shown.person(5), shown.now, random_seed=seed, explore=0.5)
        assert len(things(page)) == 8
        assert {thing.propensity for thing in things(page)} == {1.0}
    many = home(world.answers, world.surfaces, world.person(5), world.now, explore=0.5)
    assert min(thing.propensity for thing in things(many)) < 0.5


def test_chance_of_64_bits_is_taken(world) -> None:
    """Draws above 2**63 and below come in any order."""
    for name in range(12):
        person = replace(world.person(5), name=name)
        assert home(world.answers, world.surfaces, person, world.now, explore=0.3).shelves
