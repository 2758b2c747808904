"""A decision that no package holds: which products to count, for tests of what all decisions share."""

from __future__ import annotations

import sys
from types import ModuleType

import pyarrow as pa
import pytest
from pydantic import BaseModel, ConfigDict, Field
from sqlglot import parse_one

from edgewise.decisions import registry
from edgewise.decisions.decided.nouns import Decided, Expected, GaveUp
from edgewise.errors import SchemaError


class CostsEntry(BaseModel):
    """What it costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    late: float = Field(default=1.0, ge=0, description="What being late costs.")


class CountEntry(BaseModel):
    """What is counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    table: str = Field(description="The table of what is counted.")
    most: int = Field(default=3, ge=1, description="How many rows at most.")
    costs: CostsEntry = Field(default=CostsEntry(), description="What it costs.")


def propose(schema: object) -> CountEntry:
    """The products, if there are any."""
    if "products" not in schema.tables:  # type: ignore[attr-defined]  # a Schema
        raise SchemaError("there are no products to count", hint="say count.table")
    return CountEntry(table="products")


def decide(db: object, entry: CountEntry, at: int) -> Decided:
    """The first products."""
    query = parse_one(f'SELECT * FROM "{entry.table}" LIMIT {entry.most}', dialect="duckdb")
    rows = db.source.read(query)  # type: ignore[attr-defined]  # a Database
    return Decided(
        "count", db.name, at, entry.model_dump(mode="json"),  # type: ignore[attr-defined]  # a Database
        {"counted": rows, "others": pa.table({"n": [1]})},
        (Expected("rows", float(rows.num_rows), "rows", "held out", 1.0, 5.0), Expected("luck", 0.5, "", "model")),
        (GaveUp("most", 117.0, "rows", 1),),
        ("These are the first ones.",),
    )  # fmt: skip


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision `count` is there."""
    rooms = {"entry": {"CountEntry": CountEntry}, "propose": {"propose": propose}, "decide": {"decide": decide}}
    for room, holds in {"": {}, **rooms}.items():
        module = ModuleType(f"edgewise.decisions.count{room and '.'}{room}")
        vars(module).update(holds)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(registry, "NAMES", ("count",))
