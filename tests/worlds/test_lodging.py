"""The planted marketplace for lodging: deterministic, sound as a database, and its truth comes true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import edgewise
from edgewise.clock import DAY
from edgewise.errors import SourceError
from edgewise.worlds.lodging import SIZES, Lodging, LodgingOptions, lodging
from edgewise.worlds.lodging.options import read_options
from edgewise.worlds.lodging.parts import START

KEYS = {
    "host_id": "hosts",
    "listing_id": "listings",
    "guest_id": "guests",
    "place_id": "places",
    "search_id": "searches",
    "request_id": "requests",
    "booking_id": "bookings",
}
TIMES = {
    "hosts": "joined_at",
    "listings": "listed_at",
    "closures": "announced_at",
    "guests": "joined_at",
    "searches": "searched_at",
    "impressions": "shown_at",
    "requests": "requested_at",
    "answers": "answered_at",
    "bookings": "booked_at",
    "cancellations": "cancelled_at",
    "reviews": "reviewed_at",
}
TINY = LodgingOptions(guests=500, hosts=30, new_hosts=2, places=3, weeks=6)


@pytest.fixture(scope="module")
def world() -> Lodging:
    return lodging(SIZES["small"])


def ints(world: Lodging, table: str, column: str) -> np.ndarray:
    values = world.tables[table].column(column)
    if pa.types.is_date32(values.type):
        return values.cast("int32").to_numpy().astype(np.int64)
    return values.cast("int64").to_numpy()


def test_the_same_options_give_the_same_world() -> None:
    first, again = lodging(TINY), lodging(TINY)
    assert first.tables == again.tables
    assert lodging(replace(TINY, random_seed=1)).tables["requests"] != first.tables["requests"]


def test_every_table_says_that_it_is_simulated(world: Lodging) -> None:
    assert len(world.tables) == 12
    for table in world.tables.values():
        assert table.schema.metadata[b"simulated"] == b"true"
        assert table.num_rows > 0
        assert all(table.column(name).null_count == 0 for name in table.column_names)


def test_keys_links_and_times_hold(world: Lodging) -> None:
    for key, owner in KEYS.items():
        owned = ints(world, owner, key)
        assert len(np.unique(owned)) == len(owned)
        for name, table in world.tables.items():
            if key in table.column_names:
                assert np.isin(ints(world, name, key), owned).all(), (name, key)
    for name, time in TIMES.items():
        at = ints(world, name, time)
        assert (at < world.now).all(), name
    for name in ("searches", "impressions", "requests", "answers", "bookings", "cancellations", "reviews"):
        assert (np.diff(ints(world, name, TIMES[name])) >= 0).all(), name


def test_nothing_happens_before_it_can(world: Lodging) -> None:
    for name, key, owner in (
        ("requests", "listing_id", "listings"),
        ("answers", "request_id", "requests"),
        ("bookings", "request_id", "requests"),
        ("cancellations", "booking_id", "bookings"),
        ("reviews", "booking_id", "bookings"),
        ("impressions", "search_id", "searches"),
        ("impressions", "listing_id", "listings"),
    ):
        born = dict(zip(ints(world, owner, key), ints(world, owner, TIMES[owner]), strict=True))
        since = np.array([born[k] for k in ints(world, name, key)])
        assert (ints(world, name, TIMES[name]) >= since).all(), name
    stay = ints(world, "searches", "check_in") * DAY
    assert (stay > ints(world, "searches", "searched_at")).all()


def test_the_schema_is_inferred_without_a_graph_file(world: Lodging) -> None:
    schema = edgewise.open(world.tables).schema
    assert {t.name: t.time for t in schema} == {"places": None, **TIMES}
    keys = {owner: key for key, owner in KEYS.items()} | {"reviews": "review_id"}
    assert {t.name: t.key for t in schema} == {name: keys.get(name) for name in world.tables}
    links = {(link.table, link.column, link.to) for link in schema.links}
    assert links == {
        (name, key, owner)
        for name, table in world.tables.items()
        for key, owner in KEYS.items()
        if key in table.column_names and owner != name
    }


def test_capacity_and_closed_nights_are_kept(world: Lodging) -> None:
    nights = nights_taken(world)
    units = ints(world, "listings", "units")
    assert (nights <= units[:, None]).all()
    assert 0.15 < nights[:, 60:110].sum() / (units.sum() * 50) < 0.7


def nights_taken(world: Lodging) -> np.ndarray:
    """Units taken by listing and night (days since START), counted from the tables alone."""
    units, span = ints(world, "listings", "units"), int((world.now - START) // DAY) + 300
    taken = np.zeros((len(units), span), dtype=np.int64)
    off = set(ints(world, "cancellations", "booking_id"))
    columns = ("booking_id", "listing_id", "check_in", "nights")
    for booking, listing, first, n in zip(*(ints(world, "bookings", c) for c in columns), strict=True):
        if booking not in off:
            taken[listing - 1, first - START // DAY : first - START // DAY + n] += 1
    booked = taken.copy()
    columns = ("listing_id", "closed_from", "closed_until")
    for listing, first, end in zip(*(ints(world, "closures", c) for c in columns), strict=True):
        taken[listing - 1, first - START // DAY : end - START // DAY] = units[listing - 1]
        assert (booked[listing - 1, first - START // DAY : end - START // DAY] == 0).all()
    return taken


def test_the_truth_of_what_is_free_is_what_the_tables_say(world: Lodging) -> None:
    free = world.truth.free()
    taken = nights_taken(world)
    searches = world.waiting
    units, sleeps = ints(world, "listings", "units"), ints(world, "listings", "sleeps")
    first = searches.column("check_in").cast("int32").to_numpy() - START // DAY
    for row in range(searches.num_rows):
        nights = slice(first[row], first[row] + searches.column("nights")[row].as_py())
        fits = sleeps >= searches.column("people")[row].as_py()
        assert (free[row] == fits & (taken[:, nights] < units[:, None]).all(axis=1)).all()


def test_sizes_are_said_in_the_name() -> None:
    assert read_options("") == LodgingOptions()
    assert read_options(":small?weeks=8").hosts == SIZES["small"].hosts
    with pytest.raises(SourceError, match="the world 'lodging' has no size 'huge'"):
        read_options(":huge")
    with pytest.raises(SourceError, match="no number from 2 to 104"):
        read_options("?weeks=0")
    with pytest.raises(SourceError, match="no option 'rooms'"):
        read_options("?rooms=2")
