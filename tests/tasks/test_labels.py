"""Label tables become labels in row ids, and nothing is lost on the way."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.errors import LabelError
from edgewise.ids import MISSING, Vocabulary
from edgewise.query.kinds import TaskKind
from edgewise.tasks.labels import classes_of, history_of, labels_of, micros, ragged_of, seeds_of
from edgewise.tasks.nouns import Ragged, Seeds, TaskSpec

SEEDS = Seeds("users", np.array([0, 1, 2]), np.array([5, 5, 5]))


def test_times_become_microseconds_whatever_their_unit_and_zone():
    noon = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
    for kind in ("s", "ms", "us", "ns"):
        naive = pa.array([noon.replace(tzinfo=None)], pa.timestamp(kind))
        zoned = pa.array([noon], pa.timestamp(kind, tz="Europe/Paris"))
        assert micros(naive).tolist() == micros(zoned).tolist() == [1577880000000000]
    assert micros(pa.array([noon.date()], pa.date32())).tolist() == [1577836800000000]


def test_a_missing_time_is_refused():
    with pytest.raises(LabelError, match="1 anchor times are missing"):
        micros(pa.array([None, 0], pa.timestamp("us")))


def test_unknown_keys_are_cold_entities():
    seeds = seeds_of("users", Vocabulary(pa.array(["a", "b"])), pa.array(["b", "x", None]), np.array([1, 2, 3]))
    assert seeds.rows.tolist() == [1, MISSING, MISSING]


def test_lists_keep_unknown_items_and_empty_lists():
    lists = ragged_of(pa.array([["a", "x"], [], None]), Vocabulary(pa.array(["a"])))
    assert lists.indptr.tolist() == [0, 2, 2, 2]
    assert lists.values.tolist() == [0, MISSING]


def test_classes_are_sorted_and_without_nulls():
    assert classes_of(pa.array([["b"], ["a", None], None])).to_pylist() == ["a", "b"]


def test_too_many_classes_leave_the_rarest_out():
    assert classes_of(pa.array(["c", "b", "a", "c", "b", None]), 2).to_pylist() == ["b", "c"]
    assert classes_of(pa.array([["c", "a"], ["b"], ["a"]]), 2).to_pylist() == ["a", "b"]


def test_each_kind_gets_its_target():
    classes = pa.array(["a", "b"])
    multi = labels_of(TaskSpec(TaskKind.MULTICLASS, "users", 1, classes=classes), SEEDS, pa.array(["b", "a", "c"]))
    assert multi.target.tolist() == [1, 0, MISSING]
    many = labels_of(
        TaskSpec(TaskKind.MULTILABEL, "users", 1, classes=classes), SEEDS, pa.array([["b"], [], ["c"]])
    )
    assert isinstance(many.target, Ragged)
    assert many.target.values.tolist() == [1, MISSING]
    frames = labels_of(
        TaskSpec(TaskKind.FORECASTING, "users", 1, timeframes=2), SEEDS, pa.array([[1.0, 2], [3, 4], [5, 6]])
    )
    assert frames.target.shape == (3, 2)
    binary = labels_of(TaskSpec(TaskKind.BINARY, "users", 1), SEEDS, pa.array([True, False, True]))
    assert binary.target.tolist() == [1.0, 0.0, 1.0]


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(LabelError, match="other than 0 and 1"):
        labels_of(TaskSpec(TaskKind.BINARY, "users", 1), SEEDS, pa.array([0, 1, 2]))
    with pytest.raises(LabelError, match="not a number"):
        labels_of(TaskSpec(TaskKind.REGRESSION, "users", 1), SEEDS, pa.array(["x", "y", "z"]))
    with pytest.raises(LabelError, match="2 targets are missing"):
        labels_of(TaskSpec(TaskKind.REGRESSION, "users", 1), SEEDS, pa.array([1.0, None, None]))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 3)), max_size=20))
def test_history_is_each_entitys_events_in_time_order(events):
    table = pa.table(
        {
            "entity": pa.array([e for e, _, _ in events], pa.int64()),
            "at": pa.array([t for _, t, _ in events], pa.int64()),
            "value": pa.array([v for _, _, v in events], pa.int64()),
        }
    )
    history = history_of(table, Vocabulary(pa.array([0, 1, 2])), Vocabulary(pa.array([0, 1])))
    for row in range(3):
        part = slice(history.indptr[row], history.indptr[row + 1])
        wanted = sorted(((t, i) for i, (e, t, _) in enumerate(events) if e == row))
        assert history.at[part].tolist() == [t for t, _ in wanted]
        values = [events[i][2] for _, i in wanted]
        assert history.value[part].tolist() == [v if v < 2 else MISSING for v in values]


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=8), st.data())
def test_taking_from_ragged_lists(lists, data):
    indptr = np.concatenate([[0], np.cumsum([len(x) for x in lists])]).astype(np.int64)
    ragged = Ragged(indptr, np.array([v for x in lists for v in x], dtype=np.int64))
    index = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=8))
    taken = ragged.take(np.array(index, dtype=np.int64))
    assert [taken[i].tolist() for i in range(len(taken))] == [lists[i] for i in index]
    mask = np.array([len(x) % 2 == 0 for x in lists])
    assert len(ragged.take(mask)) == mask.sum()
