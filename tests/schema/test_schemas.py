"""Small schemas of many trades: which keys, links and times come out, and which false friends stay apart."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest

from edgewise.schema.model import Schema
from edgewise.sources.database import open_database
from edgewise.stypes import SType

N = 240
START = dt.datetime(2024, 1, 1)


def ids(n: int, start: int = 1) -> list[int]:
    return list(range(start, start + n))


def refs(values: list[Any], n: int = N, random_seed: int = 1) -> list[Any]:
    """`n` references into `values`, each value at least once."""
    chooser = random.Random(random_seed)
    found = [*values, *(chooser.choice(values) for _ in range(max(0, n - len(values))))]
    chooser.shuffle(found)
    return found[: max(n, len(values))] if n >= len(values) else [chooser.choice(values) for _ in range(n)]


def some(values: list[Any], n: int = N, random_seed: int = 2) -> list[Any]:
    return [random.Random(random_seed * 1000 + i).choice(values) for i in range(n)]


def times(n: int = N, step_hours: float = 5, start: dt.datetime = START) -> list[dt.datetime]:
    return [start + dt.timedelta(hours=step_hours * i, minutes=i % 50) for i in range(n)]


def amounts(n: int = N, random_seed: int = 3) -> list[float]:
    return [round(random.Random(random_seed + i).uniform(1, 90), 2) for i in range(n)]


def names(prefix: str, n: int) -> list[str]:
    return [f"{prefix} {chr(65 + i % 26)}{chr(97 + i // 26)}" for i in range(n)]


@dataclass(frozen=True)
class Case:
    """A schema and what should come out of it. Links are `table.column -> table`, all of them."""

    tables: Callable[[], Mapping[str, Mapping[str, list[Any]]]]
    keys: dict[str, str | None]
    links: set[str]
    times: dict[str, str | None] = field(default_factory=dict)
    implied: set[str] = field(default_factory=set)
    clocks: dict[str, str] = field(default_factory=dict)
    stypes: dict[str, SType] = field(default_factory=dict)


def shop() -> dict[str, dict[str, list[Any]]]:
    ordered = times(120)
    return {
        "customers": {"id": ids(50), "email": [f"c{i}@example.org" for i in ids(50)], "created_at": times(50),
                      "birth_date": [dt.date(1970, 1, 1) + dt.timedelta(days=90 * i) for i in ids(50)],
                      "number": some(ids(40), 50)},
        "products": {"product_id": ids(30), "name": names("Thing", 30), "position": ids(30),
          "category": some(["a", "b"], 30)},
        "orders": {"order_id": ids(120, 1000), "customer_id": refs(ids(50), 120), "order_date": ordered,
                   "shipped_at": [t + dt.timedelta(days=2) for t in ordered], "created_at": [START] * 120,
                   "status": some(["paid", "sent"], 120)},
        "order_items": {"order_id": refs(ids(120, 1000)), "line_no": [i % 7 for i in range(N)],
          "product": refs(ids(30)),
                        "quantity": some(ids(9)), "unit_price": amounts()},
    }  # fmt: skip


def saas() -> dict[str, dict[str, list[Any]]]:
    users = [f"{i:08x}-0000-4000-8000-{i * 7919:012x}" for i in range(60)]
    orgs = [f"org_{i:x}" for i in range(300, 310)]
    return {
        "organizations": {"id": orgs, "plan": some(["free", "pro"], 10), "created_at": times(10)},
        "users": {"uuid": users, "org_id": refs(orgs, 60),
          "signed_up_at": [t.isoformat() + "Z" for t in times(60)],
                  "invited_by": [None if i < 5 else users[i % 5] for i in range(60)], "is_churned": some([True,
                    False], 60)},
        "events": {"user_id": refs(users), "event_name": some(["click", "view", "login"]),
          "session_id": [f"s{i // 3}" for i in range(N)],
                   "ts": [1_704_067_200_000 + 60_000 * i for i in range(N)], "duration": some(ids(50))},
        "api_calls": {"user_uuid": refs(users), "called_at": times(), "status_code": some([200, 404, 500])},
    }  # fmt: skip


def league() -> dict[str, dict[str, list[Any]]]:
    played = times(N, 24)
    return {
        "teams": {"team_id": ids(20), "name": names("FC", 20), "founded": some(ids(90, 1900), 20)},
        "matches": {"match_id": ids(N), "home_team_id": refs(ids(20)), "away_team_id": refs(ids(20),
          random_seed=4), "match_date": played,
                    "round": [1 + i // 10 for i in range(N)], "home_goals": some(ids(6, 0)),
                      "away_goals": some(ids(6, 0)),
                    "season": [2023 + i // 120 for i in range(N)]},
        "players": {"id": ids(100), "team": refs(ids(20), 100), "number": some(ids(20), 100),
          "position": some(["GK", "FW"], 100)},
        "goals": {"match": refs(ids(N), 200), "player_id": refs(ids(100), 200), "minute": some(ids(90), 200)},
    }  # fmt: skip


def hr() -> dict[str, dict[str, list[Any]]]:
    return {
        "departments": {"dept_no": [f"d{i:03}" for i in ids(9)], "dept_name": names("Dept", 9), "manager_id": [3,
          7, 1, 9, 20, 30, 41, 55, 60]},
        "employees": {"emp_id": ids(80), "manager_id": [None if i < 4 else 1 + i % 4 for i in range(80)],
                      "dept_no": refs([f"d{i:03}" for i in ids(9)], 80),
                        "hire_date": [t.date() for t in times(80, 100)],
                      "termination_date": [None if i % 4 else dt.date(2025, 5, 1) for i in range(80)],
                        "level": some(ids(6), 80)},
        "salaries": {"emp_id": refs(ids(80)), "from_date": [t.date() for t in times()], "to_date": [dt.date(9999,
          1, 1)] * N,
                     "salary": some(ids(500, 40000))},
    }  # fmt: skip


def hotel() -> dict[str, dict[str, list[Any]]]:
    booked = times(N)
    return {
        "hotels": {"hotel_code": [f"H{i}" for i in ids(12)], "city": some(["Rome", "Oslo"], 12),
          "stars": some(ids(5), 12)},
        "guests": {"guest_id": ids(70), "passport_no": [f"P{i * 37}" for i in ids(70)], "country": some(["IT",
          "NO"], 70)},
        "rooms": {"id": ids(60), "hotel_code": refs([f"H{i}" for i in ids(12)], 60), "room_number": some(ids(40),
          60), "beds": some([1, 2], 60)},
        "bookings": {"booking_id": [f"B-{i}" for i in ids(N)], "guest": refs(ids(70)), "room_id": refs(ids(60)),
          "booked_at": booked,
                     "checkin": [(t + dt.timedelta(days=30)).date() for t in booked],
                     "checkout": [(t + dt.timedelta(days=33)).date() for t in booked],
                     "cancelled_at": [t if i % 9 == 0 else None for i, t in enumerate(booked)],
                       "nights": some(ids(9))},
    }  # fmt: skip


def network() -> dict[str, dict[str, list[Any]]]:
    return {
        "users": {"id": ids(90, 500), "handle": [f"@u{i}" for i in ids(90)], "joined": times(90),
          "last_seen": times(90, 9)},
        "follows": {"follower_id": refs(ids(90, 500)), "followee_id": refs(ids(90, 500), random_seed=9),
          "created": times()},
        "posts": {"post_id": ids(150, 9000), "author_id": refs(ids(90, 500), 150),
          "body": [f"some words about thing number {i} and more" for i in range(150)],
                  "posted_at": times(150),
                    "reply_to_post_id": [None if i % 3 else 9000 + i // 2 for i in range(150)]},
        "likes": {"userId": refs(ids(90, 500)), "postId": refs(ids(150, 9000)),
          "timestamp": [1_704_067_200 + 60 * i for i in range(N)]},
        "comments": {"id": ids(N), "parent_id": [None if i < 20 else 1 + i // 2 for i in range(N)],
          "post_id": refs(ids(150, 9000)),
                     "created_by": refs(ids(90, 500)), "created_on": times()},
    }  # fmt: skip


def hospital() -> dict[str, dict[str, list[Any]]]:
    admitted = times(150)
    return {
        "patients": {"subject_id": ids(60, 10000), "gender": some(["F", "M"], 60), "dob": times(60, 9000,
          dt.datetime(1940, 1, 1)),
                     "dod": [None] * 50 + times(10)},
        "admissions": {"hadm_id": ids(150, 20000), "subject_id": refs(ids(60, 10000), 150), "admittime": admitted,
                       "dischtime": [t + dt.timedelta(days=5) for t in admitted]},
        "diagnoses": {"hadm_id": refs(ids(150, 20000)), "seq_num": [1 + i % 9 for i in range(N)],
          "icd_code": some(["I10", "E11", "J45"])},
        "labevents": {"labevent_id": ids(N), "hadm_id": refs(ids(150, 20000)), "itemid": refs(ids(20, 51000)),
          "charttime": times(), "value": amounts()},
        "d_items": {"itemid": ids(20, 51000), "label": names("Lab", 20)},
    }  # fmt: skip


def flights() -> dict[str, dict[str, list[Any]]]:
    codes = [f"{chr(65 + i % 26)}{chr(65 + i // 26)}{chr(88 - i % 20)}" for i in range(40)]
    tails = [f"N{i * 31}" for i in ids(30)]
    return {
        "airports": {"faa": codes, "name": names("Airport", 40), "lat": amounts(40), "lon": amounts(40, 9),
          "tz": some(ids(5), 40)},
        "airlines": {"carrier": ["AA", "UA", "DL", "BA"], "name": names("Air", 4)},
        "planes": {"tailnum": tails, "year": some(ids(20, 1990), 30), "seats": some(ids(200), 30)},
        "flights": {"origin": refs(codes), "dest": refs(codes, random_seed=5), "carrier": refs(["AA", "UA", "DL",
          "BA"]), "tailnum": refs(tails),
                    "flight": some(ids(30)), "time_hour": times(), "distance": some(ids(900)),
                      "year": [2024] * N, "month": [1 + i % 12 for i in range(N)]},
    }  # fmt: skip


def m5() -> dict[str, dict[str, list[Any]]]:
    days = 84
    return {
        "calendar": {"date": [(START + dt.timedelta(days=i)).date() for i in range(days)], "d": ids(days),
                     "wm_yr_wk": [11549 + i // 7 if i < 21 else 11601 + (i - 21) // 7 for i in range(days)],
                     "event_name": some([None, "Easter", "Ramadan"], days)},
        "sales": {"item_id": refs([f"FOODS_{i}" for i in range(30)], 600), "store_id": refs(["CA_1", "TX_1",
          "WI_1"], 600),
                  "d": some(ids(days), 600), "units": some(ids(20, 0), 600)},
        "sell_prices": {"store_id": some(["CA_1", "TX_1", "WI_1"]),
          "item_id": refs([f"FOODS_{i}" for i in range(30)]),
                        "wm_yr_wk": [11549 + i % 3 if i % 2 else 11601 + i % 9 for i in range(N)],
                          "sell_price": amounts()},
    }  # fmt: skip


def sensors() -> dict[str, dict[str, list[Any]]]:
    return {
        "sites": {"site_key": ids(5), "region": some(["n", "s"], 5)},
        "devices": {"device_key": [f"dev-{i}" for i in ids(40)], "site_key": refs(ids(5), 40),
          "firmware_version": some(ids(5), 40),
                    "installed_on": [t.date().isoformat() for t in times(40)]},
        "readings": {"device_key": refs([f"dev-{i}" for i in ids(40)]), "reading_time": times(),
          "temperature": amounts(), "sequence": ids(N),
                     "embedding": [[float(i), 1.0, 2.5] for i in range(N)]},
        "alerts": {"alert_id": ids(60), "device": refs([f"dev-{i}" for i in ids(40)], 60),
          "raised_at": times(60), "count": some(ids(5), 60)},
    }  # fmt: skip


def counters() -> dict[str, dict[str, list[Any]]]:
    """Two tables whose keys both run from 1, and small counts that lie in the range of every key."""
    return {
        "orders": {"id": ids(100), "position": some(ids(20), 100), "order_count": some(ids(20), 100),
          "placed_at": times(100)},
        "items": {"id": ids(100), "orders": some(ids(50), 100), "total_orders": some(ids(50), 100),
          "rank": ids(100),
                  "year": some(ids(60), 100), "level": some(ids(9), 100), "group_size": some(ids(9), 100)},
        "levels": {"id": ids(9), "label": names("Level", 9)},
        "ratings": {"order_id": refs(ids(100)), "item_id": refs(ids(100)), "stars": some(ids(5)),
          "round": some(ids(50)), "episode_number": some(ids(50)), "rated_at": times()},
        "episodes": {"id": ids(60), "title": names("Ep", 60), "number": ids(60)},
    }  # fmt: skip


def taxi() -> dict[str, dict[str, list[Any]]]:
    zones = ids(60)
    return {
        "trips": {"PULocationID": refs(zones), "DOLocationID": refs(zones, random_seed=8),
          "tpep_pickup_datetime": times(), "passenger_count": some(ids(6)),
                  "RatecodeID": some(ids(5))},
        "django_shop_rider": {"id": ids(30), "date_joined": times(30)},
        "django_shop_review": {"id": ids(N), "rider_id": refs(ids(30)), "zone_id": refs(zones),
          "written": times()},
        "django_shop_zone": {"id": zones, "borough": some(["Q", "B"], 60)},
    }  # fmt: skip


def text_keys() -> dict[str, dict[str, list[Any]]]:
    sku = [f"{i:06}" for i in ids(50, 7)]
    return {
        "dim_product": {"sku": sku, "brand": some(["x", "y"], 50), "tags": some(["red|new", "blue|new|sale",
          "red", "sale|red"], 50)},
        "dim_date": {"date_id": [20240101 + 100 * (i // 28) + i % 28 for i in range(140)], "date": [dt.date(2024,
          1 + i // 28, 1 + i % 28) for i in range(140)]},
        "fact_sales": {"sku": refs(sku, 600),
          "date_id": some([20240101 + 100 * (i // 28) + i % 28 for i in range(140)], 600),
                       "cust_id": refs([f"K{i}" for i in ids(40)], 600), "amount": amounts(600)},
        "dim_customer": {"customer_id": [f"K{i}" for i in ids(40)], "age": [str(20 + i) for i in ids(40)],
          "zip": [f"0{i:04}" for i in ids(40)]},
    }  # fmt: skip


CASES: dict[str, Case] = {
    "shop": Case(
        shop, {"customers": "id", "products": "product_id", "orders": "order_id", "order_items": None},
        {"orders.customer_id -> customers", "order_items.order_id -> orders", "order_items.product -> products"},
        {"customers": "created_at", "products": None, "orders": "order_date", "order_items": None},
        stypes={"customers.number": SType.NUMERICAL, "order_items.quantity": SType.NUMERICAL,
          "products.name": SType.TEXT},
    ),
    "saas": Case(
        saas, {"organizations": "id", "users": "uuid", "events": None, "api_calls": None},
        {"users.org_id -> organizations", "users.invited_by -> users", "events.user_id -> users",
          "events.session_id -> sessions", "api_calls.user_uuid -> users"},
        {"organizations": "created_at", "users": "signed_up_at", "events": "ts", "api_calls": "called_at"},
        implied={"sessions"},
        stypes={"users.is_churned": SType.BOOLEAN, "events.event_name": SType.CATEGORICAL,
          "api_calls.status_code": SType.CATEGORICAL},
    ),
    "league": Case(
        league, {"teams": "team_id", "matches": "match_id", "players": "id", "goals": None},
        {"matches.home_team_id -> teams", "matches.away_team_id -> teams", "players.team -> teams",
          "goals.match -> matches",
         "goals.player_id -> players"},
        {"matches": "match_date", "teams": None},
    ),
    "hr": Case(
        hr, {"departments": "dept_no", "employees": "emp_id", "salaries": None},
        {"departments.manager_id -> employees", "employees.manager_id -> employees",
          "employees.dept_no -> departments", "salaries.emp_id -> employees"},
        {"employees": "hire_date", "salaries": "from_date", "departments": None},
    ),
    "hotel": Case(
        hotel, {"hotels": "hotel_code", "guests": "guest_id", "rooms": "id", "bookings": "booking_id"},
        {"rooms.hotel_code -> hotels", "bookings.guest -> guests", "bookings.room_id -> rooms"},
        {"bookings": "booked_at", "hotels": None},
    ),
    "network": Case(
        network, {"users": "id", "follows": None, "posts": "post_id", "comments": "id", "likes": None},
        {"follows.follower_id -> users", "follows.followee_id -> users", "posts.author_id -> users",
          "posts.reply_to_post_id -> posts",
         "likes.userId -> users", "likes.postId -> posts", "comments.parent_id -> comments",
           "comments.post_id -> posts",
         "comments.created_by -> users"},
        {"users": "joined", "follows": "created", "posts": "posted_at", "likes": "timestamp",
          "comments": "created_on"},
        stypes={"posts.body": SType.TEXT},
    ),
    "hospital": Case(
        hospital, {"patients": "subject_id", "admissions": "hadm_id", "labevents": "labevent_id",
          "d_items": "itemid", "diagnoses": None},
        {"admissions.subject_id -> patients", "diagnoses.hadm_id -> admissions",
          "labevents.hadm_id -> admissions", "labevents.itemid -> d_items"},
        {"patients": None, "admissions": "admittime", "labevents": "charttime", "diagnoses": None},
    ),
    "flights": Case(
        flights, {"airports": "faa", "airlines": "carrier", "planes": "tailnum", "flights": None},
        {"flights.origin -> airports", "flights.dest -> airports", "flights.carrier -> airlines",
          "flights.tailnum -> planes"},
        {"flights": "time_hour", "airports": None},
    ),
    "m5": Case(
        m5, {"sales": None, "sell_prices": None},
        {"sales.item_id -> items", "sales.store_id -> stores", "sell_prices.item_id -> items",
          "sell_prices.store_id -> stores"},
        {"calendar": "date", "sales": None}, implied={"items", "stores"}, clocks={"sales": "d",
          "sell_prices": "wm_yr_wk"},
    ),
    "sensors": Case(
        sensors, {"sites": "site_key", "devices": "device_key", "readings": None, "alerts": "alert_id"},
        {"devices.site_key -> sites", "readings.device_key -> devices", "alerts.device -> devices"},
        {"devices": "installed_on", "readings": "reading_time", "alerts": "raised_at"},
        stypes={"readings.embedding": SType.EMBEDDING},
    ),
    "counters": Case(
        counters, {"orders": "id", "items": "id", "levels": "id", "ratings": None, "episodes": "id"},
        {"ratings.order_id -> orders", "ratings.item_id -> items"}, {"ratings": "rated_at", "orders": "placed_at"},
    ),
    "taxi": Case(
        taxi, {"trips": None, "django_shop_rider": "id", "django_shop_zone": "id"},
        {"trips.PULocationID -> locations", "trips.DOLocationID -> locations",
          "django_shop_review.rider_id -> django_shop_rider",
         "django_shop_review.zone_id -> django_shop_zone"},
        {"trips": "tpep_pickup_datetime", "django_shop_rider": "date_joined", "django_shop_review": "written"},
          implied={"locations"},
        stypes={"trips.RatecodeID": SType.CATEGORICAL},
    ),
    "text keys": Case(
        text_keys, {"dim_product": "sku", "dim_customer": "customer_id", "fact_sales": None,
          "dim_date": "date_id"},
        {"fact_sales.sku -> dim_product", "fact_sales.cust_id -> dim_customer", "fact_sales.date_id -> dim_date"},
        {"dim_date": "date", "fact_sales": None}, clocks={"fact_sales": "date_id"},
        stypes={"dim_product.tags": SType.MULTICATEGORICAL, "dim_customer.age": SType.NUMERICAL,
          "dim_customer.zip": SType.CATEGORICAL},
    ),
}  # fmt: skip


def inferred(tables: Mapping[str, Mapping[str, list[Any]]]) -> Schema:
    with open_database({name: pa.table(dict(columns)) for name, columns in tables.items()}) as database:
        return database.schema


def shown(schema: Schema) -> set[str]:
    return {f"{link.name} -> {link.to}" for link in schema.links}


@pytest.mark.parametrize("name", CASES)
def test_a_schema_comes_out_right(name: str) -> None:
    case = CASES[name]
    schema = inferred(case.tables())
    assert shown(schema) == case.links
    assert {t: schema.tables[t].key for t in case.keys} == case.keys
    assert {t: schema.tables[t].time for t in case.times} == case.times
    assert {t.name for t in schema if t.implied_by} == case.implied
    assert {t.name: t.clock.column for t in schema if t.clock is not None} == case.clocks
    stypes = {place: schema.tables[place.split(".")[0]].column(place.split(".")[1]).stype for place in case.stypes}
    assert stypes == case.stypes


def test_people_known_from_one_table_alone_are_entities() -> None:
    """`user_id` names users from fifty on; a line's number or a few states of an order do not."""
    users, lines = refs(ids(60), 600), refs(ids(60), 600)
    schema = inferred({"ratings": {"user_id": users, "order_item_id": lines, "stars": some(ids(5), 600)}})
    assert {t.name for t in schema if t.implied_by} == {"users"}
    few = inferred({"ratings": {"user_id": refs(ids(20), 600), "stars": some(ids(5), 600)}})
    assert not few.links
