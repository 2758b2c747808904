"""A project file read and checked: every complaint names the line and the key, and proposes."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from edgewise.decisions.project import rules
from edgewise.decisions.project.check import check
from edgewise.decisions.project.complaint import complaint, fields_of
from edgewise.decisions.project.file import DecidingFile, ProjectFile
from edgewise.decisions.project.marks import load
from edgewise.errors import ProjectError
from edgewise.schema.model import Schema

__all__ = ["RULES", "parse_deciding", "parse_project", "read_deciding", "read_project"]

_File = TypeVar("_File", bound=DecidingFile)

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
    return parse_project(_text(path), str(path), schema)


def read_deciding(path: str | Path) -> DecidingFile:
    """Read what batch decisions need of a project file, which may leave out whom it serves and with what.

    Raises:
        ProjectError: see `read_project`.
    """
    return parse_deciding(_text(path), str(path))


def parse_project(text: str, where: str, schema: Schema | None = None) -> ProjectFile:
    """A project file from its text; `where` names it in complaints.

    Raises:
        ProjectError: see `read_project`.
    """
    project = _parsed(text, where, ProjectFile)
    if schema is not None:
        check(project, schema, load(text, where))
    return project


def parse_deciding(text: str, where: str) -> DecidingFile:
    """What batch decisions need of a project file, from its text; a file with people or items is read whole.

    Raises:
        ProjectError: see `read_project`.
    """
    value = load(text, where).value
    serves = isinstance(value, dict) and not value.keys().isdisjoint(("people", "items"))
    return _parsed(text, where, ProjectFile if serves else DecidingFile)


def _parsed(text: str, where: str, model: type[_File]) -> _File:
    marked = load(text, where)
    if not isinstance(marked.value, dict):
        raise marked.error((), "a mapping is expected", fields_of(ProjectFile))
    try:
        return model.model_validate(marked.value)
    except ValidationError as error:
        raise complaint(error, marked, model) from error


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        hint = "edgewise serve RUN proposes one"
        raise ProjectError(f"the project file {path} cannot be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"the project file {path} is no UTF-8 text") from error
