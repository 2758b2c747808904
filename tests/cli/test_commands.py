"""Each command on the small tables: what it writes, to which stream, and as which columns."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

Cli = Callable[..., Any]
CHURN = "PREDICT COUNT(orders.*, 0, 7, days) = 0 FOR EACH users.user_id"


@pytest.fixture
def here(edgewise: Cli, small_market: Path) -> Cli:
    """The command line in a folder that holds the small tables."""
    shutil.copytree(small_market, "market")
    return edgewise


def test_inspect_shows_everything_with_its_reason(here: Cli) -> None:
    done = here("inspect", "market", "--quiet")
    assert (done.code, done.err) == (0, "")
    assert max(len(line.rstrip()) for line in done.out.splitlines()) <= 80
    for text in ("orders.user_id", "→ users", "time ordered_at", "→ products", "warehouse_id"):
        assert text in done.out


def test_inspect_as_json(here: Cli) -> None:
    document = here("inspect", "market", "--json", "--quiet").document
    assert [table["name"] for table in document["tables"]] == ["orders", "products", "users", "warehouses"]
    links = {(link["table"], link["column"], link["to"]) for link in document["links"]}
    assert links == {("orders", "user_id", "users"), ("orders", "product_id", "products")}
    assert all(column["reason"] for table in document["tables"] for column in table["columns"])


def test_a_written_graph_file_says_the_same(here: Cli) -> None:
    found = here("inspect", "market", "--write", "graph.yaml", "--json", "--quiet").document
    again = here("inspect", "market", "--graph", "graph.yaml", "--json", "--quiet").document
    assert again["links"]
    assert [link["to"] for link in again["links"]] == [link["to"] for link in found["links"]]
    assert [(t["name"], t["key"], t["time"]) for t in again["tables"]] == [
        (t["name"], t["key"], t["time"]) for t in found["tables"]
    ]


def test_check_says_what_a_query_means(here: Cli) -> None:
    document = here("check", "market", CHURN, "--json", "--quiet").document
    assert (document["kind"], document["entity"]) == ("binary", "users")
    assert "SELECT" in document["sql"]
    assert document["train"] == sorted(document["train"])
    assert document["train"][-1] < document["validation"] < document["test"]
    assert "SELECT" not in here("check", "market", CHURN, "--no-sql", "--quiet").out


def test_check_names_no_anchors_where_there_is_no_window(here: Cli) -> None:
    done = here("check", "market", "PREDICT products.price FOR EACH products.product_id", "--no-sql", "--quiet")
    assert done.code == 0
    assert "anchor" not in done.out
    assert "labels, all" in done.out


def test_labels_at_several_times(here: Cli) -> None:
    done = here("labels", "market", CHURN, "--at", "2024-03-01", "--at", "2024-03-08", "--out", "l/labels.parquet")
    assert done.code == 0
    assert "Wrote 80 labels" in done.err
    table = pq.read_table("l/labels.parquet")
    assert table.column_names == ["entity", "anchor_time", "target"]
    assert table.num_rows == 80


def test_a_run_evaluates_predicts_and_explains(here: Cli, small_run: Path) -> None:
    report = here("evaluate", small_run, "--json", "--quiet").document
    assert report["primary"] == "auroc"
    done = here("predict", small_run, "--at", "2024-03-30", "--out", "answers.parquet", "--json", "--quiet")
    assert done.document == {
        "out": "answers.parquet",
        "rows": 40,
        "columns": ["entity", "anchor_time", "prediction", "probability"],
    }
    assert pq.read_table("answers.parquet").column_names == done.document["columns"]
    why = here("explain", small_run, "--entity", "7", "--json", "--quiet").document
    assert why["entity"] == 7
    assert why["sentence"]
    text = here("explain", small_run, "--entity", "7", "--quiet")
    assert why["sentence"].split()[0] in text.out
    assert text.err == ""


def test_a_run_folder_holds_text_and_tensors_only(small_run: Path) -> None:
    assert json.loads((small_run / "run.json").read_text("utf-8"))["question"] == {"query": CHURN}
    endings = {file.suffix for file in small_run.rglob("*") if file.is_file()}
    assert endings <= {".json", ".html", ".arrow", ".txt", ".safetensors"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["PREDICT COUNT(order.*, 0, 7, days) FOR EACH users.user_id"], "there is no table 'order'"),
        ([CHURN, "--budget", "soon"], "'soon' is no time budget"),
        ([CHURN, "--out", "market"], "market"),
    ],
)
def test_a_mistake_is_told_before_the_graph_is_built(
    here: Cli, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: str
) -> None:
    monkeypatch.setenv("EDGEWISE_CACHE", "cache")
    done = here("fit", "market", *arguments, *([] if "--out" in arguments else ["--out", "run"]))
    assert done.code == 2
    assert error in done.err
    assert not list(Path("cache").rglob("manifest.json"))
