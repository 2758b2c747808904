"""Real data comes out right without a graph file, and a written graph file gives the same schema."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgewise.clock import iso
from edgewise.schema.model import Schema
from edgewise.sources.database import Database, open_database
from edgewise.stypes import SType

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.data

LINKS = {
    "rel-f1/db": {
        "races.circuitId -> circuits",
        *(f"{t}.{c} -> {c[:-2]}s" for t in ("results", "qualifying") for c in ("raceId", "driverId",
          "constructorId")),
        *(f"standings.{c} -> {c[:-2]}s" for c in ("raceId", "driverId")),
        *(f"constructor_{t}.{c} -> {c[:-2]}s" for t in ("results", "standings") for c in ("raceId",
          "constructorId")),
    },
    "completejourney": {
        "campaigns.campaign_id -> campaign_descriptions", "campaigns.household_id -> households",
        "coupon_redemptions.campaign_id -> campaign_descriptions", "coupon_redemptions.coupon_upc -> coupon_upcs",
        "coupon_redemptions.household_id -> households", "coupons.campaign_id -> campaign_descriptions",
        "coupons.coupon_upc -> coupon_upcs", "coupons.product_id -> products",
          "demographics.household_id -> households",
        "products.manufacturer_id -> manufacturers", "promotions.product_id -> products",
          "promotions.store_id -> stores",
        "transactions.basket_id -> baskets", "transactions.household_id -> households",
          "transactions.product_id -> products",
        "transactions.store_id -> stores",
    },
    "ta-feng": {"transactions.customer_id -> customers", "transactions.product_id -> products"},
    "ml-100k": {"ratings.item_id -> items", "ratings.user_id -> users"},
    "playlists": {
        "heldout_tracks.playlist_id -> playlists", "heldout_tracks.track_id -> tracks",
          "playlist_tracks.playlist_id -> playlists",
        "playlist_tracks.track_id -> tracks", "tracks.album_id -> albums", "tracks.artist_id -> artists",
    },
    "lastfm": {
        "user_artists.artist_id -> artists", "user_artists.user_id -> users", "user_friends.friend_id -> users",
        "user_friends.user_id -> users",
    },
    "gowalla": {f"{t}.{c}_id -> {c}s" for t in ("train", "test") for c in ("user", "item")},
    "amazon-beauty": {
        "interactions.item_id -> items", "interactions.user_id -> users",
          "item_attributes.attribute_id -> attributes",
        "item_attributes.item_id -> items",
    },
    "hillstrom": set(),
    "open-bandit": {f"{t}_{k}.item_id -> items_{k}" for t in ("bts", "random") for k in ("all", "men", "women")},
}  # fmt: skip
TIMES = {
    "rel-f1/db": {t: "date" for t in ("constructor_results", "constructor_standings", "qualifying", "races",
      "results", "standings")},
    "completejourney": {
        "campaign_descriptions": "start_date", "coupon_redemptions": "redemption_date",
          "transactions": "transaction_timestamp",
    },
    "ta-feng": {"transactions": "transaction_date"},
    "ml-100k": {"ratings": "timestamp"},
    "open-bandit": {f"{t}_{k}": "timestamp" for t in ("bts", "random") for k in ("all", "men", "women")},
}  # fmt: skip
STYPES = {
    "rel-f1/db": {"results.statusId": SType.CATEGORICAL, "results.number": SType.NUMERICAL,
      "drivers.dob": SType.TIMESTAMP},
    "completejourney": {
        "coupons.coupon_upc": SType.ID, "products.product_category": SType.CATEGORICAL,
          "transactions.quantity": SType.NUMERICAL,
        "promotions.display_location": SType.CATEGORICAL, "demographics.income": SType.CATEGORICAL,
    },
    "ta-feng": {"customers.age_group": SType.CATEGORICAL, "products.product_subclass": SType.CATEGORICAL},
    "ml-100k": {"items.class": SType.MULTICATEGORICAL, "users.age": SType.NUMERICAL,
      "users.zip_code": SType.CATEGORICAL,
                "ratings.rating": SType.NUMERICAL, "items.movie_title": SType.TEXT},
    "playlists": {"playlist_tracks.pos": SType.NUMERICAL},
    "lastfm": {"artists.name": SType.TEXT, "user_artists.plays": SType.NUMERICAL},
    "hillstrom": {"hillstrom.segment": SType.CATEGORICAL, "hillstrom.visit": SType.BOOLEAN},
}  # fmt: skip


def opened(name: str, overrides: Any = None) -> Database:
    if name == "completejourney":
        return open_database(name, overrides)
    if not (DATA / name).is_dir():
        pytest.skip(f"the benchmark data {name} is not at {DATA}")
    return open_database(DATA / name, overrides)


def bare(schema: Schema) -> Any:
    """A schema without its reasons."""
    tables = {
        t.name: replace(
            t, key_reason="", time_reason="", columns=tuple(replace(c, reason="") for c in t.columns),
            clock=replace(t.clock, reason="") if t.clock else None,
        )
        for t in schema
    }  # fmt: skip
    return tables, tuple(replace(k, reason="") for k in schema.links)


@pytest.mark.parametrize("name", LINKS)
def test_real_data_comes_out_right(name: str, tmp_path: Path) -> None:
    with opened(name) as database:
        schema = database.schema
        database.write_graph(tmp_path / "graph.yaml")
    assert {f"{k.name} -> {k.to}" for k in schema.links} == LINKS[name]
    assert {t.name: t.time for t in schema if t.time is not None} == TIMES.get(name, {})
    for place, stype in STYPES.get(name, {}).items():
        table, column = place.split(".")
        assert schema.tables[table].column(column).stype is stype
    with opened(name, tmp_path / "graph.yaml") as again:
        assert bare(again.schema) == bare(schema)


def test_the_promotions_of_complete_journey_are_read_by_their_week() -> None:
    with opened("completejourney") as database:
        clock = database.schema.tables["promotions"].clock
    assert clock is not None
    assert (clock.column, clock.first, clock.like) == ("week", 1, "transactions.week")
    assert [iso(s) for s in clock.starts[:2]] == ["2016-12-26 04:00:00", "2017-01-02 04:00:00"]
    assert len(clock.starts) > 53
    assert [t.name for t in database.schema if t.clock is not None] == ["promotions"]
