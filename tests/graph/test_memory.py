import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import ALWAYS, DAY, NEVER
from edgewise.errors import RunError, SchemaError
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.relation import Hop
from edgewise.graph.store import GraphStore
from edgewise.schema.model import Clock, Column, Link, Schema, Table
from edgewise.stypes import SType


def column(name: str, dtype: str, stype: SType) -> Column:
    return Column(name, dtype, stype)


SHOP = Schema(
    {
        "orders": Table(
            "orders",
            (
                column("user", "string", SType.ID),
                column("item", "int64", SType.ID),
                column("at", "timestamp[us]", SType.TIMESTAMP),
                column("price", "double", SType.NUMERICAL),
                column("note", "string", SType.TEXT),
            ),
            rows=6,
            time="at",
        ),
        "items": Table(
            "items",
            (column("id", "int64", SType.ID), column("brand", "string", SType.CATEGORICAL)),
            rows=4,
            key="id",
        ),
        "offers": Table(
            "offers",
            (column("item", "double", SType.ID), column("week", "int64", SType.NUMERICAL)),
            rows=3,
            clock=Clock("week", 1, (0, 7 * DAY), "orders"),
        ),
        "users": Table(
            "users", (column("user", "string", SType.ID),), 3, key="user", implied_by=(("orders", "user"),)
        ),
    },
    (Link("orders", "user", "users"), Link("orders", "item", "items"), Link("offers", "item", "items")),
)

TABLES = {
    "orders": pa.table(
        {
            "user": ["b", "a", "b", None, "c", "a"],
            "item": [7, 5, 7, 5, 99, 6],
            "at": pa.array([30, 10, 20, 40, None, 10], pa.int64()),
            "price": [3.0, 1.0, 2.0, 4.0, None, 1.5],
            "note": ["x", None, "x", "y", "y", "z"],
        }
    ),
    "items": pa.table({"id": [5, 6, 5, 7], "brand": ["p", "q", "r", None]}),
    "offers": pa.table({"item": pa.array([7.0, None, 5.0]), "week": [2, 1, 9]}),
}


@pytest.fixture
def shop() -> GraphStore:
    return graph_from_arrays(TABLES, SHOP)


def test_rows_follow_time_and_missing_times_come_last(shop: GraphStore) -> None:
    assert shop.times("orders").tolist() == [10, 10, 20, 30, 40, NEVER]
    assert shop.column("orders", "price").to_pylist() == [1.0, 1.5, 2.0, 3.0, 4.0, None]
    assert shop.column("orders", "note").to_pylist() == [None, "z", "x", "x", "y", "y"]
    assert pa.types.is_dictionary(shop.column("orders", "note").type)


def test_a_clock_gives_the_beginning_of_its_period(shop: GraphStore) -> None:
    assert shop.times("offers").tolist() == [0, 7 * DAY, NEVER]
    assert shop.column("offers", "week").to_pylist() == [1, 2, None]  # read off the times


def test_columns_that_are_not_stored_are_put_together(shop: GraphStore) -> None:
    assert shop.column("orders", "user").to_pylist() == ["a", "a", "b", "b", None, "c"]
    assert shop.column("orders", "item").to_pylist() == [5, 6, 7, 7, 5, 99]
    assert shop.column("orders", "at").cast(pa.int64()).to_pylist() == [10, 10, 20, 30, 40, None]
    assert shop.column("users", "user").to_pylist() == ["a", "b", "c"]


def test_the_first_row_owns_a_repeated_key(shop: GraphStore) -> None:
    assert shop.vocabulary("items").rows([5, 6, 7, 8]).tolist() == [0, 1, 3, -1]
    assert shop.manifest.tables["items"].repeated_keys == 1
    relation = shop.relation(Hop("items", "orders", "item", "orders", True))
    assert np.diff(relation.indptr).tolist() == [2, 1, 0, 2]


def test_links_go_both_ways_in_time_order(shop: GraphStore) -> None:
    forward = shop.relation(Hop("orders", "orders", "user", "users", False))
    assert forward.indptr.tolist() == [0, 1, 2, 3, 4, 4, 5]
    assert forward.dst.tolist() == [0, 0, 1, 1, 2]
    assert forward.at.tolist() == [ALWAYS] * 5
    reverse = shop.relation(Hop("users", "orders", "user", "orders", True))
    assert reverse.dst.tolist() == [0, 1, 2, 3, 5]
    assert reverse.at.tolist() == [10, 10, 20, 30, NEVER]
    entry = shop.manifest.links["orders.item"]
    assert (entry.links, entry.null, entry.dangling) == (5, 0, 1)


def test_hops_are_listed_forward_first(shop: GraphStore) -> None:
    assert [str(hop) for hop in shop.hops("orders")] == ["orders -user-> users", "orders -item-> items"]
    assert [str(hop) for hop in shop.hops("items")] == [
        "items <-orders.item- orders",
        "items <-offers.item- offers",
    ]


def test_static_rows_exist_from_their_first_timed_row(shop: GraphStore) -> None:
    assert shop.first_seen("users").tolist() == [10, 20, NEVER]
    assert shop.first_seen("items").tolist() == [10, 10, NEVER, 20]


def test_a_damaged_folder_is_refused(tmp_path) -> None:
    graph_from_arrays(TABLES, SHOP, tmp_path / "g")
    (tmp_path / "g" / "l000" / "dst.npy").unlink()
    with pytest.raises(RunError, match=r"damaged: 'l000/dst\.npy' is missing"):
        GraphStore.open(tmp_path / "g")
    with pytest.raises(RunError, match="there is no graph"):
        GraphStore.open(tmp_path)


def test_unknown_names_are_answered(shop: GraphStore) -> None:
    with pytest.raises(SchemaError, match="no table 'order'"):
        shop.rows("order")
    with pytest.raises(SchemaError, match="'orders' has no key"):
        shop.vocabulary("orders")
    with pytest.raises(SchemaError, match=r"'orders.price' is no foreign key"):
        shop.forward("orders", "price")
