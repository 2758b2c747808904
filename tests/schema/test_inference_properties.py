"""What must not matter: the order of tables and columns, and what a table is called."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewise.schema.model import Schema
from edgewise.sources.database import open_database

NOUNS = ["customer", "product", "shop", "basket", "city", "person", "bus", "box", "movie", "category", "series"]
PLURALS = [
    "customers",
    "products",
    "shops",
    "baskets",
    "cities",
    "people",
    "buses",
    "boxes",
    "movies",
    "categories",
    "series",
]
START = dt.datetime(2024, 1, 1)


def tables_of(nouns: tuple[int, int, int], style: str, random_seed: int) -> dict[str, dict[str, list[Any]]]:
    """Two dimensions and a table of events that links them; a third noun has no table."""
    one, two, lost = (NOUNS[i] for i in nouns)
    chooser = random.Random(random_seed)

    def named(*parts: str) -> str:
        return "_".join(parts) if style == "snake" else parts[0] + "".join(p.title() for p in parts[1:])

    return {
        PLURALS[nouns[0]]: {named(one, "id"): list(range(1, 31)), "label": [f"l{i % 4}" for i in range(30)]},
        PLURALS[nouns[1]]: {"id": list(range(1, 21)), named("parent", "id"): [None,
          *(1 + i // 2 for i in range(19))]},
        "log": {
            named(one, "id"): [chooser.randint(1, 30) for _ in range(90)],
            named(two, "id"): [chooser.randint(1, 20) for _ in range(90)],
            named(lost, "id"): [chooser.randint(1, 9) for _ in range(90)],
            named("logged", "at"): [START + dt.timedelta(hours=3 * i) for i in range(90)],
            "quantity": [chooser.randint(1, 9) for _ in range(90)],
        },
        "notes": {named(lost, "id"): [chooser.randint(1, 9) for _ in range(20)], "rank": list(range(20))},
    }  # fmt: skip


def schema_of(tables: dict[str, dict[str, list[Any]]]) -> Schema:
    with open_database({name: pa.table(columns) for name, columns in tables.items()}) as database:
        return database.schema


def facts(schema: Schema) -> Any:
    tables = {
        t.name: (t.key, t.key_reason, t.time, t.time_reason, t.rows, frozenset(t.columns), t.implied_by)
        for t in schema
    }
    return tables, schema.links, frozenset(schema.problems)


nouns = st.permutations(range(len(NOUNS))).map(lambda order: tuple(order[:3]))


@given(nouns, st.sampled_from(["snake", "camel"]), st.randoms(use_true_random=False))
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_order_of_tables_and_columns_does_not_matter(chosen: Any, style: str, order: random.Random) -> None:
    tables = tables_of(chosen, style, 3)

    def shuffled(values: dict[str, Any]) -> dict[str, Any]:
        keys = list(values)
        order.shuffle(keys)
        return {key: values[key] for key in keys}

    assert facts(schema_of(tables)) == facts(schema_of({t: shuffled(c) for t, c in shuffled(tables).items()}))


@given(nouns, nouns, st.sampled_from(["snake", "camel"]))
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_noun_may_be_any_noun(chosen: Any, others: Any, style: str) -> None:
    """Renaming a table together with the columns that name it keeps its key and its links."""

    def outline(indices: Any) -> Any:
        schema = schema_of(tables_of(indices, style, 3))
        role = {PLURALS[indices[0]]: "one", PLURALS[indices[1]]: "two", PLURALS[indices[2]]: "lost"}
        place = {
            c: role
            for i, role in zip(indices, ("one", "two", "lost"), strict=True)
            for c in (f"{NOUNS[i]}_id", f"{NOUNS[i]}Id")
        }
        links = {(role.get(k.table, k.table), place.get(k.column, k.column), role[k.to]) for k in schema.links}
        return links, {role.get(t.name, t.name): place.get(t.key or "", t.key) for t in schema}

    assert outline(chosen) == outline(others)
