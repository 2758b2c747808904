"""Keys that the database holds as UUIDs: text on the way in and out, and matched with each other between."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest

from edgewise.ids import MISSING, Vocabulary
from edgewise.sources.database import Database, open_database
from edgewise.workflow.graph import Graph

QUERY = "PREDICT LIST_DISTINCT(orders.item_id, 0, 7, days) RANK TOP 3 FOR EACH users.user_id"


def uuid_of(text: str, number: str) -> str:
    return f"md5('{text}' || ({number}))::uuid"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("uuids") / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TYPE shade AS ENUM ('red', 'green', 'blue')")
        connection.execute(
            f"CREATE TABLE users AS SELECT {uuid_of('u', 'i')} AS user_id,"
            " (['red', 'green', 'blue'])[1 + i % 3]::shade AS shade FROM range(30) t(i)"
        )
        connection.execute(
            f"CREATE TABLE items AS SELECT {uuid_of('i', 'i')} AS item_id, i * 1.5 AS price FROM range(8) t(i)"
        )
        connection.execute(
            f"CREATE TABLE orders AS SELECT {uuid_of('o', 'i')} AS id, {uuid_of('u', 'i * 7 % 30')} AS user_id,"
            f" {uuid_of('i', 'i * i % 8')} AS item_id, TIMESTAMP '2024-01-01' + to_hours(i * 3) AS at"
            " FROM range(600) t(i)"
        )
    with open_database(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def graph(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return Graph.build(database, path=tmp_path_factory.mktemp("graph") / "graph")


def test_they_are_keys_and_links(database: Database) -> None:
    found = {table.name: table.key for table in database.schema}
    assert found == {"users": "user_id", "items": "item_id", "orders": "id"}
    links = {(link.column, link.to, link.match) for link in database.schema.links}
    assert links == {("user_id", "users", 1.0), ("item_id", "items", 1.0)}


def test_labels_name_them_as_text(database: Database, graph: Graph) -> None:
    labels = graph.task(QUERY).labels("2024-02-01")
    known = {str(k) for k in graph.store.vocabulary("users").keys(range(30)).to_pylist()}
    assert labels.column("entity").type == pa.string()
    assert set(labels.column("entity").to_pylist()) == known
    assert (graph.store.vocabulary("items").rows(labels.column("target").combine_chunks().flatten()) >= 0).all()


def test_an_entity_is_found_by_text_and_by_uuid(graph: Graph) -> None:
    question = graph.task(QUERY).question
    key = graph.store.vocabulary("users").keys([4])[0].as_py()
    assert question.row(UUID(key)) == question.row(key) == 4
    assert question.asked([1_710_000_000_000_000]).seeds.rows.tolist() != []


@pytest.mark.slow
def test_a_run_takes_and_gives_them(graph: Graph) -> None:
    run = graph.task(QUERY).fit(budget="1s")
    predicted = run.predict(at="2024-03-10")
    key = predicted.column("entity")[0].as_py()
    assert str(UUID(key)) == key
    assert set(predicted.column("item").to_pylist()) <= set(
        graph.store.vocabulary("items").keys(range(8)).to_pylist()
    )
    asked = run.predict(at="2024-03-10", entities=[UUID(key), key])
    assert asked.column("entity").to_pylist() == [key] * 6
    assert run.explain(UUID(key), at="2024-03-10").entity == key


def test_python_and_arrow_uuids_find_rows() -> None:
    texts = ["c0ffee00-1234-4abc-8def-0123456789ab", "00000000-0000-0000-0000-000000000001"]
    vocabulary = Vocabulary(pa.array(texts))
    wanted = [UUID(texts[1]), UUID(int=5), UUID(texts[0])]
    assert vocabulary.rows(wanted).tolist() == [1, MISSING, 0]
    arrow = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([u.bytes for u in wanted], pa.binary(16)))
    assert vocabulary.rows(arrow).tolist() == [1, MISSING, 0]
