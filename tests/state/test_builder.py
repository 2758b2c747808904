"""The state of seeds on a small graph: what is in it, what never is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import DAY
from edgewise.errors import RunError
from edgewise.graph.memory import graph_from_arrays
from edgewise.graph.store import GraphStore
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Link, Schema, Table
from edgewise.state.builder import StateBuilder
from edgewise.state.calendar import CALENDAR, calendar
from edgewise.state.lags import history_of_labels, lagged
from edgewise.state.scaling import Scaling
from edgewise.stypes import SType
from edgewise.tasks.nouns import History, Labels, Seeds, TaskSpec

ID, NUM, CAT, TIME = SType.ID, SType.NUMERICAL, SType.CATEGORICAL, SType.TIMESTAMP


def table(name: str, columns: dict[str, SType], key: str | None = None, time: str | None = None) -> Table:
    return Table(name, tuple(Column(c, "", s) for c, s in columns.items()), 0, key=key, time=time)


SCHEMA = Schema(
    {
        "users": table("users", {"id": ID, "age": NUM, "city": CAT}, "id"),
        "items": table("items", {"id": ID, "kind": CAT, "price": NUM}, "id"),
        "buys": table("buys", {"user": ID, "item": ID, "at": TIME, "paid": NUM, "secret": NUM}, time="at"),
    },
    (Link("buys", "user", "users"), Link("buys", "item", "items")),
)


def graph_of(paid: list[float], at: list[int]) -> GraphStore:
    n = len(at)
    return graph_from_arrays(
        {
            "users": pa.table({"id": [1, 2], "age": [30.0, None], "city": ["a", "b"]}),
            "items": pa.table({"id": [7, 8], "kind": ["x", "y"], "price": [1.0, 5.0]}),
            "buys": pa.table(
                {
                    "user": [1, 2] * (n // 2),
                    "item": [7, 8, 8, 7] * (n // 4),
                    "at": pa.array([t * DAY for t in at], pa.int64()),
                    "paid": paid,
                    "secret": paid,
                }
            ),
        },
        SCHEMA,
    )


PAID = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
AT = [1, 2, 3, 4, 10, 11, 30, 31]


def spec_of(hidden: frozenset[tuple[str, str]] = frozenset()) -> TaskSpec:
    at = np.array([1, 3, 10, 30, 2, 4, 11, 31]) * DAY
    history = History(np.array([0, 4, 8]), at, np.array([1.0, 3, 5, 7, 2, 4, 6, 8]))
    return TaskSpec(TaskKind.REGRESSION, "users", 7 * DAY, history=history, hidden=hidden)


SEEDS = Seeds("users", np.array([0, 1, -1]), np.array([12, 12, 12]) * DAY)


def test_values_are_those_at_the_anchor() -> None:
    graph, spec = graph_of(PAID, AT), spec_of()
    state = StateBuilder.fit(graph, spec, 40 * DAY).build(graph, spec, SEEDS)
    assert state.column("buys.user: count").tolist() == [3, 3, 0]
    assert state.column("buys.user: last of paid").tolist()[:2] == [5, 6]
    assert state.column("history: lag 1 sum").tolist() == [5, 6, 0]
    assert state.column("own age")[0] == 30
    assert state.column("own city=a").tolist() == [1, 0, 0]
    assert state.column("item -> items: buys.item: count").tolist()[:2] == [3, 3]
    assert len(state.names) == len(state.groups) == state.values.shape[1] == len(set(state.names))


def test_rows_after_the_anchor_change_nothing() -> None:
    spec = spec_of()
    one, other = graph_of(PAID, AT), graph_of([*PAID[:6], 99.0, -5.0], [*AT[:6], 13, 39])
    builder = StateBuilder.fit(one, spec, 12 * DAY)
    again = StateBuilder.fit(other, spec, 12 * DAY)
    assert builder.fingerprint() == again.fingerprint()
    found = builder.build(one, spec, SEEDS).values
    np.testing.assert_array_equal(found, again.build(other, spec, SEEDS).values)


def test_hidden_columns_are_never_read() -> None:
    graph = graph_of(PAID, AT)
    spec = spec_of(frozenset({("buys", "secret"), ("users", "age")}))
    names = StateBuilder.fit(graph, spec, 40 * DAY).build(graph, spec, SEEDS).names
    assert not [n for n in names if "secret" in n or "age" in n.split()]


def test_saved_and_loaded_it_builds_the_same(tmp_path: Path) -> None:
    graph, spec = graph_of(PAID, AT), spec_of()
    builder = StateBuilder.fit(graph, spec, 12 * DAY)
    builder.save(tmp_path)
    loaded = StateBuilder.load(tmp_path)
    np.testing.assert_array_equal(
        builder.build(graph, spec, SEEDS).values, loaded.build(graph, spec, SEEDS).values
    )
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(RunError):
        StateBuilder.load(tmp_path)


def test_features_are_capped() -> None:
    graph, spec = graph_of(PAID, AT), spec_of()
    wide = StateBuilder.fit(graph, spec, 40 * DAY).build(graph, spec, SEEDS)
    narrow = StateBuilder.fit(graph, spec, 40 * DAY, limit=150).build(graph, spec, SEEDS)
    assert narrow.values.shape[1] < wide.values.shape[1]


def test_long_silence_is_read_as_of_the_last_row() -> None:
    graph, spec = graph_of(PAID, AT), spec_of()
    builder = StateBuilder.fit(graph, spec, 31 * DAY)
    late = Seeds("users", np.array([0]), np.array([400 * DAY]))
    state = builder.build(graph, spec, late)
    assert state.column("silence")[0] == 0
    assert builder.seen(graph, spec, late).at.tolist() == [31 * DAY]
    assert state.column("buys.user: count 7d")[0] == 1


def test_past_labels_are_known_when_their_window_has_ended() -> None:
    labels = Labels(Seeds("users", np.array([0, 0, 1]), np.array([0, 7, 0]) * DAY), np.array([1.0, 2.0, 3.0]))
    history = history_of_labels(labels, 2, 7 * DAY)
    found = lagged(history, np.array([0, 0, 1]), np.array([6, 14, 7]) * DAY, 7 * DAY, 2)
    assert found.sum.tolist() == [[0, 0], [2, 1], [3, 0]]
    assert found.count.tolist() == [[0, 0], [1, 1], [1, 0]]


def test_the_calendar_is_the_calendar() -> None:
    monday = int(np.datetime64("2017-12-18T06:00").astype("datetime64[us]").astype(np.int64))
    found = dict(zip(CALENDAR, calendar(np.array([monday]), 20 * DAY)[0], strict=True))
    assert found == {
        "hour": 6, "day of week": 0, "day of month": 18, "month": 12, "day of year": 352, "window's month": 1,
    }  # fmt: skip


def test_scaling_is_finite_and_fitted_on_its_rows() -> None:
    x = np.array([[1.0, np.nan, 5.0], [2.0, np.nan, 5.0], [300.0, 1.0, 5.0]], np.float32)
    scaled = Scaling.fit(x)(x)
    assert np.isfinite(scaled).all()
    assert (scaled[:, 2] == 0).all()
    assert scaled[2, 0] > scaled[1, 0] > scaled[0, 0]


def test_a_row_that_is_not_there_yet_tells_nothing_of_itself() -> None:
    """Asked about before its own time, an entity is one of which nothing is known."""
    schema = Schema(
        {"users": table("users", {"id": ID, "age": NUM, "city": CAT, "since": TIME}, "id", "since")}, ()
    )
    rows = {"id": [1, 2], "age": [30.0, 40.0], "city": ["a", "b"], "since": pa.array([5 * DAY, 9 * DAY])}
    graph = graph_from_arrays({"users": pa.table(rows)}, schema)
    spec = TaskSpec(TaskKind.REGRESSION, "users", 7 * DAY)
    seeds = Seeds("users", np.array([0, 1, 1]), np.array([7, 7, 9]) * DAY)
    state = StateBuilder.fit(graph, spec, 9 * DAY).build(graph, spec, seeds)
    own = [i for i, name in enumerate(state.names) if name.startswith("own") or name.startswith("age of")]
    assert own
    assert np.nan_to_num(state.values[1, own]).tolist() == [0.0] * len(own)
    assert np.nan_to_num(state.values[2, own]).any()
