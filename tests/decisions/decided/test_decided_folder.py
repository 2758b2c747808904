"""Folders of decisions: what is written is what is read, and nothing damaged is read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from edgewise.clock import to_micros
from edgewise.decisions.decided.folder import MANIFEST, read_decided, read_said, write_decided
from edgewise.decisions.decided.nouns import Decided, Expected, GaveUp
from edgewise.errors import ArgumentError, DecisionError, InternalError


@pytest.fixture
def decided() -> Decided:
    """A decision with two tables."""
    return Decided(
        decision="assort",
        source="shop",
        at=to_micros("2023-12-01T06:30:00.000007"),
        settings={"space": {"default": 40.0}, "must": ["A", "B"]},
        tables={
            "assortment": pa.table({"store_id": [1, 1, 2], "product_id": ["a", "b", None]}),
            "changes": pa.table({"store_id": pa.array([], pa.int64())}),
        },
        expects=(Expected("covered demand", 0.81, "share", "held out", 0.79, 0.83),),
        gave_up=(GaveUp("space", 12.5, "EUR a week", 2),),
        notes=("The space of store 2 is a guess.",),
    )


def test_there_and_back(decided: Decided, tmp_path: Path) -> None:
    place = write_decided(decided, tmp_path / "new" / "assort")
    assert sorted(p.name for p in place.iterdir()) == ["assortment.parquet", "changes.parquet", MANIFEST]
    assert read_decided(place) == decided
    assert read_said(place) == replace(decided, tables={})
    assert [p.name for p in place.parent.iterdir()] == ["assort"]


def test_numbers_of_numpy_are_numbers(decided: Decided, tmp_path: Path) -> None:
    lost = (GaveUp("space", np.float32(0.5), "EUR", np.int64(2)),)
    found = read_decided(write_decided(replace(decided, gave_up=lost), tmp_path / "assort"))
    assert found.gave_up == (GaveUp("space", 0.5, "EUR", 2),)


def test_a_decision_is_replaced_and_anything_else_is_not(decided: Decided, tmp_path: Path) -> None:
    place = write_decided(decided, tmp_path / "assort")
    write_decided(replace(decided, notes=()), place)
    assert read_decided(place).notes == ()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(ArgumentError, match="exists and is not a decision: it is left as it is"):
        write_decided(decided, tmp_path / "mine")
    with pytest.raises(ArgumentError, match="is a file, and a decision is a folder"):
        write_decided(decided, tmp_path / "mine" / "thesis.txt")
    with pytest.raises(ArgumentError, match=r"thesis.txt' is a file, so"):
        write_decided(decided, tmp_path / "mine" / "thesis.txt" / "assort")


def test_nothing_is_left_of_one_that_fails(decided: Decided, tmp_path: Path) -> None:
    unwritable = replace(decided, settings={"space": {1, 2}})
    with pytest.raises(TypeError):
        write_decided(unwritable, tmp_path / "assort")
    assert not list(tmp_path.iterdir())


def test_numbers_that_are_none(decided: Decided, tmp_path: Path) -> None:
    for wrong in (
        replace(decided, expects=(Expected("lift", float("nan"), "EUR", "model"),)),
        replace(decided, gave_up=(GaveUp("space", float("inf"), "EUR", 1),)),
        replace(decided, tables={"../elsewhere": pa.table({"a": [1]})}),
        replace(decided, tables={}),
    ):
        with pytest.raises(InternalError):
            write_decided(wrong, tmp_path / "assort")


def without_a_table(place: Path) -> None:
    (place / "changes.parquet").unlink()


def with_half_a_table(place: Path) -> None:
    file = place / "assortment.parquet"
    file.write_bytes(file.read_bytes()[:-20])


def with_half_a_manifest(place: Path) -> None:
    file = place / MANIFEST
    file.write_text(file.read_text()[:-200])


def manifest_with(**changes: object) -> object:
    def change(place: Path) -> None:
        content = json.loads((place / MANIFEST).read_text())
        (place / MANIFEST).write_text(json.dumps({**content, **changes}))

    return change


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (without_a_table, "is damaged: changes.parquet is missing\nhint: decide again"),
        (with_half_a_table, "is damaged: assortment.parquet is not what was written"),
        (with_half_a_manifest, "is damaged: decision.json cannot be read as JSON"),
        (manifest_with(format=99), "has format 99; this version of Edgewise reads 1"),
        (manifest_with(at="soon"), "is damaged: decision.json, at: 'soon' is not a time"),
        (manifest_with(expects=[{"name": "x"}]), "is damaged: decision.json, expects.0.value: field required"),
        (manifest_with(tables={}), "is damaged: decision.json, tables: dictionary should have at least 1 item"),
        (
            manifest_with(tables={"a": {"file": "../a.parquet", "rows": 1, "columns": [], "sha256": ""}}),
            "is damaged: decision.json, tables.a.file: string should match pattern",
        ),
    ],
)
def test_what_is_damaged_is_refused(damage: object, says: str, decided: Decided, tmp_path: Path) -> None:
    place = write_decided(decided, tmp_path / "assort")
    damage(place)  # type: ignore[operator]  # one of the functions above
    with pytest.raises(DecisionError) as caught:
        read_decided(place)
    assert says in str(caught.value)


def test_where_there_is_none(decided: Decided, tmp_path: Path) -> None:
    with pytest.raises(
        DecisionError, match=r"there is no decision in .*\nhint: `edgewise assort SOURCE --out FOLDER`"
    ):
        read_decided(tmp_path / "nowhere")
    write_decided(decided, tmp_path / "assort")
    with pytest.raises(DecisionError, match=r"is a folder but not a decision.*\nhint: decisions in .*: assort"):
        read_decided(tmp_path)
