"""A decision as a folder: `decision.json`, and one Parquet file a table.

It is written beside its place and renamed, so that a half-written decision is never seen, and read with every
file checked, so that a damaged one is never acted on.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgewise.clock import iso, to_micros
from edgewise.decisions.decided.nouns import Decided, Expected, GaveUp
from edgewise.errors import ArgumentError, DecisionError, InternalError
from edgewise.prediction.folder import whole_folder, write_json

__all__ = ["FORMAT", "MANIFEST", "check_place", "read_decided", "read_said", "write_decided"]

#: Raised whenever a folder written before could no longer be read.
FORMAT: Final = 1
MANIFEST: Final = "decision.json"
_TABLE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class _TableFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str = Field(pattern=r"^[a-z][a-z0-9_]*\.parquet$")
    rows: int = Field(ge=0)
    columns: list[str]
    sha256: str


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1]
    decision: str
    source: str
    at: str
    settings: dict[str, Any]
    expects: tuple[Expected, ...]
    gave_up: tuple[GaveUp, ...]
    notes: tuple[str, ...]
    tables: dict[str, _TableFile] = Field(min_length=1)


def write_decided(decided: Decided, path: str | Path) -> Path:
    """Write a decision into a folder, whole or not at all. A decision that is there is replaced.

    Raises:
        ArgumentError: there is something else at that place, or it cannot be written.
    """
    place = Path(path)
    check_place(place)
    _check(decided)
    with whole_folder(place) as temporary:
        tables = {name: _written(table, temporary / f"{name}.parquet") for name, table in decided.tables.items()}
        manifest = {
            "format": FORMAT,
            "decision": decided.decision,
            "source": decided.source,
            "at": iso(decided.at),
            "settings": dict(decided.settings),
            "expects": [_plain(one) for one in decided.expects],
            "gave_up": [_plain(one) for one in decided.gave_up],
            "notes": list(decided.notes),
            "tables": tables,
        }
        write_json(temporary / MANIFEST, manifest)
    return place


def read_decided(path: str | Path) -> Decided:
    """Read a decision; every file is compared with what was written.

    Raises:
        DecisionError: there is none, it is damaged, or another version wrote it.
    """
    place = Path(path)
    manifest = _manifest(place)
    return _decided(manifest, {name: _read(place, table) for name, table in manifest.tables.items()})


def read_said(path: str | Path) -> Decided:
    """Read what a decision says of itself, without its tables, which are neither read nor checked.

    Raises:
        DecisionError: there is none, what it says is damaged, or another version wrote it.
    """
    return _decided(_manifest(Path(path)), {})


def check_place(path: Path) -> None:
    """Refuse a place where no decision can be written, before the work that would fill it begins.

    Raises:
        ArgumentError: there is something else, or the place cannot be written.
    """
    if path.exists() and not path.is_dir():
        raise ArgumentError(f"'{path}' is a file, and a decision is a folder", hint="choose another place")
    if path.is_dir() and any(path.iterdir()) and not (path / MANIFEST).is_file():
        raise ArgumentError(
            f"'{path}' exists and is not a decision: it is left as it is",
            hint=f"name a folder in it: {path / 'decided'}",
        )
    there = next(p for p in (path.absolute().parent, *path.absolute().parents) if p.exists())
    if not there.is_dir():
        raise ArgumentError(f"'{there}' is a file, so '{path}' cannot be written", hint="choose another place")
    if not os.access(there, os.W_OK):
        raise ArgumentError(f"the folder '{there}' cannot be written", hint="choose another place")


def _check(decided: Decided) -> None:
    """What no decision of ours may hold."""
    if not decided.tables:
        raise InternalError(f"'{decided.decision}' decided nothing: it has no tables")
    wrong = [name for name in decided.tables if not _TABLE_NAME.fullmatch(name)]
    if wrong:
        raise InternalError(f"'{wrong[0]}' cannot be the name of a decision's table")
    for name, value in _numbers(decided):
        if not math.isfinite(value):
            raise InternalError(f"'{name}' of '{decided.decision}' is not a finite number")


def _numbers(decided: Decided) -> Iterator[tuple[str, float]]:
    for one in decided.expects:
        yield from ((one.name, v) for v in (one.value, one.low, one.high) if v is not None)
    yield from ((one.constraint, one.value) for one in decided.gave_up)


def _plain(one: Expected | GaveUp) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in one.__dataclass_fields__}
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


def _written(table: pa.Table, path: Path) -> dict[str, Any]:
    pq.write_table(table, path)
    return {"file": path.name, "rows": table.num_rows, "columns": table.column_names, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _decided(said: _Manifest, tables: dict[str, pa.Table]) -> Decided:
    return Decided(
        decision=said.decision,
        source=said.source,
        at=to_micros(said.at),
        settings=said.settings,
        tables=tables,
        expects=said.expects,
        gave_up=said.gave_up,
        notes=said.notes,
    )


def _manifest(place: Path) -> _Manifest:
    if not place.is_dir():
        raise DecisionError(f"there is no decision in '{place}'", hint=_near(place))
    file = place / MANIFEST
    if not file.is_file():
        raise DecisionError(f"'{place}' is a folder but not a decision: it has no {MANIFEST}", hint=_near(place))
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(place, f"{MANIFEST} cannot be read as JSON") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise DecisionError(
            f"the decision in '{place}' has format {found!r}; this version of Edgewise reads {FORMAT}",
            hint="decide again with this version",
        )
    try:
        manifest = _Manifest.model_validate(content)
        to_micros(manifest.at)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise _damaged(place, f"{MANIFEST}, {key}: {first['msg'].lower()}") from error
    except ArgumentError as error:
        raise _damaged(place, f"{MANIFEST}, at: {error.message}") from error
    return manifest


def _read(place: Path, said: _TableFile) -> pa.Table:
    path = place / said.file
    if not path.is_file():
        raise _damaged(place, f"{said.file} is missing")
    if _sha256(path) != said.sha256:
        raise _damaged(place, f"{said.file} is not what was written")
    try:
        return pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(place, f"{said.file} is no Parquet file") from error


def _damaged(place: Path, what: str) -> DecisionError:
    return DecisionError(f"the decision in '{place}' is damaged: {what}", hint="decide again")


def _near(place: Path) -> str:
    """A hint that lists the decisions beside a path that is none."""
    parent = place if place.is_dir() else place.parent
    found = sorted(p.parent.name for p in parent.glob(f"*/{MANIFEST}")) if parent.is_dir() else []
    if found:
        return f"decisions in '{parent}': {', '.join(found[:8])}"
    return "`edgewise assort SOURCE --out FOLDER` writes one, and so do notify, forecast, match and trends"
