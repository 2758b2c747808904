"""What a graph folder says about itself: one JSON file, written last, read first."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from edgewise.errors import RunError
from edgewise.schema.model import Clock, Column, Link, Problem, Schema, Table
from edgewise.stypes import SType

__all__ = ["FORMAT", "LinkEntry", "Manifest", "TableEntry", "fingerprint_of", "schema_from_json", "schema_to_json"]

#: Changes with the files' layout; a folder of another format is refused.
FORMAT: Final = 2
_NAME: Final = "manifest.json"


@dataclass(slots=True)
class TableEntry:
    """One table in its folder. `unkeyed` rows have a null key or one that an earlier row owns."""

    folder: str
    rows: int
    ordered: bool  # times ascend with row ids
    columns: dict[str, str]  # column name -> file name
    null_keys: int = 0
    repeated_keys: int = 0
    untimed: int = 0
    time_form: str = ""  # how numbers in the time column are read, a TimeForm


@dataclass(slots=True)
class LinkEntry:
    """One link in its folder, and how many of its values led nowhere."""

    folder: str
    links: int
    null: int
    dangling: int


@dataclass(slots=True)
class Manifest:
    """Everything about a graph but its arrays."""

    fingerprint: str
    schema: Schema
    tables: dict[str, TableEntry] = field(default_factory=dict)
    links: dict[str, LinkEntry] = field(default_factory=dict)  # by Link.name
    generation: int = 0  # how many times rows were appended

    def write(self, root: Path) -> None:
        """Write the manifest, with the size of every other file of the folder."""
        files = {
            str(p.relative_to(root)): p.stat().st_size
            for p in sorted(root.rglob("*"))
            if p.is_file() and p.name != _NAME
        }
        body = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "generation": self.generation,
            "schema": schema_to_json(self.schema),
            "tables": {name: asdict(entry) for name, entry in self.tables.items()},
            "links": {name: asdict(entry) for name, entry in self.links.items()},
            "files": files,
        }
        (root / _NAME).write_text(json.dumps(body, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, root: Path) -> Manifest:
        """Read and check the manifest of a folder.

        Raises:
            RunError: no graph there, another format, or a file that is missing or has another size.
        """
        body = _read_json(root)
        if body.get("format") != FORMAT:
            raise RunError(
                f"the graph in '{root}' has format {body.get('format')}, and this version reads format {FORMAT}",
                hint="build the graph again",
            )
        try:
            _check_files(root, body["files"])
            return cls(
                fingerprint=body["fingerprint"],
                generation=body["generation"],
                schema=schema_from_json(body["schema"]),
                tables={name: TableEntry(**entry) for name, entry in body["tables"].items()},
                links={name: LinkEntry(**entry) for name, entry in body["links"].items()},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(root, f"its manifest lacks or misplaces {error}") from error


def _read_json(root: Path) -> dict[str, Any]:
    path = root / _NAME
    if not path.is_file():
        raise RunError(f"there is no graph in '{root}'", hint="build one from a database first")
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(root, "its manifest is no JSON") from error
    if not isinstance(body, dict):
        raise _damaged(root, "its manifest is no JSON object")
    return body


def _check_files(root: Path, files: dict[str, int]) -> None:
    for name, size in files.items():
        path = root / name
        if not path.is_file():
            raise _damaged(root, f"'{name}' is missing")
        if path.stat().st_size != size:
            raise _damaged(root, f"'{name}' has {path.stat().st_size} bytes instead of {size}")


def _damaged(root: Path, cause: str) -> RunError:
    return RunError(f"the graph in '{root}' is damaged: {cause}", hint="build the graph again")


def fingerprint_of(schema: Schema, source: str) -> str:
    """A hash of what a graph is built from: the source's fingerprint, the schema's facts, the format."""
    body = {"format": FORMAT, "source": source, "schema": schema_to_json(schema)}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def schema_to_json(schema: Schema) -> dict[str, Any]:
    """A schema as plain JSON values."""
    return {
        "tables": [asdict(table) for table in schema],
        "links": [asdict(link) for link in schema.links],
        "problems": [asdict(problem) for problem in schema.problems],
        "left_out": [list(place) for place in schema.left_out],
    }


def schema_from_json(body: dict[str, Any]) -> Schema:
    """The inverse of `schema_to_json`."""
    tables = [_table(entry) for entry in body["tables"]]
    return Schema(
        tables={table.name: table for table in tables},
        links=tuple(Link(**entry) for entry in body["links"]),
        problems=tuple(Problem(**entry) for entry in body["problems"]),
        left_out=tuple((table, column) for table, column in body["left_out"]),
    )


def _table(entry: dict[str, Any]) -> Table:
    clock = entry["clock"]
    columns = tuple(Column(**{**column, "stype": SType(column["stype"])}) for column in entry["columns"])
    return Table(
        **{
            **entry,
            "columns": columns,
            "clock": None if clock is None else Clock(**{**clock, "starts": tuple(clock["starts"])}),
            "implied_by": tuple((table, column) for table, column in entry["implied_by"]),
        }
    )
