"""Trends end to end on planted worlds: found, told at their level; hostile names and tables."""

from __future__ import annotations

import datetime as dt
import sqlite3
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from edgewise.clock import DAY, HOUR, to_micros
from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.trends.decide import decide
from edgewise.decisions.trends.entry import TrendsEntry, WatchedEntry
from edgewise.decisions.trends.propose import propose
from edgewise.errors import ProjectError, SchemaError
from edgewise.sources.database import open_database

WEEKS = 22
START = to_micros("2024-01-01")
HOSTILE = 'Ro"bert\'); DROP TABLE "sales"; --'


def chain(
    factor: float = 4.0, *, only_store: int | None = None, items: tuple[int, ...] = range(5), seed: int = 11
) -> dict[str, pa.Table]:  # type: ignore[assignment]  # a range is as good
    """Sales of 40 items in 8 groups and 4 stores; some items of the first group rise in the last two weeks."""
    rng = np.random.default_rng(seed)
    rate = np.full((40, 4, WEEKS * 7), 0.7)
    where = slice(None) if only_store is None else slice(only_store, only_store + 1)
    rate[list(items), where, (WEEKS - 2) * 7 :] *= factor
    item, store, day = np.nonzero(many := rng.poisson(rate))
    item, store, day = (np.repeat(x, many[many > 0]) for x in (item, store, day))
    at = START + day * DAY + rng.integers(8, 20, len(day)) * HOUR
    groups = [HOSTILE, "tea", "milk", "rice", "soup", "nuts", "salt", "oats"]
    who = rng.integers(0, 400, len(day))
    return {
        "customers": pa.table({"customer_id": np.arange(400), "plan": np.array(["a", "b"])[np.arange(400) % 2]}),
        "items": pa.table({"item_id": np.arange(40), "title": [f"thing {i}" for i in range(40)],
                           "group name": np.array(groups)[np.arange(40) // 5]}),
        "stores": pa.table({"store_id": np.arange(4), "city": ["x", "y", "x", "y"]}),
        "sales": pa.table({"customer_id": who, "item_id": item, "store_id": store,
                           "sold_at": pa.array(at).cast(pa.timestamp("us"))}),
    }  # fmt: skip


END = START + WEEKS * 7 * DAY - 1


def entry(**changes: object) -> TrendsEntry:
    watched = WatchedEntry(
        people="customer_id", items="item_id", levels=["items.group name"], where=["store_id", "stores.city"],
        whom=["customers.plan"], within="items.group name",
    )  # fmt: skip
    return TrendsEntry(events={"sales": watched}).model_copy(update=changes)


def found(tables: dict[str, pa.Table], at: int = END, **changes: object) -> Decided:
    with open_database(tables) as db:
        return decide(db, entry(**changes), at)


@cache
def group() -> Decided:
    """The whole first group rises."""
    return found(chain())


def test_a_group_that_rises_is_told_once_and_its_items_and_stores_are_its_shadows() -> None:
    rows = group().tables["trends"].to_pylist()
    assert [(r["direction"], r["level"], r["value"], r["where"]) for r in rows] == [
        ("rises", "items.group name", HOSTILE, "")
    ]
    assert any(text.startswith("item_id = ") for text in rows[0]["also"])
    assert rows[0]["low"] <= 4.0 <= rows[0]["high"]
    assert rows[0]["status"] in ("new", "lasting")


def test_what_parts_of_a_trend_do_by_chance_is_not_told() -> None:
    # who buys in two stores on a day counts in both of them, and in the group once
    assert [found(chain(seed=seed)).tables["trends"].num_rows for seed in range(6)] == [1] * 6


def test_one_item_that_rises_is_told_as_the_item() -> None:
    rows = found(chain(6.0, items=(3,))).tables["trends"].to_pylist()
    assert [(r["kind"], r["value"], r["title"]) for r in rows] == [("item", "3", "thing 3")]


def test_one_store_in_which_a_group_rises_is_told_as_the_store() -> None:
    decided = found(chain(6.0, only_store=2))
    rows = decided.tables["trends"].to_pylist()
    assert [(r["value"], r["where"]) for r in rows] == [(HOSTILE, "store_id = 2")]
    assert decided.tables["keys"].column("store_id").to_pylist() == [2]


def test_drivers_add_up_and_hold_the_truth() -> None:
    drivers = group().tables["drivers"]
    plan = drivers.filter(pc.equal(drivers.column("column"), "customers.plan"))
    assert pc.sum(plan.column("share")).as_py() == pytest.approx(1.0)
    for row in drivers.to_pylist():
        assert row["low"] <= row["share"] <= row["high"]
    stores = drivers.filter(pc.equal(drivers.column("column"), "store_id"))
    assert not any(stores.column("stands_out").to_pylist())


def test_examples_are_rows_of_the_trend_since_it_began() -> None:
    decided = group()
    began = decided.tables["trends"].column("began")[0].as_py()
    times = decided.tables["examples"].column("time").to_pylist()
    assert len(times) == 3
    assert all(time > began for time in times)


def test_weeks_are_what_small_multiples_need() -> None:
    weeks = group().tables["weeks"]
    assert weeks.column("week_until").to_pylist() == sorted(weeks.column("week_until").to_pylist())
    late = weeks.slice(weeks.num_rows - 2)
    assert (late.column("count").to_numpy() > late.column("high").to_numpy()).all()


def test_nothing_planted_nothing_told() -> None:
    decided = found(chain(1.0))
    assert decided.tables["trends"].num_rows == 0
    assert decided.expects[0].value == 0


def test_an_earlier_look_is_what_a_later_one_remembers() -> None:
    earlier = found(chain(), END - 7 * DAY).tables["found"].drop_columns(["ended_at"])
    later = group().tables["found"].drop_columns(["ended_at"])
    past = later.filter(pc.less(later.column("found_at"), pa.scalar(dt.datetime(2024, 5, 27))))
    assert past.equals(earlier)


def test_known_holidays_are_set_apart_unless_asked_for() -> None:
    holidays = {"feast": [dt.date(2024, 6, 3)]}
    apart = found(chain(), holidays=holidays, holiday_weeks=3)
    assert apart.tables["trends"].num_rows == 0
    assert apart.tables["holidays"].column("holiday").to_pylist() == ["feast"]
    listed = found(chain(), holidays=holidays, holiday_weeks=3, list_holidays=True)
    assert listed.tables["trends"].column("value").to_pylist() == [HOSTILE]


def test_the_same_from_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "chain.sqlite"
    with sqlite3.connect(path) as db:
        for name, table in chain().items():
            names = ", ".join(f'"{c}"' for c in table.column_names)
            db.execute(f'CREATE TABLE "{name}" ({names})')
            rows = [
                tuple(str(v) if isinstance(v, dt.datetime) else v for v in r.values()) for r in table.to_pylist()
            ]
            db.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(table.column_names))})', rows)
    db.close()
    with open_database(path) as source:
        decided = decide(source, entry(), END)
    assert decided.tables["found"].equals(group().tables["found"])


