"""A project file read and checked: every complaint names the line and the key, and proposes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from edgewise.decisions.project import file, rules
from edgewise.decisions.project.check import check
from edgewise.decisions.project.file import ProjectFile
from edgewise.decisions.project.marks import Marked, Place, load
from edgewise.errors import ProjectError, proposal
from edgewise.schema.model import Schema

__all__ = ["RULES", "parse_project", "read_project"]

#: The models of rules, by the word in `rule`.
RULES: Final[dict[str, type[BaseModel]]] = {
    "age": rules.AgeEntry,
    "boost": rules.BoostEntry,
    "exclude": rules.ExcludeEntry,
    "filter": rules.FilterEntry,
    "pin": rules.PinEntry,
    "quota": rules.QuotaEntry,
    "region": rules.RegionEntry,
    "stock": rules.StockEntry,
}


def read_project(path: str | Path, schema: Schema | None = None) -> ProjectFile:
    """Read a project file; names of tables and columns are checked where a schema is given.

    Raises:
        ProjectError: it cannot be read, is no YAML, has fields or names that do not exist or values of the wrong
            type; the message names file, line and key.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        hint = "edgewise serve RUN proposes one"
        raise ProjectError(f"the project file {path} cannot be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"the project file {path} is no UTF-8 text") from error
    return parse_project(text, str(path), schema)


def parse_project(text: str, where: str, schema: Schema | None = None) -> ProjectFile:
    """A project file from its text; `where` names it in complaints.

    Raises:
        ProjectError: see `read_project`.
    """
    marked = load(text, where)
    if not isinstance(marked.value, dict):
        raise marked.error((), "a mapping is expected", _fields(ProjectFile))
    try:
        project = ProjectFile.model_validate(marked.value)
    except ValidationError as error:
        raise _complaint(error, marked) from error
    if schema is not None:
        check(project, schema, marked)
    return project


def _complaint(error: ValidationError, marked: Marked) -> ProjectError:
    """The first complaint of pydantic in the voice of this project."""
    # A misspelt field is both missing and one too many: the latter says more.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    kind, place, context = first["type"], _written(first["loc"], marked.value), first.get("ctx", {})
    if kind == "extra_forbidden":
        owner = _model_at(ProjectFile, place[:-1], marked.value)
        hint = proposal(str(place[-1]), owner.model_fields, _fields(owner)) if owner else None
        return marked.error(place, "there is no such field", hint)
    if kind == "missing":
        owner = _model_at(ProjectFile, place[:-1], marked.value)
        about = owner.model_fields[str(place[-1])].description if owner else None
        return marked.error(place, "is missing", about)
    if kind in ("union_tag_invalid", "literal_error"):
        names = (
            str(context.get("expected_tags", context.get("expected", ""))).replace("'", "").replace(" or ", ", ")
        )
        known = [n.strip() for n in names.split(",")]
        found = str(context.get("tag", first["input"]))
        place = (*place, "rule") if kind == "union_tag_invalid" else place
        return marked.error(
            place, f"there is no '{found}' here", proposal(found, known, f"one of: {', '.join(known)}")
        )
    if kind == "union_tag_not_found":
        return marked.error((*place, "rule"), "is missing", "it says what kind of rule it is: filter, quota, …")
    return marked.error(place, first["msg"].lower(), f"found {first['input']!r}")


def _written(loc: tuple[int | str, ...], value: Any) -> Place:
    """The place as the file has it: without the tags that pydantic puts in for rules."""
    place: list[str | int] = []
    for i, part in enumerate(loc):
        inside = (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int))
        if inside:
            value = value[part]
            place.append(part)
        elif i == len(loc) - 1 or not (isinstance(value, dict) and value.get("rule") == part):
            place.append(part)
    return tuple(place)


def _model_at(model: type[BaseModel], place: Place, value: Any) -> type[BaseModel] | None:
    """The model that a place of the file belongs to."""
    if not place:
        return model
    if place[0] == "rules":
        return RULES.get(str(value["rules"][place[1]].get("rule")))
    known: dict[tuple[str, int], type[BaseModel]] = {
        ("people", 1): file.PeopleEntry,
        ("items", 2): file.ItemEntry,
        ("collections", 2): file.CollectionEntry,
        ("surfaces", 1): file.SurfacesEntry,
    }
    if place[0] == "surfaces" and len(place) > 1:
        nested: dict[str, type[BaseModel]] = {"home": file.HomeEntry, "playlists": file.ListsEntry}
        return file.ShelfEntry if "show" in place else nested.get(str(place[1]))
    return known.get((str(place[0]), len(place)))


def _fields(model: type[BaseModel]) -> str:
    return f"fields: {', '.join(model.model_fields)}"
