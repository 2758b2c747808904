"""Recommendations, search, and what leads from one kind of things to another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgewise.clock import DAY
from edgewise.decisions.across.crossing import PRIOR, Uses, fit_crossing
from edgewise.decisions.across.uses import uses_of
from edgewise.decisions.asked import Asked
from edgewise.decisions.catalogue.columns import Reader
from edgewise.decisions.home.page import home
from edgewise.decisions.recommend.index import words_of
from edgewise.decisions.recommend.lists import (
    for_basket,
    for_person,
    for_text,
    like_thing,
    popular_things,
    why,
)
from edgewise.decisions.taste import taste_of
from edgewise.prediction.nouns import Past


def test_lists_are_full_distinct_and_say_why(world) -> None:
    answers, surfaces, now = world.answers, world.surfaces, world.now
    for row in (-1, 0, 5):
        person = world.person(row)
        for picked in (
            for_person(answers, surfaces, person, "tracks", now, 10),
            popular_things(answers, surfaces, person, "tracks", now, 10),
            like_thing(answers, surfaces, person, "tracks", 17, now, 10),
            like_thing(answers, surfaces, person, "tracks", 17, now, 10, "complement"),
            for_basket(answers, surfaces, person, "tracks", np.array([3, 4]), now, 10),
            for_text(answers, surfaces, person, "song", now, 10),
        ):
            assert len({(t.kind, t.item) for t in picked.things}) == 10
            assert all(t.reason and t.title for t in picked.things)


def test_a_session_speaks_for_someone_unknown(world) -> None:
    tracks = world.catalogue.kinds["tracks"]
    seen = int(np.flatnonzero(tracks.category.codes == 2)[0])
    cold = for_person(world.answers, world.surfaces, world.person(-1), "tracks", world.now, 10)
    warm = for_person(
        world.answers,
        world.surfaces,
        world.person(-1, name=4, session=(("tracks", seen),)),
        "tracks",
        world.now,
        10,
    )
    share = [np.mean(tracks.category.codes[[t.item for t in p.things]] == 2) for p in (cold, warm)]
    assert share[1] > share[0]
    assert seen not in [t.item for t in warm.things]


def test_why_is_true_of_the_person(world) -> None:
    past = world.answers.past("tracks", 5, world.now, 10)
    thing = why(world.answers, world.surfaces, world.person(5), "tracks", int(past.items[0]), world.now)
    assert "ou listened to" in thing.reason or "By Artist" in thing.reason
    assert why(world.answers, world.surfaces, world.person(5), "tracks", 3, world.now).title == "Song 3"


SEARCHES = [
    ("song 17", "Song 17"),
    ("SONG   17!", "Song 17"),
    ("söng 17", "Song 17"),
    ("son 17", "Song 17"),
    ("sogn 17", "Song 17"),
]


@pytest.mark.parametrize(("text", "title"), SEARCHES)
def test_search_finds_by_words_beginnings_and_near_spellings(world, text: str, title: str) -> None:
    found = for_text(world.answers, world.surfaces, world.person(5), text, world.now, 5, "tracks")
    assert found.things[0].title == title


def test_search_that_finds_nothing_or_asks_nothing(world) -> None:
    for text in ("", "!!!", "zzzzzzz qqqqqq"):
        assert not for_text(world.answers, world.surfaces, world.person(5), text, world.now, 5).things


def test_the_index_weighs_like_bm25_over_fields(world) -> None:
    index = world.surfaces.texts["tracks"]
    rows, fit = index.search("techno")
    genre = world.answers.tables["tracks"]["genre"].to_pylist()
    assert sorted(rows.tolist()) == [i for i, g in enumerate(genre) if g == "techno"]
    assert (fit > 0).all()
    assert words_of("Ça va, 2Pac?") == ["ca", "va", "2pac"]


def test_taste_decides_between_equal_matches(world) -> None:
    def share(row: int) -> float:
        found = for_text(world.answers, world.surfaces, world.person(row), "song", world.now, 20, "tracks")
        asked = Asked(world.answers, world.surfaces, world.person(row), world.now)
        near = asked.taste("tracks").affinity(
            world.catalogue.kinds["tracks"], np.array([t.item for t in found.things])
        )
        return float(near.mean())

    everyone = np.mean([
        Asked(world.answers, world.surfaces, world.person(r), world.now)
        .taste("tracks").affinity(world.catalogue.kinds["tracks"], np.arange(240)).mean()
        for r in range(1, 20)
    ])  # fmt: skip
    assert np.mean([share(row) for row in range(1, 20)]) > everyone


def slow_crossing(source, a: Uses, target, b: Uses, until: int) -> np.ndarray:
    """The lifts of categories, person by person."""
    together = np.zeros((len(source.category.labels), len(target)))
    mass, taken, people = np.zeros(len(together)), np.zeros(len(target)), 0
    for person in sorted(set(a.person.tolist()) & set(b.person.tolist())):
        mine = [(i, t) for p, i, t in zip(*a, strict=True) if p == person and t <= until]
        theirs = {int(i) for p, i, t in zip(*b, strict=True) if p == person and t <= until}
        if not mine or not theirs:
            continue
        people += 1
        latest = {}
        for item, at in mine:
            latest[item] = max(at, latest.get(item, at))
        order = sorted(latest, key=lambda i: -latest[i])
        past = Past(np.array(order), np.array([latest[i] for i in order]))
        taste = taste_of(source, past, 30.0)
        mass += taste.category
        for item in theirs:
            taken[item] += 1
            together[:, item] += taste.category
    crowd = taken / people
    share = (together + PRIOR * crowd) / (mass[:, None] + PRIOR)
    return np.log(np.maximum(share, 1e-9) / np.maximum(crowd, 1e-9)) * (crowd > 0)


def test_counts_across_kinds_are_those_of_the_slow_twin_and_see_nothing_later(world) -> None:
    reader = Reader(world.schema, world.answers)
    tracks, podcasts = world.catalogue.kinds["tracks"], world.catalogue.kinds["podcasts"]
    a, b = (uses_of(reader, "listeners", kind) for kind in ("tracks", "podcasts"))
    until = world.now - 20 * DAY
    fitted = fit_crossing(tracks, a, podcasts, b, until)
    assert np.allclose(fitted.category, slow_crossing(tracks, a, podcasts, b, until), atol=1e-5)
    rng = np.random.default_rng(0)
    later = b.at > until
    stirred = b.item.copy()
    stirred[later] = rng.permutation(stirred[later])
    again = fit_crossing(tracks, a, podcasts, Uses(b.person, stirred, b.at), until)
    assert again.strength == fitted.strength
    assert (again.category == fitted.category).all()
    assert (again.creator == fitted.creator).all()


def test_people_without_podcasts_get_those_of_their_music(world) -> None:
    """The topic that a listener likes is planted in the genre they like; popularity does not know it."""
    podcasts, tracks = world.catalogue.kinds["podcasts"], world.catalogue.kinds["tracks"]
    reader = Reader(world.schema, world.answers)
    b = uses_of(reader, "listeners", "podcasts")
    hits, crowd = [], []
    for row in range(1, 10):  # none of them ever opened one
        assert row not in b.person
        asked = Asked(world.answers, world.surfaces, world.person(row), world.now)
        top = world.surfaces.crossings["tracks", "podcasts"].across(asked.taste("tracks"), tracks, world.now, 8)
        popular = world.answers.popular("podcasts", world.now, 8).items
        wanted = {first_like(world, row) % 3}
        hits.append(np.mean([_topic(podcasts, i) in wanted for i in top.items]))
        crowd.append(np.mean([_topic(podcasts, i) in wanted for i in popular]))
    assert np.mean(hits) > np.mean(crowd)


def _topic(podcasts, item: int) -> int:
    return ["comedy", "history", "music"].index(podcasts.category.label(podcasts.category.codes[item]))


def first_like(world, row: int) -> int:
    """The genre that was planted first for a listener: the draws of `make_tables`, repeated."""
    rng = np.random.default_rng(0)
    rng.integers(0, 5, 30)
    rng.integers(0, 30, 240)
    return int(np.stack([rng.choice(5, 2, replace=False) for _ in range(40)])[row, 0])


def test_things_that_came_since_the_catalogue_was_read_are_left_out(world) -> None:
    class Ahead:
        """Answers that know of more things than the catalogue."""

        kinds = world.answers.kinds

        def __getattr__(self, name: str):
            return getattr(world.answers, name)

        def for_user(self, kind: str, row: int, at: int, k: int):
            scored = world.answers.for_user(kind, row, at, k)
            items, because = scored.items.copy(), scored.because.copy()
            items[0], because[1:] = 100_000, 100_001
            return replace(scored, items=items, because=because)

        def past(self, kind: str, row: int, at: int, n: int) -> Past:
            past = world.answers.past(kind, row, at, n)
            return Past(np.append(100_000, past.items), np.append(at, past.at))

    person = world.person(5).saying("less", "tracks", 100_000)
    picked = for_person(Ahead(), world.surfaces, person, "tracks", world.now, 10)
    assert len(picked.things) == 10
    assert all(t.item < 240 and t.because is None for t in picked.things)
    assert home(Ahead(), world.surfaces, person, world.now).shelves
    assert like_thing(world.answers, world.surfaces, person, "tracks", 3, world.now, 5).things
    assert why(Ahead(), world.surfaces, person, "tracks", 100_000, world.now).title == ""
