"""From the name of a decision and a project or source to what is decided; settings and how they complain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import edgewise as ew
from edgewise.cli.deciding import decided as command
from edgewise.clock import to_micros
from edgewise.decisions.decided.folder import read_decided
from edgewise.decisions.deciding import latest_of
from edgewise.errors import ArgumentError, ProjectError, SchemaError

pytestmark = pytest.mark.usefixtures("counting")


def test_from_a_source_a_project_and_an_open_database(tmp_path: Path) -> None:
    (tmp_path / "project.yaml").write_text("name: chain\nsource: shop\n")
    with ew.open("shop") as database:
        latest = latest_of(database)
        for where in ("shop", tmp_path, tmp_path / "project.yaml", database):
            found = ew.decide("count", where)
            assert found.settings == {"table": "products", "most": 3, "costs": {"late": 1.0}}
            assert found.tables["counted"].num_rows == 3
            assert found.at == latest
        assert ew.decide("count", database, at="2023-06-01").at == to_micros("2023-06-01")


def test_tables_that_end_before_the_moment_are_told() -> None:
    assert ew.decide("count", "shop").notes == ("These are the first ones.",)
    assert ew.decide("count", "shop", at="2023-06-01").notes == ("These are the first ones.",)
    late = ew.decide("count", "shop", at="2024-01-31").notes[-1]
    assert late == "The tables end at 2023-12-31 21:40:00, 30 days before the moment of the decision."


def test_a_project_s_source_and_graph_are_seen_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "products.csv").write_text("product_id,name\n1,a\n2,b\n")
    (tmp_path / "graph.yaml").write_text("tables: {products: {key: product_id}}\n")
    (tmp_path / "project.yaml").write_text("name: chain\nsource: tables\ngraph: graph.yaml\n")
    assert ew.decide("count", tmp_path, at="2026-01-01").tables["counted"].num_rows == 2
    with pytest.raises(ArgumentError, match="no row has a time, so there is no latest moment"):
        ew.decide("count", tmp_path)


def test_settings_go_over_what_is_proposed() -> None:
    found = ew.decide("count", "shop", most=2, **{"costs.late": 7})
    assert found.settings == {"table": "products", "most": 2, "costs": {"late": 7.0}}
    assert ew.decide("count", "shop", costs={"late": 2}).settings["costs"] == {"late": 2.0}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"mots": 2}, "settings: mots: there is no such field\nhint: did you mean most or costs?"),
        ({"most": 0}, "settings: most: input should be greater than or equal to 1\nhint: found 0"),
        ({"costs.lat": 2}, "settings: costs.lat: there is no such field\nhint: did you mean late?"),
        ({"costs.late": "much"}, "settings: costs.late: input should be a valid number"),
        ({"most.of": 2}, "settings: most: input should be a valid integer"),
    ],
)
def test_settings_that_are_wrong(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        ew.decide("count", "shop", **settings)
    assert says in str(caught.value)


def test_what_the_tables_lack_the_settings_may_say(tmp_path: Path) -> None:
    (tmp_path / "things.csv").write_text("thing_id,seen_at\n1,2024-01-01\n2,2024-02-01\n")
    with pytest.raises(SchemaError, match="there are no products to count"):
        ew.decide("count", tmp_path, most=1)
    assert ew.decide("count", tmp_path, table="things", most=1).tables["counted"].num_rows == 1


def test_an_unknown_decision() -> None:
    with pytest.raises(ArgumentError, match="there is no decision 'cuont'\nhint: did you mean count"):
        ew.decide("cuont", "shop")


def run(where: str | Path, out: Path | None, *settings: str, as_json: bool = True) -> None:
    command("count", str(where), out, None, settings, as_json=as_json, quiet=True)


def test_the_command_writes_a_folder_and_says_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("shop", tmp_path / "out", "most=2", "costs={late: 3}")
    said = json.loads(capsys.readouterr().out)
    assert said["tables"]["counted"] == {
        "rows": 2,
        "columns": read_decided(tmp_path / "out").tables["counted"].column_names,
    }
    assert said["settings"]["costs"] == {"late": 3.0}
    run("shop", tmp_path / "out", as_json=False)
    shown = capsys.readouterr().out
    assert "rows: 3 rows [1, 5] (90% interval), basis: held out" in shown
    assert "most: 117 rows, binding in 1 place\n" in shown
    assert "others (1 rows)" in shown
    assert len(read_decided(tmp_path / "out").tables["counted"]) == 3


def test_a_project_says_where_decisions_are_kept(tmp_path: Path) -> None:
    (tmp_path / "project.yaml").write_text("name: chain\nsource: shop\ndecisions: {folder: out}\n")
    run(tmp_path, None)
    assert read_decided(tmp_path / "out" / "count").decision == "count"
    with pytest.raises(ArgumentError, match="--out is missing\nhint: name a folder: --out count"):
        run("shop", None)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("most", "--set most: KEY=VALUE is expected"),
        ("most=[1", "--set most=[1: "),
        ("mots=1", "--set: mots: there is no such field\nhint: did you mean most or costs?"),
    ],
)
def test_settings_of_the_command_that_are_wrong(setting: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        run("shop", tmp_path / "out", setting)
    assert says in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_project_file_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "project.yaml").write_text("name: chain\nsource: shop\ndecisions: {fodler: out}\n")
    with pytest.raises(
        ProjectError, match=r"line 3: decisions.fodler: there is no such field\nhint: did you mean fold"
    ):
        run(tmp_path, None)
