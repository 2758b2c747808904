"""Columns to numbers: fitted on what is visible, and each column's outputs are its own."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY
from edgewise.encoding.columns import ColumnEncoder, fit_column
from edgewise.encoding.tables import TableEncoder
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.store import GraphStore
from edgewise.schema.model import Column, Schema, Table
from edgewise.stypes import SType

STYPES = {
    "id": SType.ID,
    "at": SType.TIMESTAMP,
    "price": SType.NUMERICAL,
    "kind": SType.CATEGORICAL,
    "tags": SType.MULTICATEGORICAL,
    "name": SType.TEXT,
    "open": SType.BOOLEAN,
    "since": SType.TIMESTAMP,
}
SCHEMA = Schema(
    {"things": Table("things", tuple(Column(n, "", s) for n, s in STYPES.items()), 4, key="id", time="at")}, ()
)
ROWS: dict[str, list] = {
    "id": [1, 2, 3, 4],
    "at": [0, DAY, 2 * DAY, 9 * DAY],
    "price": [1.0, 2.0, None, 1e9],
    "kind": ["a", "b", "a", "z"],
    "tags": ["p,q", "q", None, "r"],
    "name": ["red wine", "white wine", None, "bread"],
    "open": [True, False, None, True],
    "since": [0, None, 5 * DAY, DAY],
}
OTHER = {"price": 7.5, "kind": "b", "tags": "p", "name": "beer", "open": False, "since": 3 * DAY}


def graph_of(rows: dict[str, list]) -> GraphStore:
    columns = {}
    for name, values in rows.items():
        if name == "since":
            columns[name] = pa.array(values, pa.timestamp("us"))
        else:
            columns[name] = pa.array(values, pa.int64()) if name == "at" else pa.array(values)
    return graph_from_arrays({"things": pa.table(columns)}, SCHEMA)


def test_changing_one_column_moves_its_outputs_alone() -> None:
    encoder = TableEncoder.fit(graph_of(ROWS), "things", 3 * DAY)
    before = encoder.encode(graph_of(ROWS))
    names = encoder.names()
    for column, value in OTHER.items():
        rows = ROWS | {column: [value, *ROWS[column][1:]]}
        after = encoder.encode(graph_of(rows))
        moved = np.concatenate([before.dense != after.dense, before.codes != after.codes], axis=1)
        touched = {names[j] for j in np.flatnonzero(moved.any(axis=0))}
        assert touched == {column}
        assert not moved[1:].any()


def test_rows_after_the_cut_teach_nothing() -> None:
    encoder = TableEncoder.fit(graph_of(ROWS), "things", 3 * DAY)
    later = {name: [*values[:3], values[0]] for name, values in ROWS.items() if name not in ("id", "at")}
    assert encoder == TableEncoder.fit(graph_of(ROWS | later), "things", 3 * DAY)
    assert encoder.columns["kind"].values == ("a", "b")
    codes = encoder.encode(graph_of(ROWS)).codes[:, 0]
    assert codes.tolist() == [1, 2, 1, 0]


def test_hidden_columns_keys_and_the_rows_own_time_are_left_out() -> None:
    encoder = TableEncoder.fit(graph_of(ROWS), "things", 3 * DAY, {("things", "price")})
    assert set(encoder.columns) == set(STYPES) - {"id", "at", "price"}


def test_everything_is_finite_and_survives_json() -> None:
    graph = graph_of(ROWS)
    encoder = TableEncoder.fit(graph, "things", 3 * DAY)
    encoded = encoder.encode(graph)
    assert np.isfinite(encoded.dense).all()
    assert (encoded.codes < np.array(encoded.sizes)).all()
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json()))).encode(graph)
    np.testing.assert_array_equal(encoded.dense, again.dense)
    np.testing.assert_array_equal(encoded.codes, again.codes)


@pytest.mark.parametrize("stype", [s for s in SType if s not in (SType.EMBEDDING, SType.TIMESTAMP)])
def test_empty_and_null_columns_encode(stype: SType) -> None:
    encoder = fit_column(pa.array([], pa.string()), stype)
    assert encoder.dense(pa.array([None, "x"], pa.string())).shape == (2, encoder.width)
    assert ColumnEncoder.from_json(encoder.to_json()) == encoder


def test_embeddings_are_taken_as_they_are() -> None:
    column = pa.array([[1.0, 2.0], None, [3.0, 4.0]])
    encoder = fit_column(column, SType.EMBEDDING)
    assert encoder.dense(column).tolist() == [[1, 2], [0, 0], [3, 4]]


def test_texts_alike_are_near() -> None:
    column = pa.array(["red wine", "red wines", "cat litter"])
    a, b, c = fit_column(column, SType.TEXT).dense(column)
    assert a @ b > a @ c + 0.2
