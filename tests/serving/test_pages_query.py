"""The page of queries, and fits in the background, over a small world."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from serving_shop import schema

import edgewise as ew
from edgewise.errors import UserError
from edgewise.graph.manifest import schema_to_json
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.fits import Fits
from edgewise.serving.pages.fitting import main as fit_in_process
from edgewise.serving.pages.labels import chart, label_shape
from edgewise.serving.pages.origin import Origin
from edgewise.serving.pages.query import checked, words_of

HERE = {"Origin": "http://localhost"}
CHURN = "PREDICT COUNT(transactions.*, 0, 14, days) = 0 FOR EACH customers.customer_id"
VALID = "PREDICT COUNT(listens.*, 0, 7, days) FOR EACH users.user_id"


def test_a_query_is_checked_without_its_data(client: TestClient) -> None:
    assert checked(VALID, schema())["valid"]
    wrong = client.get("/query/check.json", params={"text": VALID.replace("listens", "listen")}).json()
    assert not wrong["valid"]
    assert VALID[wrong["start"] : wrong["end"]] == "listen"
    assert "listens" in wrong["hint"]
    for text in ("", " ", "PREDICT", "\0", "é" * 5_000, "PREDICT " + "(" * 3_000):
        assert client.get("/query/check.json", params={"text": text}).json()["valid"] is False


def test_words_are_those_of_the_schema(client: TestClient) -> None:
    known = client.get("/query/words.json").json()
    assert known == words_of(schema())
    assert known["tables"]["listens"]["columns"]["seconds"] == "numerical"
    assert {"COUNT", "LIST_DISTINCT"} <= set(known["functions"])


def test_models_without_runs_have_no_labels_and_no_fits(client: TestClient) -> None:
    assert client.post("/query/labels", data={"text": VALID}, headers=HERE).status_code == 409
    assert client.post("/query/fit", data={"text": VALID, "name": "x"}, headers=HERE).status_code == 409
    page = client.post("/query/labels", data={"text": "PREDICT x"}, headers=HERE)
    assert page.status_code == 200
    assert "<mark>" in page.text
    assert client.get("/query/fits/none").status_code == 404


def test_labels_by_anchor_have_their_parts_and_a_chart() -> None:
    with ew.open("shop") as db:
        shape = label_shape(db, CHURN)
        still = label_shape(db, "PREDICT customers.city FOR EACH customers.customer_id")
    assert shape.measure == "share of true labels"
    assert [at.part for at in shape.anchors[-2:]] == ["validation", "test"]
    assert {at.part for at in shape.anchors[:-2]} == {"train"}
    assert all(0 <= at.value <= 1 for at in shape.anchors)
    drawn = chart(shape)
    assert drawn.count("<rect") == len(shape.anchors)
    assert still.anchors == []


def waiting(seconds: float) -> Callable[[Sequence[str]], list[str]]:
    """Stands for a fit that says something and takes a while."""
    script = f"import time; print('begun', flush=True); time.sleep({seconds})"
    return lambda _: [sys.executable, "-c", script]


def test_fits_go_one_at_a_time_and_end_with_the_service(tmp_path: Path) -> None:
    origin = Origin((tmp_path / "runs" / "first",), tmp_path / "state")
    (tmp_path / "runs" / "taken").mkdir(parents=True)
    (tmp_path / "runs" / "taken" / "file").touch()
    fits = Fits(waiting(60))
    for name, budget in (("../up", "1m"), ("", "1m"), ("-x", "1m"), ("taken", "1m"), ("x", "soon"), ("x", "9h")):
        with pytest.raises(UserError):
            fits.start("main", origin, name, CHURN, budget)
    begun = fits.start("main", origin, "second", CHURN, "1m")
    with pytest.raises(Refusal, match="another fit"):
        fits.start("main", origin, "third", CHURN, "1m")
    end = time.monotonic() + 20
    while begun.lines != ["begun"] and time.monotonic() < end:
        time.sleep(0.02)
    assert (begun.state, begun.lines) == ("running", ["begun"])
    with pytest.raises(Refusal, match="no fit"):
        fits.named("other", "second")
    fits.stop("main", "second")
    assert begun.state == "failed"
    again = fits.start("main", origin, "third", CHURN, "1m")
    fits.close()
    assert again.process.returncode is not None
    assert [fit.name for fit in fits.of("main")] == ["third", "second"]


def test_a_fit_reads_the_tables_of_the_run_it_belongs_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ew.open("shop") as db:
        (tmp_path / "schema.json").write_text(json.dumps(schema_to_json(db.schema)))
    (tmp_path / "run.json").write_text(
        json.dumps({"format": 1, "task": {}, "source": {"name": "shop", "dialect": "duckdb"}})
    )
    wrong = CHURN.replace("transactions", "transaction")
    assert fit_in_process([str(tmp_path), wrong, str(tmp_path / "out"), "10s"]) == 2
    said = capsys.readouterr().err
    assert "opening the tables" in said
    assert "did you mean transactions?" in said
    assert not (tmp_path / "out").exists()
