"""A project as the text of its file, with a word on each line that a person may want to change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel

from edgewise.decisions.project.defaults import default_shelves
from edgewise.decisions.project.file import ProjectFile
from edgewise.errors import ProjectError

__all__ = ["project_text", "write_project"]

_HEAD: Final = """\
# What is served to whom. Names are tables and columns; a column is the table's own, or table.column of one that
# it links to. Delete a line to have its default again.
"""
_RULES: Final = """\
# What may be shown, and what comes first, for example:
#   - {name: in stock, kind: products, rule: stock, column: stock}
#   - {name: no repeats, kind: products, rule: exclude, what: taken, days: 7}
#   - {name: three a brand, kind: products, rule: quota, per: supplier, most: 3, of: page}
"""


def project_text(project: ProjectFile) -> str:
    """The text of a file that reads as this project; the shelves that it chooses from are spelt out."""
    home = project.surfaces.home
    if not home.show:
        home = home.model_copy(update={"show": default_shelves(project)})
        project = project.model_copy(update={"surfaces": project.surfaces.model_copy(update={"home": home})})
    body = _plain(project)
    body.setdefault("rules", [])
    return _HEAD + "".join(_lines(body))


def write_project(project: ProjectFile, path: str | Path) -> None:
    """Write a project file.

    Raises:
        ProjectError: it cannot be written.
    """
    try:
        Path(path).write_text(project_text(project), encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"the project file {path} cannot be written: {error.strerror}") from error


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(exclude_defaults=True)


def _lines(body: dict[str, Any]) -> Iterator[str]:
    for field, value in body.items():
        if field == "surfaces":
            yield "surfaces:\n"
            yield from _surfaces(value)
        elif field == "rules":
            yield _RULES
            yield "rules:" + (" []\n" if not value else "\n" + "".join(f"  - {_flow(rule)}\n" for rule in value))
        else:
            yield yaml.safe_dump({field: value}, sort_keys=False, allow_unicode=True, width=110)


def _surfaces(value: dict[str, Any]) -> Iterator[str]:
    home = dict(value.get("home", {}))
    show = home.pop("show", [])
    yield "  home:\n"
    yield from (f"    {key}: {_flow(setting)}\n" for key, setting in home.items())
    yield "    show:  # the shelves that a page chooses from\n"
    yield from (f"      - {_flow(shelf)}\n" for shelf in show)
    if "playlists" in value:
        yield f"  playlists: {_flow(value['playlists'])}\n"


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")
