"""Label SQL against its slow twin, on generated databases and queries, in DuckDB and in SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from query_compare import compare
from query_texts import static, temporal
from query_worlds import ANCHORS, databases, in_duckdb, in_sqlite, schema

_SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck))
_TEMPORAL = (st.lists(temporal(), min_size=3, max_size=3), databases(), st.booleans(), st.booleans())
_STATIC = (st.lists(static(), min_size=3, max_size=3), databases(), st.booleans())


def both(
    folder: Path, texts: list[str], tables: dict[str, Any], timed: bool, even: bool, anchors: list[Any]
) -> None:
    with in_duckdb(tables) as duck, in_sqlite(tables, folder / "world.sqlite") as lite:
        compare(texts, schema(timed, even), tables, anchors, (duck, lite))


@settings(_SETTINGS, max_examples=12)
@given(*_TEMPORAL)
def test_labels_equal_the_twin(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tables: dict[str, Any], timed: bool, even: bool
) -> None:
    both(tmp_path_factory.getbasetemp(), texts, tables, timed, even, ANCHORS)


@settings(_SETTINGS, max_examples=6)
@given(*_STATIC)
def test_static_labels_equal_the_twin(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tables: dict[str, Any], timed: bool
) -> None:
    both(tmp_path_factory.getbasetemp(), texts, tables, timed, True, [])


@pytest.mark.slow
@settings(_SETTINGS, max_examples=100)
@given(*_TEMPORAL)
def test_labels_equal_the_twin_at_length(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tables: dict[str, Any], timed: bool, even: bool
) -> None:
    both(tmp_path_factory.getbasetemp(), texts, tables, timed, even, ANCHORS)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=60)
@given(*_STATIC)
def test_static_labels_equal_the_twin_at_length(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], tables: dict[str, Any], timed: bool
) -> None:
    both(tmp_path_factory.getbasetemp(), texts, tables, timed, True, [])
