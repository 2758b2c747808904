"""Tasks that are asked of data which ended long before: what is read, what is learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import edgewise as ew
from edgewise.clock import DAY
from edgewise.graph.known import known_at, latest_row
from edgewise.models.entity_table import EntityTable
from edgewise.models.stale import COPIES, as_stale
from edgewise.models.states import state_of
from edgewise.query.kinds import TaskKind
from edgewise.state.builder import StateBuilder
from edgewise.tasks.nouns import Seeds

STALE = 30 * DAY


def test_each_label_is_learned_from_with_data_of_several_ages(planted: Any) -> None:
    spec, labels = planted.task(TaskKind.REGRESSION)
    assert as_stale(spec, labels, 0) is labels
    copied = as_stale(replace(spec, staleness=STALE), labels, 0)
    age = (copied.seeds.at - copied.seeds.known).reshape(len(labels), COPIES)
    assert (age >= 0).all()
    assert (age < STALE).all()
    assert (np.diff(np.sort(age // (STALE // COPIES), axis=1), axis=1) == 1).all(), "one in each part"
    np.testing.assert_allclose(copied.weight.reshape(-1, COPIES).sum(axis=1), 1.0)
    np.testing.assert_array_equal(copied.target.reshape(-1, COPIES)[:, 0], labels.target)


@pytest.mark.parametrize("kind", [TaskKind.REGRESSION, TaskKind.MULTILABEL])
def test_rows_between_the_end_of_the_data_and_the_anchor_are_not_seen(planted: Any, kind: TaskKind) -> None:
    spec, labels = planted.task(kind)
    spec = replace(spec, staleness=STALE)
    end = 80 * DAY
    late = labels.take(labels.seeds.at > end + 7 * DAY)
    seeds = Seeds("people", late.seeds.rows, late.seeds.at, np.full(len(late), end))
    table = EntityTable.fit(planted.graph, spec, labels.take(labels.seeds.at < end))
    whole = table.asked(planted.graph, spec, seeds)
    ended = table.asked(known_at(planted.graph, end), spec, seeds)
    np.testing.assert_array_equal(whole.x, ended.x)
    if whole.pairs is not None:
        np.testing.assert_array_equal(whole.pairs, ended.pairs)
    if whole.levels is not None:
        past = spec.history.at <= end
        rows = np.repeat(np.arange(len(spec.history.indptr) - 1), np.diff(spec.history.indptr))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[past], minlength=len(spec.history.indptr) - 1))])
        cut = replace(spec.history, indptr=indptr, at=spec.history.at[past], value=spec.history.value[past])
        np.testing.assert_array_equal(
            whole.levels, table.asked(planted.graph, replace(spec, history=cut), seeds).levels
        )


def test_how_long_the_data_has_ended_is_a_feature_of_stale_tasks_alone(planted: Any) -> None:
    spec, labels = planted.task(TaskKind.REGRESSION)
    builder = StateBuilder.fit(planted.graph, spec, int(labels.seeds.at.min()))
    seeds = Seeds("people", np.array([0, 0]), np.array([90, 90]) * DAY, np.array([90, 60]) * DAY)
    silent = builder.build(planted.graph, replace(spec, staleness=STALE), seeds).column("silence")
    assert silent[0] < 1
    assert silent[1] >= 30
    assert (builder.build(planted.graph, spec, seeds).column("silence") < 1).all()


def test_states_of_one_anchor_and_several_ends_of_the_data_are_kept_apart(planted: Any) -> None:
    spec, labels = planted.task(TaskKind.REGRESSION)
    builder = StateBuilder.fit(planted.graph, spec, int(labels.seeds.at.max()))
    rows, at = np.arange(20), np.full(20, 90 * DAY)
    fresh = state_of(builder, planted.graph, spec, Seeds("people", rows, at))
    old = Seeds("people", rows, at, np.full(20, 50 * DAY))
    np.testing.assert_array_equal(
        state_of(builder, planted.graph, spec, old).values, builder.build(planted.graph, spec, old).values
    )
    assert (fresh.values != state_of(builder, planted.graph, spec, old).values).any()


def shop(days: int) -> Any:
    """Sixty days of sales to ten people, of which `days` are in the database."""
    at = (np.datetime64("2024-01-01") + np.arange(60).repeat(10)).astype("datetime64[us]")
    kept = np.arange(600) < days * 10
    tables = {
        "people": pa.table({"person_id": np.arange(10)}),
        "sales": pa.table(
            {"person_id": np.tile(np.arange(10), 60)[kept], "at": at[kept], "paid": np.arange(600.0)[kept]}
        ),
    }
    return ew.Graph.build(ew.open(tables))


def own(graph: Any, answered: int = 58) -> Any:
    """Labels every fourth day; none from day `answered` on, where the rows are questions."""
    anchors = np.arange(10, 58, 4)
    rows = np.tile(np.arange(10), len(anchors))
    at = np.datetime64("2024-01-01T00:00:00", "us") + np.repeat(anchors, 10) * np.timedelta64(1, "D")
    split = np.where(np.repeat(anchors, 10) < 30, "train", np.where(np.repeat(anchors, 10) < 38, "val", "test"))
    y = pa.array(rows * 1.0, mask=np.repeat(anchors, 10) >= answered)
    labels = pa.table({"person_id": rows, "date": at, "y": y, "split": split})
    return graph.task(entity="people", labels=labels, time="date", target="y", key="person_id", split="split")


def test_a_label_table_that_asks_beyond_the_data_is_noticed() -> None:
    for days, stale, answered in ((60, 0, 58), (38, 54 - 37, 58), (38, 54 - 37, 50)):
        graph = shop(days)
        split = own(graph, answered).question.split(None, max_anchors=99, max_seeds=999, random_seed=0)
        assert split.testing.spec.staleness == stale * DAY
        assert bool(stale) == any("17 days after the last row" in note for note in split.notes)
        assert (
            latest_row(graph.store) == int(np.datetime64("2024-01-01", "us").astype(np.int64)) + (days - 1) * DAY
        )
