"""What bad input gets: a message that names place, cause and way out; exit code 2; nothing half-written.

Each case is a command line in a folder of small tables (see `small_market`), after a change that spoils something.
Its message is a golden file in `golden/`, written anew with EDGEWISE_UPDATE=1.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Cli = Callable[..., Any]
GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("EDGEWISE_UPDATE") == "1"

CHURN = "PREDICT COUNT(orders.*, 0, 7, days) = 0 FOR EACH users.user_id"
NEXT = "PREDICT LIST_DISTINCT(orders.product_id, 0, 7, days) RANK TOP 3 FOR EACH users.user_id"


def nothing() -> None:
    """Spoil nothing."""


@dataclass(frozen=True)
class Case:
    """One mistake: what is wrong in the folder, and the command line that meets it."""

    name: str
    arguments: tuple[str, ...]
    spoil: Callable[[], object] = field(default=nothing)


def text(name: str, content: str) -> Callable[[], object]:
    """Write a text file."""
    return lambda: Path(name).write_text(content, encoding="utf-8")


def raw(name: str, content: bytes) -> Callable[[], object]:
    """Write bytes."""
    return lambda: Path(name).write_bytes(content)


def graph(content: str) -> Callable[[], object]:
    """Write a graph file."""
    return text("graph.yaml", content)


def folder(name: str, **files: str) -> Callable[[], object]:
    """Make a folder of CSV files (a name's underscore before the ending is a dot)."""

    def make() -> None:
        Path(name).mkdir()
        for file, content in files.items():
            stem, _, ending = file.rpartition("_")
            (Path(name) / f"{stem}.{ending}").write_text(content, encoding="utf-8")

    return make


def damaged_database() -> None:
    """A SQLite file whose second half is zeros."""
    with sqlite3.connect("market.sqlite") as database:
        database.execute("CREATE TABLE users (user_id INTEGER, name TEXT)")
        database.executemany("INSERT INTO users VALUES (?, ?)", [(i, "x" * 50) for i in range(2000)])
    database.close()
    content = Path("market.sqlite").read_bytes()
    Path("market.sqlite").write_bytes(content[: len(content) // 2] + bytes(len(content) // 2))


def untimed_market() -> None:
    """The market without a single time."""
    Path("still").mkdir()
    for file in Path("market").glob("*.parquet"):
        table = pq.read_table(file)
        kept = [f.name for f in table.schema if not pa.types.is_timestamp(f.type)]
        pq.write_table(table.select(kept), Path("still") / file.name)


def check(name: str, query: str, *more: str) -> Case:
    """A mistake in a query."""
    return Case(f"query-{name}", ("check", "market", query, *more))


ARGUMENTS = [
    Case("arguments-no-such-command", ("fitt", "market")),
    Case("arguments-no-source", ("inspect",)),
    Case("arguments-no-query", ("check", "market")),
    Case("arguments-no-such-option", ("inspect", "market", "--grpah", "graph.yaml")),
    Case("arguments-surplus", ("inspect", "market", "more")),
    Case("arguments-no-anchor", ("labels", "market", CHURN, "--out", "labels.parquet")),
    Case("arguments-no-out", ("fit", "market", CHURN)),
    Case("arguments-time-in-words", ("labels", "market", CHURN, "--at", "yesterday", "--out", "labels.parquet")),
    Case(
        "arguments-time-not-in-calendar", ("labels", "market", CHURN, "--at", "2024-02-30", "--out", "l.parquet")
    ),
    Case("arguments-until-in-words", ("fit", "market", CHURN, "--until", "now", "--out", "run")),
    Case("arguments-budget-in-words", ("fit", "market", CHURN, "--budget", "soon", "--out", "run")),
    Case("arguments-budget-of-zero", ("fit", "market", CHURN, "--budget", "0s", "--out", "run")),
    Case("arguments-open-window", ("labels", "market", CHURN, "--at", "2024-03-28", "--out", "labels.parquet")),
    Case("arguments-out-is-csv", ("labels", "market", CHURN, "--at", "2024-03-01", "--out", "labels.csv")),
    Case("arguments-out-is-folder", ("labels", "market", CHURN, "--at", "2024-03-01", "--out", "market")),
    Case(
        "arguments-out-below-file",
        ("labels", "market", CHURN, "--at", "2024-03-01", "--out", "notes.txt/labels.parquet"),
        text("notes.txt", "hello"),
    ),
]

SOURCES = [
    Case("source-not-there", ("inspect", "nowhere")),
    Case("source-almost-a-world", ("inspect", "complete-journey")),
    Case("source-almost-a-folder", ("inspect", "markett")),
    Case("source-empty-folder", ("inspect", "empty"), folder("empty")),
    Case("source-folder-without-tables", ("inspect", "notes"), folder("notes", readme_txt="hello")),
    Case("source-empty-file", ("inspect", "market.duckdb"), raw("market.duckdb", b"")),
    Case("source-text-file", ("inspect", "notes.txt"), text("notes.txt", "hello, this is no database\n")),
    Case("source-unknown-scheme", ("inspect", "mysql://ann:secret@localhost/shop")),
    Case(
        "source-damaged-parquet", ("inspect", "market"), raw("market/users.parquet", b"PAR1 this is not it PAR1")
    ),
    Case("source-damaged-sqlite", ("inspect", "market.sqlite"), damaged_database),
    Case(
        "source-damaged-duckdb",
        ("inspect", "market.duckdb"),
        raw("market.duckdb", bytes(8) + b"DUCK" + bytes(500)),
    ),
    Case("source-table-twice", ("inspect", "market"), text("market/users.csv", "user_id,name\n1,Ann\n")),
    Case("source-empty-csv", ("inspect", "csv"), folder("csv", users_csv="")),
]

GRAPH_FILES = [
    Case("graph-not-there", ("inspect", "market", "--graph", "graph.yaml")),
    Case("graph-not-yaml", ("inspect", "market", "--graph", "graph.yaml"), graph("tables: [users: {")),
    Case("graph-a-list", ("inspect", "market", "--graph", "graph.yaml"), graph("- users\n- orders\n")),
    Case("graph-unknown-field", ("inspect", "market", "--graph", "graph.yaml"), graph("tabels: {}\n")),
    Case(
        "graph-unknown-table",
        ("inspect", "market", "--graph", "graph.yaml"),
        graph("tables: {user: {key: user_id}}\n"),
    ),
    Case(
        "graph-unknown-key",
        ("inspect", "market", "--graph", "graph.yaml"),
        graph("tables: {users: {key: user_ids}}\n"),
    ),
    Case(
        "graph-unknown-time",
        ("inspect", "market", "--graph", "graph.yaml"),
        graph("tables: {orders: {time: order_at}}\n"),
    ),
    Case(
        "graph-unknown-stype",
        ("inspect", "market", "--graph", "graph.yaml"),
        graph("tables: {users: {types: {city: category}}}\n"),
    ),
    Case(
        "graph-link-to-nowhere",
        ("inspect", "market", "--graph", "graph.yaml"),
        graph("tables: {orders: {links: {user_id: customers}}}\n"),
    ),
    Case(
        "graph-sql-syntax",
        ("inspect", "market", "--graph", "graph.yaml"),
        graph("tables: {recent: {sql: SELEC * FROM orders}}\n"),
    ),
    Case(
        "graph-sql-no-select",
        ("inspect", "market", "--graph", "graph.yaml"),
        graph("tables: {recent: {sql: DROP TABLE orders}}\n"),
    ),
]

QUERIES = [
    check("empty", ""),
    check("no-for-each", "PREDICT COUNT(orders.*, 0, 7, days) > 0"),
    check("misspelt-keyword", "PREDICT COUNT(orders.*, 0, 7, days) > 0 FRO EACH users.user_id"),
    check("unbalanced", "PREDICT COUNT(orders.*, 0, 7, days > 0 FOR EACH users.user_id"),
    check("open-quote", "PREDICT COUNT(orders.* WHERE orders.note = 'gift, 0, 7) > 0 FOR EACH users.user_id"),
    check("unknown-table", "PREDICT COUNT(order.*, 0, 7, days) > 0 FOR EACH users.user_id"),
    check("unknown-column", "PREDICT SUM(orders.amuont, 0, 7, days) FOR EACH users.user_id"),
    check("unknown-entity-column", "PREDICT COUNT(orders.*, 0, 7, days) > 0 FOR EACH users.id"),
    check("unknown-aggregation", "PREDICT TOTAL(orders.amount, 0, 7, days) FOR EACH users.user_id"),
    check("unknown-unit", "PREDICT SUM(orders.amount, 0, 7, fortnights) FOR EACH users.user_id"),
    check("half-a-day", "PREDICT SUM(orders.amount, 0, 0.5, days) FOR EACH users.user_id"),
    check("sum-of-text", "PREDICT SUM(orders.note, 0, 7, days) FOR EACH users.user_id"),
    check("rank-a-number", "PREDICT LIST_DISTINCT(orders.amount, 0, 7, days) RANK TOP 3 FOR EACH users.user_id"),
    check("no-rank", "PREDICT LIST_DISTINCT(orders.product_id, 0, 7, days) FOR EACH users.user_id"),
    check(
        "rank-top-zero", "PREDICT LIST_DISTINCT(orders.product_id, 0, 7, days) RANK TOP 0 FOR EACH users.user_id"
    ),
    check("rank-a-count", "PREDICT COUNT(orders.*, 0, 7, days) RANK TOP 3 FOR EACH users.user_id"),
    check("past-target", "PREDICT COUNT(orders.*, -7, 0, days) > 0 FOR EACH users.user_id"),
    check("endless-target", "PREDICT COUNT(orders.*, -INF, 7, days) > 0 FOR EACH users.user_id"),
    check("empty-window", "PREDICT COUNT(orders.*, 7, 7, days) > 0 FOR EACH users.user_id"),
    check("future-where", f"{CHURN} WHERE COUNT(orders.*, 0, 7, days) > 0"),
    check("past-assuming", f"{CHURN} ASSUMING COUNT(orders.*, -7, 0, days) > 0"),
    check("no-link", "PREDICT COUNT(warehouses.*, 0, 7, days) > 0 FOR EACH users.user_id"),
    check("window-without-time", "PREDICT COUNT(products.*, 0, 7, days) > 0 FOR EACH products.brand"),
    check("longer-than-data", "PREDICT COUNT(orders.*, 0, 5, years) > 0 FOR EACH users.user_id"),
    check("never", "PREDICT COUNT(orders.*, 0, 7, days) > 1000 FOR EACH users.user_id"),
    check("always", "PREDICT COUNT(orders.*, 0, 7, days) >= 0 FOR EACH users.user_id"),
    Case("query-nobody-asked", ("fit", "market", f"{CHURN} WHERE COUNT(orders.*, -7, 0) > 1000", "--out", "run")),
    Case("query-no-time-anywhere", ("check", "still", CHURN), untimed_market),
]

RUNS = [
    Case("run-not-there", ("evaluate", "runs/churn")),
    Case("run-not-a-run", ("predict", "market", "--at", "2024-03-25", "--out", "answers.parquet")),
    Case("run-damaged-manifest", ("evaluate", "run"), text("run/run.json", "{")),
    Case("run-of-the-future", ("evaluate", "run"), text("run/run.json", json.dumps({"format": 999}))),
    Case(
        "run-without-weights",
        ("predict", "run", "--at", "2024-03-25", "--out", "a.parquet"),
        lambda: spoil_model(),
    ),
    Case("run-already-there", ("fit", "market", CHURN, "--out", "run")),
    Case("run-in-the-way", ("fit", "market", CHURN, "--out", "market")),
    Case("run-predict-at-no-time", ("predict", "run", "--at", "Monday", "--out", "answers.parquet")),
    Case("run-predict-nothing", ("predict", "run", "--at", "2024-03-25", "--k", "0", "--out", "answers.parquet")),
    Case("run-evaluate-open-window", ("evaluate", "run", "--at", "2030-01-01")),
    Case("run-explain-unknown-entity", ("explain", "run", "--entity", "999999")),
    Case("run-explain-entity-of-other-type", ("explain", "run", "--entity", "Ann")),
    Case("run-explain-item-of-no-ranking", ("explain", "run", "--entity", "1", "--item", "3")),
    Case("run-explain-nobody", ("explain", "run")),
    Case("run-source-gone", ("predict", "run", "--at", "2024-03-25", "--out", "a.parquet"), lambda: gone_source()),
]

CASES = ARGUMENTS + SOURCES + GRAPH_FILES + QUERIES + RUNS


def spoil_model() -> None:
    """Take the weights and trees out of a run, and leave the rest."""
    spoilt = [f for f in Path("run").rglob("*") if f.suffix in (".safetensors", ".txt", ".arrow", ".npz")]
    assert spoilt
    for file in spoilt:
        file.unlink()


def gone_source() -> None:
    """Let the run say that its tables were where there is nothing now."""
    manifest = json.loads(Path("run/run.json").read_text(encoding="utf-8"))
    manifest["source"]["name"] = "gone/market"
    Path("run/run.json").write_text(json.dumps(manifest), encoding="utf-8")


def listing(folder: Path) -> dict[str, int]:
    """Every file below a folder, hidden ones too, with its size."""
    return {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input(
    case: Case, edgewise: Cli, small_market: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(small_market, "market")
    if case in RUNS:
        shutil.copytree(request.getfixturevalue("small_run"), "run")
    case.spoil()
    before = listing(tmp_path)
    done = edgewise(*case.arguments, "--quiet")
    assert (done.code, done.out) == (2, ""), done.out + done.err
    assert "Traceback" not in done.err
    assert listing(tmp_path) == before, "something half-written was left behind"
    golden, message = GOLDEN / f"{case.name}.txt", done.err.replace(str(tmp_path), "FOLDER")
    if UPDATE:
        golden.write_text(message, encoding="utf-8")
    assert message == golden.read_text(encoding="utf-8")


def test_the_table_is_long_enough_and_without_leftovers() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 40
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(names)


@pytest.mark.parametrize("case", [ARGUMENTS[0], SOURCES[1], QUERIES[5]], ids=lambda case: case.name)
def test_the_same_mistake_for_programs(case: Case, edgewise: Cli, small_market: Path) -> None:
    shutil.copytree(small_market, "market")
    done = edgewise(*case.arguments, "--json")
    assert done.code == 2
    error = done.document["error"]
    golden = (GOLDEN / f"{case.name}.txt").read_text(encoding="utf-8")
    assert golden.startswith(f"{error['type']}: {error['message']}")
    assert ("position" in error) == (error["type"] == "QueryError")
