"""The marketplace for lodging goes on: the same luck for all, and chances that come true."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY
from edgewise.errors import ArgumentError
from edgewise.worlds.lodging import Lodging, LodgingOptions, examined, lodging, referee
from edgewise.worlds.lodging.parts import START

WORLD = lodging(LodgingOptions(guests=1500, hosts=50, new_hosts=3, places=4, weeks=8))


def pairs(table: pa.Table, *columns: str) -> set[tuple[int, ...]]:
    return set(zip(*(table.column(c).cast("int64").to_numpy() for c in columns), strict=True))


def lists(world: Lodging, listing: np.ndarray, position: int = 1) -> pa.Table:
    """One listing for each search that waits."""
    search = world.waiting.column("search_id")
    return pa.table({"search_id": search, "listing_id": listing, "position": [position] * len(search)})


def test_a_step_goes_on_like_one_long_history() -> None:
    options = WORLD.options
    longer = lodging(LodgingOptions(options.guests, options.hosts, options.new_hosts, options.places, weeks=8))
    halves = longer.step(days=3).world.step(days=4).world
    whole = WORLD.step(days=7).world
    assert halves.tables == whole.tables
    assert WORLD.tables == longer.tables


def test_the_same_lists_get_the_same_answers_whatever_others_are_shown() -> None:
    best = WORLD.truth.best(10)
    mine = best.filter(np.isin(best.column("search_id").to_numpy() % 2, [0]))
    one, other = WORLD.step(best), WORLD.step(mine)
    asked = {p for p in pairs(one.new["requests"], "search_id", "listing_id") if p[0] % 2 == 0}
    alone = pairs(other.new["requests"], "search_id", "listing_id")
    assert len(alone & asked) > 0.9 * len(alone)  # but for nights that others took first
    assert WORLD.step(luck_seed=1).new["requests"] != WORLD.step(luck_seed=2).new["requests"]


def test_what_stands_higher_is_asked_for_no_less() -> None:
    free = WORLD.truth.free()
    listing = free.argmax(axis=1) + 1
    first, third = (pairs(WORLD.step(lists(WORLD, listing, p)).new["requests"], "search_id") for p in (1, 3))
    assert third <= first
    assert len(first) > 0


def test_the_chances_come_true() -> None:
    """Requests, answers and looks of many futures, against what the truth says."""
    chances = WORLD.truth.chances()
    score = chances.request * chances.free
    column = score.argmax(axis=1)
    rows = np.arange(len(column))
    shown = lists(WORLD, chances.listing_id[column], 2)
    expected = float((examined(2) * score[rows, column]).sum())
    asked, yes, hoped, variance = 0, 0, 0.0, 0.0
    for future in range(40):
        step = WORLD.step(shown, luck_seed=100 + future)
        got = np.isin(step.new["requests"].column("request_id"), step.new["bookings"].column("request_id"))
        search = step.new["requests"].column("search_id").to_numpy()
        row = np.searchsorted(chances.search_id, search)
        alone = np.bincount(column[row], minlength=chances.free.shape[1])[column[row]] == 1
        p = chances.accept[row, column[row]][alone]
        asked, yes, hoped = asked + len(row), yes + int(got[alone].sum()), hoped + p.sum()
        variance += (p * (1 - p)).sum()
    assert abs(asked / 40 - expected) < 0.12 * expected  # a little less: nights that others took first
    assert abs(yes - hoped) < 4 * np.sqrt(variance)


def test_answers_come_back_with_the_lists() -> None:
    step = WORLD.step(referee.popularity, days=2)
    responses = step.responses
    assert responses is not None
    asked = responses.filter(responses.column("requested"))
    assert asked.num_rows == step.new["requests"].num_rows
    assert asked.column("accepted").null_count == 0
    assert int(np.sum(asked.column("accepted").to_numpy(zero_copy_only=False))) == step.new["bookings"].num_rows
    assert WORLD.step().responses is None


@given(seed=st.integers(0, 10_000), days=st.integers(1, 4), k=st.integers(1, 12))
@settings(max_examples=8, deadline=None)
def test_no_list_books_a_night_twice(seed: int, days: int, k: int) -> None:
    """Random lists, nights that are taken included: units are never exceeded, closed nights stay closed."""
    rng = np.random.default_rng(seed)

    def policy(world: Lodging) -> pa.Table:
        listings, search = world.tables["listings"].num_rows, world.waiting.column("search_id").to_numpy()
        order = rng.random((len(search), listings)).argsort(axis=1)[:, :k] + 1
        return pa.table(
            {
                "search_id": np.repeat(search, k),
                "listing_id": order.ravel(),
                "position": np.tile(np.arange(1, k + 1), len(search)),
            }
        )

    world = WORLD.step(policy, days=days, luck_seed=seed).world
    taken, units = world.state.taken, world.planted.listings.units
    assert (taken <= units[:, None]).all()
    assert (taken >= 0).all()
    for listing, first, end, _ in world.planted.closures:
        assert (taken[listing, first:end] == units[listing]).all()
    first = world.tables["requests"].column("check_in").cast("int32").to_numpy() - START // DAY
    assert (first[-20:] > (WORLD.now - START) // DAY - 100).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"listing_id": None}, "the shown table has no column 'listing_id'"),
        ({"search_id": [10**9]}, "the search 1000000000 does not wait for a list"),
        ({"listing_id": [10**6]}, "there is no listing 1000000 yet"),
        ({"position": [0]}, "position 0 is not on a list"),
    ],
)
def test_lists_that_cannot_be(change: dict[str, list[int] | None], message: str) -> None:
    columns = {"search_id": [WORLD.waiting.column("search_id")[0].as_py()], "listing_id": [1], "position": [1]}
    table = pa.table({name: value for name, value in (columns | change).items() if value is not None})
    with pytest.raises(ArgumentError, match=message):
        WORLD.step(table)
    with pytest.raises(ArgumentError, match="cannot go on for 0 days"):
        WORLD.step(days=0)


def test_a_list_names_a_listing_once() -> None:
    search = WORLD.waiting.column("search_id")[0].as_py()
    with pytest.raises(ArgumentError, match="names the listing 1 twice"):
        WORLD.step(pa.table({"search_id": [search] * 2, "listing_id": [1, 1], "position": [1, 2]}))


def test_what_is_counted() -> None:
    step = WORLD.step(days=7)
    found = referee.figures(WORLD, step)
    assert found["bookings"] == step.new["bookings"].num_rows
    assert 0.7 * found["bookings"] < found["stays"] <= found["bookings"]
    assert 0 < found["first_booking"] <= 28
    assert 0 < found["gini"] < 1
    oracle = referee.figures(WORLD, WORLD.step(referee.ORACLE, days=7))
    assert oracle["stays"] > found["stays"]
