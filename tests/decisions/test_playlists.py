"""Lists made for one person, and ready-made ones matched to a taste."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY, HOUR, from_micros, to_micros
from edgewise.decisions.asked import Asked
from edgewise.decisions.home.page import home
from edgewise.decisions.playlists.cluster import clusters
from edgewise.decisions.playlists.collections import matched
from edgewise.decisions.playlists.curated import curated, curated_list
from edgewise.decisions.playlists.week import monday
from edgewise.decisions.recommend.lists import for_person
from edgewise.decisions.surfaces import Surfaces
from edgewise.prediction.nouns import Event


def fresh(world) -> Surfaces:
    """The same surfaces, with nothing kept of any week."""
    return Surfaces.build(world.catalogue.project, world.schema, world.answers, until=world.now)


def test_weeks_begin_on_mondays() -> None:
    for day in range(30):
        at = to_micros("2026-02-20T13:00:00") + day * DAY
        assert from_micros(monday(at)).weekday() == 0
        assert 0 <= at - monday(at) < 7 * DAY


def test_the_same_list_all_week_and_another_on_monday(world) -> None:
    week = monday(world.now)
    answers = replace(world.answers)
    lists = curated(answers, world.surfaces, world.person(5), week + HOUR)
    answers.observe(Event("e", "listens", {"listener_id": 5, "track_id": 7}, week + 2 * HOUR))
    assert curated(answers, world.surfaces, world.person(5), week + 6 * DAY) == lists
    assert curated(answers, fresh(world), world.person(5), week + 6 * DAY) == lists
    following = curated(answers, world.surfaces, world.person(5), week + 7 * DAY)
    assert {one.name for one in following} >= {"new-to-you", "mix-1"}
    assert [t.item for t in following[0].things] != [t.item for t in lists[0].things]
    other_seed = curated(answers, world.surfaces, world.person(5), week + HOUR, random_seed=9)
    assert [t.item for t in other_seed[0].things] != [t.item for t in lists[0].things]


@pytest.mark.parametrize("row", [0, 3, 5, 17, 39])
def test_what_holds_for_every_list(world, row: int) -> None:
    tracks = world.catalogue.kinds["tracks"]
    for one in curated(world.answers, world.surfaces, world.person(row), world.now):
        items = [t.item for t in one.things]
        assert 1 <= len(items) <= 20
        assert len(set(items)) == len(items)
        creators = tracks.creator.codes[items].tolist()
        assert all(a not in creators[i + 1 : i + one.gap] for i, a in enumerate(creators))
        assert one.gap == 4 or len(set(creators)) < 4 or len(items) < 20
        past = set(world.answers.past("tracks", row, monday(world.now), 500).items.tolist())
        if one.name == "new-to-you":
            assert not past & set(items)
        elif one.name == "on-repeat":
            assert set(items) <= past


def test_mixes_are_named_by_what_is_in_them(world) -> None:
    tracks = world.catalogue.kinds["tracks"]
    mixes = [
        m for m in curated(world.answers, world.surfaces, world.person(5), world.now) if m.name.startswith("mix")
    ]
    assert len(mixes) >= 2
    assert len({m.title for m in mixes}) == len(mixes)
    for mix in mixes:
        codes = tracks.category.codes[[t.item for t in mix.things]]
        main = tracks.category.label(int(np.bincount(codes).argmax()))
        assert main.casefold() in mix.title.casefold()


def test_what_is_hidden_leaves_a_list_at_once_and_keeps_it_in_order(world) -> None:
    person = world.person(5)
    before = curated_list(world.answers, world.surfaces, person, world.now, "new-to-you")
    gone = before.things[4].item
    after = curated_list(
        world.answers, world.surfaces, person.saying("hide", "tracks", gone), world.now, "new-to-you"
    )
    assert {t.item for t in after.things} == {t.item for t in before.things} - {gone}
    creators = world.catalogue.kinds["tracks"].creator.codes[[t.item for t in after.things]].tolist()
    assert all(a not in creators[i + 1 : i + after.gap] for i, a in enumerate(creators))
    assert curated_list(world.answers, world.surfaces, person, world.now, "mix-99") is None


def test_clusters_find_planted_groups() -> None:
    rng = np.random.default_rng(0)
    middle = np.array([[4.0, 0.0], [-4.0, 0.0], [0.0, 5.0]])
    truth = rng.integers(0, 3, 90)
    points = (middle[truth] + rng.normal(0, 0.5, (90, 2))).astype(np.float32)
    found = clusters(points, np.ones(90, dtype=np.float32), 5, 7)
    assert len(found) == 3
    assert all(len(set(truth[group].tolist())) == 1 for group in found)
    assert len(clusters(rng.normal(size=(5, 2)).astype(np.float32), np.ones(5, dtype=np.float32), 5, 7)) == 1


def test_collections_are_matched_by_their_content(world) -> None:
    tracks, collections = world.catalogue.kinds["tracks"], world.catalogue.collections["playlists"]
    better = 0
    for row in range(1, 40):
        asked = Asked(world.answers, world.surfaces, world.person(row), world.now)
        best = matched(asked, "playlists", 3)
        liked = asked.taste("tracks").category
        share = [liked[tracks.category.codes[collections.items.of(int(c))]].mean() for c in best.items]
        everywhere = [
            liked[tracks.category.codes[collections.items.of(c)]].mean() for c in range(len(collections.items))
        ]
        better += np.mean(share) > np.mean(everywhere)
    assert better >= 37


def test_a_collection_made_a_minute_ago_is_recommended_from_what_is_in_it(world) -> None:
    asked = Asked(world.answers, world.surfaces, world.person(5), world.now)
    liked = asked.for_user("tracks").items[:12]
    row, tables = len(world.catalogue.kinds["playlists"]), dict(world.answers.tables)
    made = {"playlist_id": [row], "title": ["Just made"]}
    inside = {"playlist_id": np.full(12, row), "track_id": liked}
    for name, rows in (("playlists", made), ("playlist_tracks", inside)):
        tables[name] = pa.concat_tables([tables[name], pa.table(rows, schema=tables[name].schema)])
    columns = SimpleNamespace(column=lambda table, name: tables[table].column(name).combine_chunks())
    surfaces = world.surfaces.renewed(columns, {"playlists", "playlist_tracks"})
    top = for_person(world.answers, surfaces, world.person(5), "playlists", world.now, 3)
    assert top.things[0].title == "Just made"
    assert top.things[0].reason.startswith("It has ")
    page = home(world.answers, surfaces, world.person(5), world.now)
    assert any(t.title == "Just made" for shelf in page.shelves for t in shelf.things)
    assert surfaces.texts["tracks"] is world.surfaces.texts["tracks"]
    assert surfaces.crossings is world.surfaces.crossings
