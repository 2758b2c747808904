"""Labels of an engine beside those of the twin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from query_twin import Question

from edgewise.clock import to_micros
from edgewise.query.bind import bind
from edgewise.query.labels import labels
from edgewise.schema.model import Schema
from edgewise.sources.contract import Source


def compare(
    texts: Sequence[str], nouns: Schema, tables: dict[str, Any], anchors: Sequence[Any], sources: Sequence[Source]
) -> int:
    """Assert that all sources give the twin's labels; returns how many labels there were."""
    micros = [to_micros(a.to_pydatetime()) for a in anchors]
    many = 0
    for text in texts:
        query = bind(text, nouns)
        truth = Question(text, nouns, tables).labels(list(anchors) or [None])
        expected = {k: plain(v) for k, v in truth.items()}
        many += len(expected)
        for source in sources:
            found = as_mapping(labels(query, source, nouns, micros))
            assert found.keys() == expected.keys(), (text, source.dialect)
            for key, value in expected.items():
                assert same(found[key], value), (text, source.dialect, key, found[key], value)
    return many


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


def same(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-8, abs_tol=1e-8)
    return one == other
