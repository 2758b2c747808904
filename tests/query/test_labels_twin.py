"""Label SQL against its slow twin, on generated databases and queries, in DuckDB and in SQLite."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from query_texts import static, temporal
from query_twin import Question
from query_worlds import ANCHORS, databases, in_duckdb, in_sqlite, schema

from edgewise.clock import to_micros
from edgewise.query.bind import bind
from edgewise.query.labels import labels
from edgewise.schema.model import Schema

_SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck))


def plain(value: Any) -> Any:
    """A target as it compares across engines: booleans as numbers, lists sorted, numbers rounded."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, bool):
        return float(value)
    return float(f"{value:.9g}") + 0.0 if isinstance(value, int | float) else value


def as_mapping(table: pa.Table) -> dict[tuple[Any, Any], Any]:
    found = {}
    for row in table.to_pylist():
        entity = tuple(row["entity"].values()) if isinstance(row["entity"], dict) else row["entity"]
        anchor = None if row["anchor_time"] is None else pd.Timestamp(row["anchor_time"])
        assert (anchor, entity) not in found, "a label occurs once"
        found[anchor, entity] = plain(row["target"])
    return found


def compare(texts: list[str], nouns: Schema, tables: dict[str, Any], anchors: list[Any], folder: Path) -> None:
    micros = [to_micros(a.to_pydatetime()) for a in anchors]
    with in_duckdb(tables) as duck, in_sqlite(tables, folder / "world.sqlite") as lite:
        for text in texts:
            query = bind(text, nouns)
            expected = {k: plain(v) for k, v in Question(text, nouns, tables).labels(anchors or [None]).items()}
            for source in (duck, lite):
                found = as_mapping(labels(query, source, nouns, micros))
                assert found.keys() == expected.keys(), (text, source.dialect)
                for key, value in expected.items():
                    assert same(found[key], value), (text, source.dialect, key, found[key], value)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-8, abs_tol=1e-8)
    return one == other


_TEMPORAL = (st.lists(temporal(), min_size=3, max_size=3), databases(), st.booleans(), st.booleans())
_STATIC = (st.lists(static(), min_size=3, max_size=3), databases(), st.booleans())


@settings(_SETTINGS, max_examples=12)
@given(*_TEMPORAL)
def test_labels_equal_the_twin(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tables: dict[str, Any], timed: bool, even: bool
) -> None:
    compare(texts, schema(timed, even), tables, ANCHORS, tmp_path_factory.getbasetemp())


@settings(_SETTINGS, max_examples=6)
@given(*_STATIC)
def test_static_labels_equal_the_twin(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tables: dict[str, Any], timed: bool
) -> None:
    compare(texts, schema(timed), tables, [], tmp_path_factory.getbasetemp())


@pytest.mark.slow
@settings(_SETTINGS, max_examples=600)
@given(*_TEMPORAL)
def test_labels_equal_the_twin_at_length(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tables: dict[str, Any], timed: bool, even: bool
) -> None:
    compare(texts, schema(timed, even), tables, ANCHORS, tmp_path_factory.getbasetemp())


@pytest.mark.slow
@settings(_SETTINGS, max_examples=100)
@given(*_STATIC)
def test_static_labels_equal_the_twin_at_length(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tables: dict[str, Any], timed: bool
) -> None:
    compare(texts, schema(timed), tables, [], tmp_path_factory.getbasetemp())
