"""The project files of the docs fit the worlds that they are about; a proposed project reads as itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import edgewise
from edgewise.decisions.project.propose import propose
from edgewise.decisions.project.read import parse_project
from edgewise.decisions.project.text import project_text, write_project
from edgewise.errors import ProjectError

PAGE = Path(__file__).parents[2] / "docs" / "project-file.md"
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


WORLDS = [
    pytest.param(EXAMPLES[0], "completejourney", marks=pytest.mark.slow),  # its schema takes a while to infer
    (EXAMPLES[1], "streaming?listeners=60&weeks=4"),
]


@pytest.mark.parametrize(("text", "world"), WORLDS)
def test_examples_fit_their_worlds(text: str, world: str) -> None:
    with edgewise.open(world) as db:
        project = parse_project(text, "project.yaml", db.schema)
    assert parse_project(project_text(project), "again", db.schema) == parse_project(project_text(project), "b")


def test_a_proposed_project_reads_as_itself(world, tmp_path: Path) -> None:
    made = propose(
        world.schema, "listeners", {"tracks": "listens", "artists": "follows", "podcasts": "podcast_listens"},
        source="streaming", name="music", runs={"tracks": "runs/tracks"},
    )  # fmt: skip
    text = project_text(made)
    assert parse_project(text, "project.yaml", world.schema).items == made.items
    assert project_text(parse_project(text, "project.yaml", world.schema)) == text
    tracks = made.items["tracks"]
    assert (tracks.title, tracks.creator, tracks.category) == (["title"], "artists.name", "genre")
    assert (tracks.did, tracks.follow, tracks.duration) == ("listened to", "follow", "seconds")
    assert made.people.age == "age"
    write_project(made, tmp_path / "project.yaml")
    with pytest.raises(ProjectError, match="cannot be written"):
        write_project(made, tmp_path / "nowhere" / "project.yaml")