def test_searches_are_watched_as_texts_and_words() -> None:
    rng = np.random.default_rng(2)
    texts = ["Red shoes", "blue shoes", "green hat", "warm hat", "rain coat", "long coat", "socks", "gloves"]
    rate = np.full((8, WEEKS * 7), 4.0)
    rate[:2, (WEEKS - 2) * 7 :] *= 3
    many = rng.poisson(rate)
    which, day = (np.repeat(x, many[many > 0]) for x in np.nonzero(many))
    at = START + day * DAY + 9 * HOUR
    tables = {
        "users": pa.table({"user_id": np.arange(300)}),
        "searches": pa.table({"user_id": rng.integers(0, 300, len(day)), "text": np.array(texts)[which],
                              "searched_at": pa.array(at).cast(pa.timestamp("us"))}),
    }  # fmt: skip
    said = TrendsEntry(events={"searches": WatchedEntry(people="user_id", text="text")})
    with open_database(tables) as db:
        rows = decide(db, said, END).tables["trends"].to_pylist()
    assert [(r["kind"], r["value"]) for r in rows] == [("word", "shoes")]


def test_columns_that_are_not_there_are_told_with_their_place() -> None:
    with open_database(chain()) as db:
        wrong = entry().events["sales"].model_copy(update={"where": ["stores.town"]})
        with pytest.raises(ProjectError, match=r"trends\.events\.sales"):
            decide(db, TrendsEntry(events={"sales": wrong}), END)
        with pytest.raises(ProjectError, match="no table 'sale'") as caught:
            decide(db, TrendsEntry(events={"sale": wrong}), END)
        assert "sales" in str(caught.value)


def test_tables_without_events_are_told() -> None:
    with open_database({"moons": pa.table({"moon_id": [1, 2, 3]})}) as db, pytest.raises(SchemaError):
        propose(db.schema)


def test_a_history_too_short_is_said() -> None:
    decided = found(chain(), START + 30 * DAY)
    assert decided.tables["trends"].num_rows == 0
    assert any("too short" in note for note in decided.notes)


def test_before_the_first_row_there_is_nothing() -> None:
    decided = found(chain(), START - DAY)
    assert decided.tables["found"].num_rows == 0
    assert any("too short" in note for note in decided.notes)
