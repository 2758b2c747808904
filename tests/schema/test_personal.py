"""Columns that say who a person is are found, and tell a model nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.encoding.tables import TableEncoder
from edgewise.schema.personal import identifies
from edgewise.schema.profile import ColumnProfile, Kind
from edgewise.stypes import SType

ROWS = 60


def profile(name: str, values: list[Any], kind: Kind = Kind.TEXT) -> ColumnProfile:
    """The profile of a few values."""
    return ColumnProfile(name, "string", kind, ROWS, distinct=len(set(values)), sample=tuple(values))


@pytest.mark.parametrize(
    ("table", "column", "values", "what"),
    [
        ("users", "email", ["x"], "e-mail addresses"),
        ("users", "contact", ["ann@b.org", "bob@c.com"], "e-mail addresses"),
        ("users", "EmailAddress", ["x"], "e-mail addresses"),
        ("users", "email_domain", ["b.org"], ""),
        ("users", "phone_number", ["+31 6 1"], "phone numbers"),
        ("users", "phone_model", ["P30"], ""),
        ("calls", "mobile", ["+31 6 1"], "phone numbers"),
        ("users", "first_name", ["Ann"], "names of people"),
        ("users", "LastName", ["Ann"], "names of people"),
        ("users", "surname", ["Ann"], "names of people"),
        ("customers", "name", ["Ann Lee"], "names of people"),
        ("orders", "customer_name", ["Ann Lee"], "names of people"),
        ("artists", "name", ["The Band"], ""),
        ("products", "product_name", ["Milk"], ""),
        ("drivers", "nationality", ["Dutch"], ""),
        ("shops", "street_1", ["High Street"], "postal addresses"),
        ("users", "date_of_birth", ["1980-01-01"], ""),
        ("tweets", "text", ["mail me at a@b.org please", "no"], ""),
    ],
)
def test_what_says_who_a_person_is(table: str, column: str, values: list[str], what: str) -> None:
    assert identifies(table, profile(column, values)) == what


def test_numbers_are_phones_by_their_name_alone() -> None:
    assert identifies("users", profile("phone", [31612345678], Kind.INTEGER)) == "phone numbers"
    assert identifies("users", profile("address", [12], Kind.INTEGER)) == ""


def people(emails: list[str]) -> Mapping[str, Any]:
    """Users with an address, and what they bought."""
    rng = np.random.default_rng(1)
    return {
        "users": {
            "user_id": list(range(ROWS)),
            "email": emails,
            "plan": [("free", "paid")[i % 2] for i in range(ROWS)],
        },
        "orders": {
            "order_id": list(range(300)),
            "user_id": rng.integers(0, ROWS, 300).tolist(),
            "at": np.datetime64("2024-01-01") + np.sort(rng.integers(0, 90, 300)).astype("timedelta64[D]"),
        },
    }


def database(emails: list[str], overrides: str | None = None) -> Any:
    """The people as tables in memory."""
    import pyarrow as pa

    return ew.open({name: pa.table(columns) for name, columns in people(emails).items()}, overrides)


def test_a_personal_column_tells_a_model_nothing() -> None:
    plain = database([f"u{i}@example.org" for i in range(ROWS)])
    column = plain.schema.table("users").column("email")
    assert (column.stype, column.personal) == (SType.ID, "e-mail addresses")
    assert column.reason == "e-mail addresses: personal, kept out of features, logs and pages"
    found = [p for p in plain.schema.problems if p.kind == "personal data"]
    assert [(p.column, p.rule.partition(";")[0]) for p in found] == [
        ("email", "kept out of features, logs and pages")
    ]
    other = database([f"zz{i * 7 % ROWS}@another.example" for i in range(ROWS)])
    encoded = [
        encoder.encode(graph)
        for graph in (ew.Graph.build(plain).store, ew.Graph.build(other).store)
        for encoder in [TableEncoder.fit(graph, "users", 2**62)]
    ]
    assert (encoded[0].dense == encoded[1].dense).all()
    assert (encoded[0].codes == encoded[1].codes).all()
    assert encoded[0].codes.shape[1] == 1  # the plan, and nothing else


def test_whoever_asks_for_it_gets_it(tmp_path: Any) -> None:
    (tmp_path / "graph.yaml").write_text("tables:\n  users:\n    types:\n      email: text\n")
    used = database([f"u{i}@example.org" for i in range(ROWS)], str(tmp_path / "graph.yaml"))
    column = used.schema.table("users").column("email")
    assert (column.stype, column.personal) == (SType.TEXT, "")
