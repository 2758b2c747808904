"""The pages of decisions: their list, a page each, exports, and what is damaged or hostile."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from decided_samples import HOSTILE, assort, forecast, match, notify, plain, trends, write_all
from fastapi.testclient import TestClient

from edgewise.decisions.decided.folder import MANIFEST, write_decided
from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.access import Access, Scope
from edgewise.serving.opening import Served, origins_of
from edgewise.serving.pages.decided.nouns import DECISIONS
from edgewise.serving.pages.origin import Origin

Showing = Callable[..., TestClient]


@pytest.fixture
def showing(client: TestClient) -> Showing:
    """A client of a service that shows a folder of decisions."""

    def show(folder: Path) -> TestClient:
        client.app.state.origins = {"main": Origin(decided=folder)}  # type: ignore[attr-defined]  # Starlette's own
        return client

    return show


def test_without_decisions_the_page_says_which_command_makes_them(
    client: TestClient, showing: Showing, tmp_path: Path
) -> None:
    for found in (client.get("/decisions").text, showing(tmp_path / "none").get("/decisions").text):
        assert all(f"edgewise {kind} project.yaml --out" in found for kind in DECISIONS)
        assert '<a href="/decisions" aria-current="page">' in found
    missing = client.get("/decisions/forecast")
    assert missing.status_code == 404
    assert "edgewise forecast" in missing.text


def test_the_list_says_what_was_expected_given_up_and_to_be_known(showing: Showing, tmp_path: Path) -> None:
    page = showing(write_all(tmp_path, plain("assort"))).get("/decisions").text
    assert "1,234 dollars" in page
    assert "1,000 to 1,500 dollars" in page
    assert "25%" in page
    assert "2017-11-06" in page
    assert "measured on weeks that nothing was fitted on" in page
    assert "which is no cause" in page
    assert "1 more to know" in page


def test_names_from_tables_are_shown_and_never_run(showing: Showing, tmp_path: Path) -> None:
    client = showing(write_all(tmp_path, plain()))
    for path in ("/decisions", "/decisions/other"):
        page = client.get(path).text
        assert "<script>document" not in page
        assert "&lt;script&gt;document" in page or path == "/decisions"
    assert "<script>document" not in client.get("/decisions/other/charts/gave-up.svg").text


def test_tables_and_charts_are_taken_along(showing: Showing, tmp_path: Path) -> None:
    client = showing(write_all(tmp_path, plain()))
    answer = client.get("/decisions/other/tables/first.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="other-first.csv"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[:2] == [["who", "n", "x"], ["ann", "1", "0.5"]]
    assert rows[2][0] == HOSTILE
    costs = list(csv.reader(io.StringIO(client.get("/decisions/other/charts/gave-up.csv").text)))
    assert costs[1] == ["space", "100.0"]
    picture = client.get("/decisions/other/charts/gave-up.svg")
    ElementTree.fromstring(picture.text)
    assert "script-src" not in picture.headers["content-security-policy"]
    assert picture.headers["content-type"].startswith("image/svg+xml")
    for wrong in ("tables/none.csv", "tables/first.txt", "charts/none.svg", "charts/gave-up.png", "charts/x"):
        assert client.get(f"/decisions/other/{wrong}").status_code == 404


@pytest.mark.parametrize("name", ["%2e%2e", "%2e%2e%2fother", "no", "a" * 500, "\u202e", "%00"])
def test_no_name_leads_out_of_the_folder(showing: Showing, tmp_path: Path, name: str) -> None:
    write_all(tmp_path, plain())
    assert showing(tmp_path / "inside").get(f"/decisions/{name}").status_code in (404, 422)


def test_a_damaged_decision_says_so(showing: Showing, tmp_path: Path) -> None:
    write_all(tmp_path, plain("match"))
    (tmp_path / "match" / "first.parquet").write_bytes(b"no parquet")
    client = showing(tmp_path)
    assert client.get("/decisions").status_code == 200
    page = client.get("/decisions/match")
    assert page.status_code == 409
    assert "is damaged" in page.text
    (tmp_path / "match" / MANIFEST).write_text("{")
    assert "cannot be read</span>" in client.get("/decisions").text
    assert "cannot be read as JSON" in client.get("/decisions/match").text


def test_the_latest_of_a_kind_answers_to_its_name_and_a_new_one_is_seen_at_once(
    showing: Showing, tmp_path: Path
) -> None:
    write_decided(plain("trends"), tmp_path / "week 45")
    client = showing(tmp_path)
    assert "week 45" in client.get("/decisions/trends").text
    assert client.get("/decisions/week%2045").status_code == 200
    write_decided(plain("trends", "second"), tmp_path / "week 45")
    assert client.get("/decisions/week%2045/tables/second.csv").status_code == 200


def test_a_decision_whose_tables_are_others_is_shown_as_tables(showing: Showing, tmp_path: Path) -> None:
    client = showing(write_all(tmp_path, *(plain(kind) for kind in DECISIONS)))
    for kind in DECISIONS:
        page = client.get(f"/decisions/{kind}?store=x&x={'y' * 300}")
        assert page.status_code == 200
        assert "tables/first.csv" in page.text


def test_decisions_are_for_administrators(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    access = Access(tmp_path / "keys.json")
    client = client_of(access=access)
    client.app.state.origins = {"main": Origin(decided=write_all(tmp_path / "made", plain()))}  # type: ignore[attr-defined]  # Starlette's own
    assert client.get("/decisions", follow_redirects=False).headers["location"] == "/sign-in?next=/decisions"
    for scope in (Scope.READ, Scope.ADMIN):
        key = access.add("main", [scope])
        signed = client.post(
            "/sign-in", data={"key": key, "next": "/decisions"}, headers={"Origin": "http://localhost"}
        )
        assert ("What predictions were turned into" in signed.text) == (scope is Scope.ADMIN)


@pytest.mark.parametrize("make", [assort, forecast, match, notify, trends], ids=lambda make: make.__name__)
def test_every_page_shows_its_charts_and_every_chart_is_taken_along(
    showing: Showing, tmp_path: Path, make: Callable[[], Decided]
) -> None:
    decided = make()
    client = showing(write_all(tmp_path, decided))
    page = client.get(f"/decisions/{decided.decision}").text
    assert "cannot be shown with charts" not in page
    assert "<script>document" not in page
    charts = set(re.findall(r'id="chart-([\w-]+)"', page))
    assert len(charts) >= 2
    for name in charts:
        assert list(csv.reader(io.StringIO(client.get(f"/decisions/{decided.decision}/charts/{name}.csv").text)))
        ElementTree.fromstring(client.get(f"/decisions/{decided.decision}/charts/{name}.svg").text)


def test_what_is_looked_at_is_in_the_address(showing: Showing, tmp_path: Path) -> None:
    client = showing(write_all(tmp_path, assort(), forecast(), notify(), trends()))
    assert "Store 446 carries 30 articles" in client.get("/decisions/assort?store=446").text
    node = client.get("/decisions/forecast", params={"level": "store × category", "node": "446 · DELI"}).text
    assert "Demand: 446 · DELI" in node
    assert "Demand of everything" in client.get("/decisions/forecast?level=none&node=none").text
    assert "SUN CARE falls" in client.get("/decisions/trends?direction=falls").text
    picture = client.get("/decisions/forecast/charts/demand.csv", params={"level": "store", "node": "21"}).text
    assert picture.splitlines()[0] == 'week,sold,forecast,"forecast, low","forecast, high"'


def test_a_point_of_the_curve_is_held_against_the_decision_as_it_was_made(
    showing: Showing, tmp_path: Path
) -> None:
    client = showing(write_all(tmp_path, notify()))
    assert "This is the decision as it was made" in client.get("/decisions/notify").text
    other = client.get("/decisions/notify?point=2").text
    assert "−250 dollars" in other
    assert "--set care=2<" in other
    for odd in ("-1", "99", "x", "1e9", ""):
        assert client.get("/decisions/notify", params={"point": odd}).status_code == 200
    alone = client.get("/decisions/notify", params={"user": "nobody"}).text
    assert "Nothing goes to the user nobody" in alone


def test_the_folder_is_the_one_that_the_project_file_names(tmp_path: Path) -> None:
    project = tmp_path / "project.yaml"
    project.write_text("name: shop\nsource: shop\ndecisions: {folder: ../what was decided}\n", encoding="utf-8")
    run = tmp_path / "runs" / "first"
    run.mkdir(parents=True)
    source = {"name": "completejourney", "dialect": "duckdb"}
    (run / "run.json").write_text(json.dumps({"format": 1, "task": {}, "source": source}), encoding="utf-8")
    named = origins_of([Served("main", project, (run,), tmp_path), Served("other", None, (run,), tmp_path)])
    assert named["main"].decided == (tmp_path.parent / "what was decided").resolve()
    assert named["main"].subject == str(project)
    assert named["other"].decided == tmp_path / "runs" / "decided"
    assert named["other"].subject == "completejourney"
