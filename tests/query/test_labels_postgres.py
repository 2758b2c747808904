"""Label SQL against its slow twin in PostgreSQL, on a real server."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from query_compare import compare
from query_texts import static, temporal
from query_worlds import ANCHORS, databases, in_postgres, schema

pytestmark = pytest.mark.postgres

_SPEC = importlib.util.spec_from_file_location(
    "sources_conftest", Path(__file__).parents[1] / "sources" / "conftest.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
_SERVERS = importlib.util.module_from_spec(_SPEC)
sys.modules["sources_conftest"] = _SERVERS
_SPEC.loader.exec_module(_SERVERS)
postgres = _SERVERS.postgres


@pytest.fixture(scope="module")
def url(postgres: Any) -> str:
    """The address of an empty database."""
    return postgres.database("labels")


@settings(
    deadline=None,
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(temporal(), min_size=5, max_size=5),
    st.lists(static(), min_size=2, max_size=2),
    databases(),
    st.booleans(),
    st.booleans(),
)
def test_labels_equal_the_twin(
    url: str, texts: list[str], still: list[str], tables: dict[str, Any], timed: bool, even: bool
) -> None:
    nouns = schema(timed, even)
    with in_postgres(tables, url) as source:
        compare(texts, nouns, tables, ANCHORS, (source,))
        compare(still, nouns, tables, [], (source,))
