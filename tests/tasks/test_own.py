"""Label tables of one's own: columns found, times read, mistakes named."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from edgewise.errors import ArgumentError, LabelError, RunError
from edgewise.query.kinds import TaskKind
from edgewise.schema.model import Column, Table
from edgewise.stypes import SType
from edgewise.tasks.own import OwnLabels, kind_named, read_own

DRIVERS = Table("drivers", (Column("driverId", "int64", SType.ID),), 3, key="driverId")
ROWS = {
    "date": [dt.datetime(2020, 1, 1), dt.datetime(2020, 2, 1), None],
    "driverId": [1, 2, 3],
    "position": [4.0, None, 2.0],
}


@pytest.mark.parametrize("make", [pa.table, pl.DataFrame, pd.DataFrame, dict])
def test_any_arrow_table_will_do_and_incomplete_rows_are_counted(make):
    own = read_own(make(ROWS), DRIVERS, time="date", target="position")
    assert own.entity.to_pylist() == [1]
    assert own.at.tolist() == [1577836800000000]
    assert own.dropped == 2
    assert own.asked_until == 1580515200000000, "a row without a target is a question at its time"


def test_iso_text_is_a_time():
    own = read_own({"entity": [1], "at": ["2020-01-01T12:00:00"], "y": [1]}, DRIVERS, time="at", target="y")
    assert own.at.tolist() == [1577880000000000]


def test_a_missing_column_is_named_with_the_nearest():
    with pytest.raises(LabelError, match=r"no column 'positon'\nhint: columns: position"):
        read_own(ROWS, DRIVERS, time="date", target="positon")


def test_text_that_is_no_time_is_refused():
    with pytest.raises(LabelError, match="holds text that is no time"):
        read_own({"entity": [1], "at": ["soon"], "y": [1]}, DRIVERS, time="at", target="y")


def test_splits_are_named_as_people_name_them():
    table = {"entity": [1, 2, 3], "at": ["2020-01-01"] * 3, "y": [1, 2, 3], "part": ["train", "VAL", "test"]}
    own = read_own(table, DRIVERS, time="at", target="y", split="part")
    assert own.split is not None
    assert own.split.tolist() == ["train", "valid", "test"]
    with pytest.raises(LabelError, match="split 'dev' is unknown"):
        read_own({**table, "part": ["train", "dev", "test"]}, DRIVERS, time="at", target="y", split="part")


def test_kinds_have_names():
    assert kind_named("Binary") is kind_named("classification") is TaskKind.BINARY
    assert kind_named("static_ranking") is TaskKind.STATIC_RANKING
    with pytest.raises(ArgumentError, match="hint: kinds: regression"):
        kind_named("regresion")


def test_a_label_table_survives_a_folder(tmp_path):
    own = OwnLabels(
        pa.array(["a", "b"]),
        np.array([1, 2]),
        pa.array([[1], []]),
        np.array(["train", "test"], object),
        None,
        dropped=0,
        asked_until=7,
    )
    own.save(tmp_path / "labels.arrow")
    again = OwnLabels.load(tmp_path / "labels.arrow")
    assert again.entity.equals(own.entity)
    assert again.target.equals(own.target)
    assert again.at.tolist() == [1, 2]
    assert again.asked_until == 7
    assert again.split is not None
    assert again.split.tolist() == ["train", "test"]
    (tmp_path / "labels.arrow").write_bytes(b"nothing")
    with pytest.raises(RunError, match="missing or damaged"):
        OwnLabels.load(tmp_path / "labels.arrow")
