"""What is read and known of a market: roles found without names in the code, sums as of a moment, free days."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise
from edgewise.clock import DAY
from edgewise.decisions.match.asof import Tally
from edgewise.decisions.match.entry import MatchEntry
from edgewise.decisions.match.gather import gather
from edgewise.decisions.match.learn import Learned, learn
from edgewise.decisions.match.lists import match
from edgewise.decisions.match.market import Market
from edgewise.decisions.match.pairs import calendar
from edgewise.decisions.match.policy import POLICIES, lists_table
from edgewise.decisions.match.propose import propose
from edgewise.decisions.match.reading import TablesReader
from edgewise.errors import DecisionError, UserError
from edgewise.schema.model import Schema
from edgewise.worlds.lodging import Lodging, LodgingOptions, lodging

OTHER_WORDS = {
    "searches": "wishes", "search_id": "wish_id", "guests": "clients", "guest_id": "client_id",
    "listings": "studios", "listing_id": "studio_id", "hosts": "landlords", "host_id": "landlord_id",
    "nights": "days", "people": "party", "check_in": "starts_on", "units": "slots", "sleeps": "accommodates",
    "impressions": "views", "requests": "applications", "request_id": "application_id",
    "answers": "decisions", "accepted": "approved", "bookings": "leases", "booking_id": "lease_id",
    "reviews": "opinions", "rating": "stars", "closures": "blocked", "places": "areas", "place_id": "area_id",
    "position": "rank",
}  # fmt: skip


@cache
def world() -> Lodging:
    return lodging(LodgingOptions(guests=1200, hosts=45, new_hosts=3, places=3, weeks=10))


@cache
def schema() -> Schema:
    return edgewise.open(world().tables).schema


@cache
def learned() -> tuple[MatchEntry, Learned, Market]:
    entry = propose(schema())
    return entry, *learn(TablesReader(schema(), world().tables), entry, world().now)


def test_the_roles_are_found_whatever_they_are_called() -> None:
    renamed = {
        OTHER_WORDS.get(name, name): table.rename_columns([OTHER_WORDS.get(c, c) for c in table.column_names])
        for name, table in world().tables.items()
    }
    found = propose(edgewise.open(renamed).schema).model_dump()
    here = propose(schema()).model_dump()
    assert here["asks"]["table"] == "searches"
    assert here["closed"]["begins"] == "closed_from"

    def same(value: object) -> object:
        if isinstance(value, dict):
            return {key: same(inner) for key, inner in value.items()}
        return OTHER_WORDS.get(value, value) if isinstance(value, str) else value

    assert found == same(here)


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        ("answers", "do not say what the other side answered"),
        ("impressions", "do not say what was shown"),
    ],
)
def test_what_is_missing_is_told(left_out: str, message: str) -> None:
    tables = {name: table for name, table in world().tables.items() if name != left_out}
    with pytest.raises(DecisionError, match=message):
        propose(edgewise.open(tables).schema)


@pytest.mark.parametrize(
    ("part", "field", "message"),
    [
        ("asks", "length", "table 'searches' has no column 'nigths'"),
        ("requests", "offer", "table 'requests' has no column 'nigths'"),
    ],
)
def test_a_wrong_column_is_told(part: str, field: str, message: str) -> None:
    values = propose(schema()).model_dump()
    values[part][field] = "nigths"
    with pytest.raises(UserError, match=message):
        learn(TablesReader(schema(), world().tables), MatchEntry.model_validate(values), world().now)


@given(seed=st.integers(0, 10_000), events=st.integers(0, 30))
@settings(max_examples=25, deadline=None)
def test_sums_as_of_a_moment(seed: int, events: int) -> None:
    rng = np.random.default_rng(seed)
    group, at = rng.integers(0, 4, events), rng.integers(0, 12, events)
    values = rng.integers(0, 5, (events, 2)).astype(float)
    asked, when = rng.integers(0, 5, 20), rng.integers(-1, 14, 20)
    tally = Tally(group, at, values)
    for since in (None, 3):
        found = tally(asked, when, since)
        for row in range(20):
            seen = (group == asked[row]) & (at <= when[row])
            if since is not None:
                seen &= at > when[row] - since
            assert found[row] == pytest.approx(values[seen].sum(axis=0))


def test_what_is_free_is_what_the_world_says() -> None:
    _, _, market = learned()
    asks = market.waiting(24)
    assert market.asks.keys.take(pa.array(asks)).to_pylist() == world().waiting.column("search_id").to_pylist()
    truth = world().truth.free()
    found = calendar(market, asks)
    everyone = np.arange(truth.shape[1])
    for row, ask in enumerate(asks):
        fits = market.offers.size >= market.asks.size[ask]
        n = len(everyone)
        begins, length = (np.full(n, getattr(market.asks, name)[ask]) for name in ("begins", "length"))
        assert (truth[row] == (fits & found.open(everyone, begins, length))).all()


def test_lists_hold_what_is_open_and_name_it_once() -> None:
    entry, fitted, market = learned()
    made = lists_table(market, match(market, fitted, entry), "search_id", "listing_id")
    free = world().truth.free()
    row = np.searchsorted(world().waiting.column("search_id").to_numpy(), made.column("search_id").to_numpy())
    assert free[row, made.column("listing_id").to_numpy() - 1].all()
    assert made.column("position").to_numpy().max() <= entry.list_length
    assert world().step(made).new["requests"].num_rows > 0  # the world takes it: no listing twice, none too early


def test_both_sides_chances_follow_the_truth() -> None:
    entry, fitted, market = learned()
    made = match(market, fitted, entry)
    chances = world().truth.chances()
    at = made.pairs.ask, made.pairs.offer
    logit: Callable[[np.ndarray], np.ndarray] = lambda p: np.log(p / (1 - p))  # noqa: E731
    assert np.corrcoef(logit(made.pairs.request), logit(chances.request[at]))[0, 1] > 0.35
    assert np.corrcoef(made.pairs.accept, chances.accept[at])[0, 1] > 0.35
    assert 0.75 < made.pairs.request.mean() / chances.request[at].mean() < 1.6
    assert 0.85 < made.pairs.accept.mean() / chances.accept[at].mean() < 1.15


def test_newcomers_get_more_looks_for_it_and_the_quota_ends_with_the_evidence() -> None:
    entry, fitted, market = learned()
    none = entry.model_copy(update={"newcomers": entry.newcomers.model_copy(update={"regret": 0.0})})
    more, without = match(market, fitted, entry), match(market, fitted, none)
    hope = more.pairs.request * more.pairs.worth * more.pairs.newcomer
    assert more.look @ hope > without.look @ hope
    everyone = np.arange(len(market.offers.since))
    now = np.full(len(everyone), market.at)
    new = np.isin(everyone, more.pairs.offer[more.pairs.newcomer])
    assert (more.past.owner_booked(market.offers.owner, now)[new, 0] < entry.newcomers.bookings).all()
    assert (more.past.looks(everyone, now)[new, 0] < entry.newcomers.looks).all()


def test_a_policy_learns_once_and_goes_on() -> None:
    act = POLICIES["match"](world())
    later = world().step(act, days=2).world
    shown = act(later)
    assert set(shown.column("search_id").to_pylist()) <= set(later.waiting.column("search_id").to_pylist())
    assert shown.equals(act(later))
    assert later.now == world().now + 2 * DAY
    entry, fitted, _ = learned()
    with pytest.raises(DecisionError, match="nothing was looked for"):
        gather(TablesReader(schema(), world().tables), entry, world().now - 10_000 * DAY, fitted.encoders)
