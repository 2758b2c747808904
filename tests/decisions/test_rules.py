"""Rules as such: conditions against DuckDB, and a batch against one person at a time."""

from __future__ import annotations

import re

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.clock import DAY
from edgewise.decisions.catalogue.columns import Reader
from edgewise.decisions.catalogue.kind import item_kind
from edgewise.decisions.project.file import ItemEntry
from edgewise.decisions.rules.conditions import true_where
from edgewise.decisions.rules.judge import Met, People, judge

RULES = """
rules:
  - {name: clean, kind: tracks, rule: filter, where: tracks.explicit = FALSE}
  - {name: grown up, kind: tracks, rule: age, column: least_age}
  - {name: licensed here, kind: tracks, rule: region, column: regions}
  - {name: not again, kind: tracks, rule: exclude, what: taken, days: 30}
  - {name: not shown again, kind: tracks, rule: exclude, what: shown, days: 1, shelves: [popular]}
  - {name: own label, kind: tracks, rule: boost, where: tracks.label = 'label 1', by: 1.5}
"""


@pytest.fixture(scope="module")
def ruled(world):
    """The small world under rules on people."""
    return world.with_(RULES)


CONDITIONS = [
    "tracks.explicit = TRUE",
    "NOT tracks.explicit",
    "tracks.tempo / tracks.stock > 40",
    "tracks.least_age IS NULL OR tracks.tempo < 100",
    "tracks.least_age > 10 AND tracks.stock IN (1, 2)",
    "NOT (tracks.least_age > 10)",
    "tracks.regions NOT IN ('SE', 'DE')",
    "tracks.genre LIKE '%e%' AND tracks.title ENDS WITH '7'",
    "tracks.title STARTS WITH 'Song 1' OR tracks.genre CONTAINS 'az'",
    "tracks.released_at > 2026-01-01",
    "tracks.tempo * 2 - tracks.energy >= 150 + tracks.stock",
    "1 = 1",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_mean_what_they_mean_in_sql(world, condition: str) -> None:
    tracks = world.answers.tables["tracks"]
    sql = condition.replace("2026-01-01", "TIMESTAMP '2026-01-01'").replace(
        "/ tracks.stock", "/ NULLIF(tracks.stock, 0)"
    )
    for word, pattern in (
        ("STARTS WITH", r"LIKE '\1%'"),
        ("ENDS WITH", r"LIKE '%\1'"),
        ("CONTAINS", r"LIKE '%\1%'"),
    ):
        sql = re.sub(rf"{word} '([^']*)'", pattern, sql)
    with duckdb.connect() as con:
        con.register("tracks", tracks)
        wanted = con.execute(f"SELECT track_id FROM tracks WHERE {sql} ORDER BY track_id").fetchall()
    found = np.flatnonzero(true_where(condition, Reader(world.schema, world.answers), "tracks"))
    assert found.tolist() == [row for (row,) in wanted]


def test_conditions_reach_linked_tables(world) -> None:
    found = true_where("artists.country = 'SE'", Reader(world.schema, world.answers), "tracks")
    artist = world.answers.tables["tracks"]["artist_id"].to_numpy()
    assert (found == (artist % 2 == 0)).all()


@settings(max_examples=30, deadline=None)
@given(data=st.data(), people=st.integers(1, 6))
def test_a_batch_is_judged_like_one_person_at_a_time(world, ruled, data, people: int) -> None:
    rules = ruled.surfaces.rules
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    n = data.draw(st.integers(0, 80))
    items, owner = rng.integers(0, 240, n), rng.integers(0, people, n)
    age = np.where(rng.random(people) < 0.3, np.nan, rng.integers(5, 80, people)).astype(np.float32)
    region = [(None, "SE", "DE", "NO")[i] for i in rng.integers(0, 4, people)]
    at = world.now - rng.integers(0, 10 * DAY, people)

    def met() -> Met:
        m = int(rng.integers(0, 60))
        return Met(rng.integers(0, people, m), rng.integers(0, 240, m), world.now - rng.integers(0, 60 * DAY, m))

    taken, shown, hidden = met(), met(), met()
    shelf_of = rng.integers(0, 3, n)
    shelves = ["for_you", "again", "popular"]
    everyone = People(age, region, {"tracks": taken}, {"tracks": shown}, {"tracks": hidden})
    batch = judge(rules, "tracks", items, owner, everyone, at, shelf=shelves, shelf_of=shelf_of)

    def only(past: Met, person: int) -> Met:
        mine = past.owner == person
        return Met(np.zeros(int(mine.sum()), dtype=np.int64), past.items[mine], past.at[mine])

    for person in range(people):
        mine = np.flatnonzero(owner == person)
        own = People(
            age[person : person + 1], region[person : person + 1], {"tracks": only(taken, person)},
            {"tracks": only(shown, person)}, {"tracks": only(hidden, person)},
        )  # fmt: skip
        zeros = np.zeros(len(mine), dtype=np.int64)
        one = judge(
            rules, "tracks", items[mine], zeros, own, int(at[person]), shelf=shelves, shelf_of=shelf_of[mine]
        )
        assert one.names == batch.names
        assert (one.by == batch.by[mine]).all()
        assert (one.times == batch.times[mine]).all()


def test_titles_of_several_columns_leave_nulls_out(world) -> None:
    tables = {"tracks": pa.table({"track_id": [1, 2, 3], "genre": ["a", None, None], "title": ["b", "c", None]})}

    class Few:
        def column(self, table: str, name: str) -> pa.Array:
            return tables[table][name].combine_chunks()

    reader = Reader(world.schema, Few())
    assert reader.text("tracks", ["genre", "title"]).to_pylist() == ["a · b", "c", None]
    kind = item_kind(reader, "tracks", ItemEntry(title=["genre", "title"]))
    assert kind.titles.to_pylist() == ["a · b", "c", "track 3"]
