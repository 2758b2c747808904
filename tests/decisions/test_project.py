"""The project file: what it may say, and how it complains."""

from __future__ import annotations

import re

import pytest

from edgewise.decisions.project.read import parse_deciding, parse_project, read_project
from edgewise.errors import ProjectError


def complaint(text: str, schema: object) -> str:
    with pytest.raises(ProjectError) as caught:
        parse_project(text, "project.yaml", schema)  # type: ignore[arg-type]  # a Schema
    return str(caught.value)


def rule(body: str) -> tuple[str, str]:
    """Nothing of the file changes but a rule that is added."""
    return "", f"rules:\n  - {body}\n"


CASES = [
    (
        ("source: streaming", "sauce: streaming"),
        "line 3: sauce: there is no such field\nhint: did you mean source",
    ),
    (
        ("    title: title\n    creator", "    creator"),
        "items.tracks.title: is missing\nhint: The column with a thing's",
    ),
    (
        ("title: title\n    creator", "title: titel\n    creator"),
        "line 8: items.tracks.title: table 'tracks' has no column 'titel'\nhint: did you mean title?",
    ),
    (
        ("artists.name", "artist.name"),
        "items.tracks.creator: there is no table 'artist'\nhint: did you mean artists",
    ),
    (("artists.name", "podcasts.title"), "'tracks' has no link to 'podcasts'\nhint: 'tracks' links to: artists"),
    (
        ("table: listeners", "table: listener"),
        "people.table: 'listener' is no table\nhint: did you mean listeners",
    ),
    (("released: released_at", "released: genre"), "'genre' is a text, not a time"),
    (("age: age", "age: country"), "people.age: 'country' is a text, not a number"),
    (
        ("links: playlist_tracks", "links: listens"),
        "collections.playlists.links: 'listens' has no link to 'playlists'",
    ),
    (("items: tracks}", "items: track}"), "'track' is no kind of things\nhint: did you mean tracks"),
    (("shelves: 6", "shelves: many"), "surfaces.home.shelves: input should be a valid integer"),
    (("shelves: 6", "shelfs: 6"), "there is no such field\nhint: did you mean shelves?"),
    (
        ("shelves: 6", "show: [{shelf: becuase, kind: tracks}]"),
        "there is no 'becuase' here\nhint: did you mean because?",
    ),
    (
        ("shelves: 6", "show: [{shelf: new_from, kind: podcasts}]"),
        "'podcasts' has no creator\nhint: give items.podcasts.creator",
    ),
    (
        rule("{name: a, kind: tracks, rule: filtre, where: x}"),
        "there is no 'filtre' here\nhint: did you mean filter?",
    ),
    (rule("{name: a, kind: tracks, where: x}"), "rules.0.rule: is missing"),
    (rule("{name: a, kind: tracks, rule: filter}"), "rules.0.where: is missing"),
    (rule("{name: a, kind: tracks, rule: filter, when: x}"), "rules.0.when: there is no such field"),
    (
        rule("{name: a, kind: tracks, rule: quota, per: supplier, most: 0}"),
        "rules.0.most: input should be greater",
    ),
    (rule("{name: a, kind: podcasts, rule: quota, per: supplier, most: 2}"), "'podcasts' has no supplier"),
    (
        rule("{name: a, kind: tracks, rule: stock, column: stocks}"),
        "no column 'stocks'\nhint: did you mean stock?",
    ),
    (rule("{name: a, kind: tracks, rule: pin, where: tracks.stock > 0, shelf: foryou}"), "did you mean for_you?"),
    (
        rule("{name: a, kind: tracks, rule: filter, where: tracks.temp > 3}"),
        "rules.0.where: table 'tracks' has no column 'temp'\n"
        "  tracks.temp > 3\n         ^^^^\nhint: did you mean tempo?",
    ),
]


@pytest.mark.parametrize(("change", "says"), CASES, ids=[c[1][:40] for c in CASES])
def test_mistakes_point_and_propose(change: tuple[str, str], says: str, project_text: str, world) -> None:
    old, new = change
    text = project_text.replace(old, new, 1) if old else project_text + new
    found = complaint(text, world.schema)
    assert says in found
    assert re.match(r"project\.yaml, line \d+: ", found)


def test_a_line_that_is_not_yaml_and_a_key_written_twice(world, project_text: str) -> None:
    assert complaint("name: [", world.schema).startswith("project.yaml, line 1, column")
    twice = complaint(project_text + "name: other\n", world.schema)
    assert "name: is written twice" in twice
    assert complaint("- a\n", world.schema).startswith("project.yaml, line 1: a mapping is expected")


def test_two_rules_of_one_name(world, project_text: str) -> None:
    one = "  - {name: a, kind: tracks, rule: stock, column: stock}\n"
    assert "two rules are called 'a'" in complaint(project_text + "rules:\n" + one + one, world.schema)


def test_rules_on_people_need_the_column_of_people(world, project_text: str) -> None:
    text = project_text.replace(", age: age", "") + (
        "rules:\n  - {name: adults, kind: tracks, rule: age, column: least_age}\n"
    )
    assert "the age of people is not known" in complaint(text, world.schema)


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(ProjectError, match="cannot be read: No such file"):
        read_project(tmp_path / "project.yaml")


def test_without_a_schema_names_are_not_looked_up(project_text: str) -> None:
    parse_project(project_text.replace("table: listeners", "table: nobody"), "project.yaml")


def test_what_decides_without_serving_says_neither_people_nor_items(project_text: str) -> None:
    small = parse_deciding("name: shop\nsource: shop\ndecisions: {folder: out}\n", "project.yaml")
    assert (small.name, small.decisions.folder) == ("shop", "out")
    assert parse_deciding(project_text, "project.yaml").name == "music"
    with pytest.raises(ProjectError, match=r"line 3: decisions.folders: there is no such field"):
        parse_deciding("name: shop\nsource: shop\ndecisions: {folders: out}\n", "project.yaml")
    with pytest.raises(ProjectError, match=r"line 1: items: is missing"):
        parse_deciding("name: shop\nsource: shop\npeople: {table: customers}\n", "project.yaml")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{assort: {sale: x}}", "decisions.assort.sale: there is no such field\nhint: did you mean sales"),
        ("{asort: {}}", "decisions.asort: there is no such field\nhint: did you mean assort?"),
        ("{assort: {sales: s}}", "decisions.assort.store: is missing\nhint: Its column that says in which store"),
        (
            "{assort: {sales: s, store: s, article: a, days: soon}}",
            "decisions.assort.days: input should be a valid",
        ),
        (
            "{assort: {sales: s, store: s, article: a, suppliers: {A: {lest: 1}}}}",
            "decisions.assort.suppliers.A.lest: there is no such field\nhint: did you mean least",
        ),
        (
            "{notify: {users: {tabel: u}}}",
            "decisions.notify.users.tabel: there is no such field\nhint: did you mean table",
        ),
    ],
)
def test_mistakes_in_the_sections_of_decisions_point_too(entry: str, says: str) -> None:
    with pytest.raises(ProjectError) as caught:
        parse_deciding(f"name: shop\nsource: shop\ndecisions: {entry}\n", "project.yaml")
    assert f"project.yaml, line 3: {says}" in str(caught.value)
