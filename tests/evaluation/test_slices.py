"""Slices and a task's own past: right beside slow twins, and blind to what comes after the anchor."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import ALWAYS, DAY, NEVER, to_micros
from edgewise.evaluation.series import past_of, season_of, windows
from edgewise.evaluation.slices import history_depth, item_events, item_slices, seed_slices
from edgewise.graph.relation import Hop, Relation
from edgewise.graph.store import GraphStore
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Schema, Table
from edgewise.stypes import SType
from edgewise.tasks.nouns import History, Labels, Ragged, Seeds, TaskSpec

ANCHOR = to_micros("2020-06-01")


class Tiny(GraphStore):
    """Users with a plan, a secret and a score; orders refer to them."""

    def __init__(self) -> None:
        columns = (
            Column("plan", "string", SType.CATEGORICAL, distinct=3),
            Column("vip", "bool", SType.BOOLEAN, distinct=2),
            Column("secret", "string", SType.CATEGORICAL, distinct=2),
            Column("score", "int64", SType.NUMERICAL, distinct=4),
        )
        self._schema = Schema({"users": Table("users", columns, 4, key="id")}, ())

    @property
    def schema(self) -> Schema:
        return self._schema

    def column(self, table: str, column: str) -> pa.Array:
        values = {
            "plan": pa.array(["free", "paid", None, "free"]).dictionary_encode(),
            "vip": pa.array([True, False, True, True]),
            "secret": pa.array(["a", "b", "a", "b"]),
        }
        return values[column]

    def hops(self, table: str) -> tuple[Hop, ...]:
        return (Hop("users", "orders", "user_id", "orders", True), Hop("users", "users", "friend", "users", False))

    def relation(self, hop: Hop) -> Relation:
        at = np.array([ANCHOR - DAY, ANCHOR, ANCHOR + 1, NEVER])
        return Relation(hop, np.array([0, 3, 4, 4, 4]), np.arange(4, dtype=np.int32), at)


SPEC = TaskSpec(TaskKind.BINARY, "users", 7 * DAY, hidden=frozenset({("users", "secret")}))
LABELS = Labels(Seeds("users", np.arange(4), np.full(4, ANCHOR)), np.array([0.0, 1.0, 0.0, 1.0]))


def test_columns_make_slices_unless_hidden() -> None:
    found = {(s.group, s.name): s.mask.tolist() for s in seed_slices(SPEC, LABELS, Tiny())}
    assert found[("users.plan", "free")] == [True, False, False, True]
    assert found[("users.plan", "(no value)")] == [False, False, True, False]
    assert found[("users.vip", "True")] == [True, False, True, True]
    assert {group for group, _ in found} == {"history", "users.plan", "users.vip"}


def test_without_a_history_links_are_counted() -> None:
    found = {s.name: s.mask.tolist() for s in seed_slices(SPEC, LABELS, Tiny()) if s.group == "history"}
    assert found["1–4"] == [True, False, False, False], "two visible rows, one of later, one without a time"
    assert found["none"] == [False, True, True, True]


def test_anchors_make_slices_where_there_are_several() -> None:
    seeds = Seeds("users", np.arange(4), ANCHOR + np.array([0, 0, 1, 1]) * 7 * DAY)
    found = {s.name: s.mask.tolist() for s in seed_slices(SPEC, Labels(seeds, LABELS.target))}
    assert found == {"2020-06-01": [True, True, False, False], "2020-06-08": [False, False, True, True]}
    always = Labels(Seeds("users", np.arange(4), np.array([ALWAYS, ALWAYS, 0, 0])), LABELS.target)
    assert seed_slices(SPEC, always) == []


def history(after: list[tuple[int, int]]) -> History:
    """Three users, items 0 to 3; `after` are (days after the anchor, item) of the first user."""
    own = [(-9, 0), (-5, 0), (-5, 1), *after], [(-8, 0), (-1, 0)], [(-2, 2), (0, 1)]
    at = np.array([ANCHOR + d * DAY for events in own for d, _ in events])
    value = np.array([item for events in own for _, item in events])
    return History(np.cumsum([0, *map(len, own)]).astype(np.int64), at, value)


TARGET = Ragged(np.array([0, 3, 4, 4]), np.array([1, 3, -1, 2]))
RANKING = Labels(Seeds("users", np.arange(3), np.full(3, ANCHOR)), TARGET)


def test_items_are_head_or_tail_new_or_known_repeat_or_not() -> None:
    spec = TaskSpec(TaskKind.RANKING, "users", 7 * DAY, item="items", history=history([]))
    found = {s.name: s.mask.tolist() for s in item_slices(spec, RANKING, 4)}
    assert found["repeat"] == [True, False, False, False]
    assert found["explore"] == [False, True, True, True]
    assert found["head"] == [False, False, False, False], "item 0 alone carries half of the events"
    assert found["new"] == [False, True, True, False]
    assert found["known"] == [True, False, False, True]
    assert item_events(history([]), 4, ANCHOR).tolist() == [4, 2, 1, 0]


def test_what_comes_after_the_anchor_changes_no_slice() -> None:
    base = TaskSpec(TaskKind.RANKING, "users", 7 * DAY, item="items", history=history([]))
    later = TaskSpec(TaskKind.RANKING, "users", 7 * DAY, item="items", history=history([(1, 3), (2, 3), (3, 2)]))
    for one, other in zip(item_slices(base, RANKING, 4), item_slices(later, RANKING, 4), strict=True):
        assert one.mask.tolist() == other.mask.tolist(), one.name
    for one, other in zip(seed_slices(base, RANKING), seed_slices(later, RANKING), strict=True):
        assert one.mask.tolist() == other.mask.tolist(), one.name


@st.composite
def timed(draw: st.DrawFn) -> tuple[History, Seeds]:
    events = [sorted(draw(st.lists(st.integers(0, 20), max_size=6))) for _ in range(3)]
    at = np.array([t for own in events for t in own], dtype=np.int64)
    value = np.array(draw(st.lists(st.integers(-3, 3), min_size=len(at), max_size=len(at))), dtype=np.float64)
    seeds = Seeds(
        "users", np.array([0, 1, 2, 1]), np.array(draw(st.lists(st.integers(0, 20), min_size=4, max_size=4)))
    )
    return History(np.cumsum([0, *map(len, events)]).astype(np.int64), at, value), seeds


HOWS = {
    "sum": sum,
    "count": len,
    "mean": np.mean,
    "min": min,
    "max": max,
    "last": lambda v: v[-1],
    "first": lambda v: v[0],
}


@settings(max_examples=60, deadline=None)
@given(timed(), st.sampled_from(sorted(HOWS)), st.integers(-9, 3), st.integers(1, 4))
def test_windows_equal_a_slow_twin(found: tuple[History, Seeds], how: str, start: int, frame: int) -> None:
    own, seeds = found
    depth = []
    for i, row in enumerate(windows(own, seeds, start, frame, 3, how)):
        events = range(own.indptr[seeds.rows[i]], own.indptr[seeds.rows[i] + 1])
        depth.append(sum(own.at[e] <= seeds.at[i] for e in events))
        for j, value in enumerate(row):
            begin = seeds.at[i] + start + j * frame
            inside = [own.value[e] for e in events if begin < own.at[e] <= begin + frame]
            empty = 0.0 if how in ("sum", "count") else np.nan
            assert value == pytest.approx(HOWS[how](inside) if inside else empty, nan_ok=True)
    assert history_depth(own, seeds).tolist() == depth


@pytest.mark.parametrize("how", ["sum", "count", "mean", "max"])
@pytest.mark.parametrize("whole", [True, False], ids=["horizon of all frames", "horizon of one"])
def test_the_past_is_read_as_the_labels_were(how: str, whole: bool) -> None:
    rng = np.random.default_rng(0)
    at = np.sort(rng.integers(-200 * DAY, 60 * DAY, (20, 300)), axis=1)
    own = History(np.arange(21) * 300, ANCHOR + at.ravel(), rng.gamma(2.0, 3.0, 6000))
    seeds = Seeds("stores", np.arange(20), np.full(20, ANCHOR))
    labels = Labels(seeds, windows(own, seeds, 0, 7 * DAY, 4, how))
    horizon = 28 * DAY if whole else 7 * DAY
    past = past_of(
        TaskSpec(TaskKind.FORECASTING, "stores", horizon, timeframes=4, history=own), labels, periods=10
    )
    assert past is not None
    assert (past.how, past.frame) == (how, 7 * DAY)
    np.testing.assert_array_equal(past.values, windows(own, seeds, -70 * DAY, 7 * DAY, 10, how))


def test_the_past_begins_with_the_first_event() -> None:
    own = History(np.array([0, 2]), ANCHOR + np.array([-8, 3]) * DAY, np.array([2.0, 5.0]))
    labels = Labels(Seeds("stores", np.array([0]), np.array([ANCHOR])), np.array([[5.0]]))
    past = past_of(TaskSpec(TaskKind.FORECASTING, "stores", 7 * DAY, history=own), labels, periods=4)
    assert past is not None
    np.testing.assert_array_equal(past.values, [[np.nan, np.nan, 2.0, 0.0]])


def test_labels_of_another_kind_have_no_past() -> None:
    own = History(np.array([0, 1]), np.array([ANCHOR - DAY]), np.array([2.0]))
    labels = Labels(Seeds("stores", np.array([0]), np.array([ANCHOR])), np.array([[17.5]]))
    assert past_of(TaskSpec(TaskKind.FORECASTING, "stores", 7 * DAY, history=own), labels) is None


def test_an_entity_outside_the_history_has_no_past() -> None:
    own = History(np.array([0, 2]), ANCHOR + np.array([-8, 3]) * DAY, np.array([2.0, 5.0]))
    seeds = Seeds("stores", np.array([0, -1, 7]), np.full(3, ANCHOR))
    assert windows(own, seeds, 0, 7 * DAY, 1, "sum").ravel().tolist() == [5.0, 0.0, 0.0]
    labels = Labels(seeds, np.array([[5.0], [0.0], [0.0]]))
    past = past_of(TaskSpec(TaskKind.FORECASTING, "stores", 7 * DAY, history=own), labels, periods=2)
    assert past is not None
    assert np.isnan(past.values[1:]).all()
    assert history_depth(own, seeds).tolist() == [1, 0, 0]


def test_seasons_follow_the_frame() -> None:
    assert [season_of(DAY, 60), season_of(7 * DAY, 60), season_of(7 * DAY, 120), season_of(30 * DAY, 60)] == [
        7,
        1,
        52,
        12,
    ]
