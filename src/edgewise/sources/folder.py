"""A folder as tables: a file a table, or a subfolder of part files a table; names from the file stems."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import pyarrow
import pyarrow.parquet

from edgewise.errors import SourceError
from edgewise.sources.base import first_line
from edgewise.sources.csv import view_of_csv
from edgewise.sources.duck import DuckSource, connect, create_view, stamp_of_files, view_parquet

__all__ = ["files_by_table", "open_folder"]

_PARQUET: Final = (".parquet", ".pq")
_CSV: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


def open_folder(path: Path) -> DuckSource:
    """The tables of a folder.

    Raises:
        SourceError: the folder is empty or holds nothing readable; a file is damaged; two files give one name.
    """
    files = files_by_table(path)
    connection = connect()
    for table, paths in files.items():
        if _format(paths[0]) in _PARQUET:
            view_parquet(connection, table, paths)
        else:
            _view_csv(connection, table, paths)
    return DuckSource(
        str(path),
        connection,
        list(files),
        lambda: stamp_of_files([p for ps in files_by_table(path).values() for p in ps]),
    )


def _view_csv(connection: duckdb.DuckDBPyConnection, table: str, paths: list[Path]) -> None:
    query = view_of_csv(connection, paths)
    try:
        create_view(connection, table, query)
    except duckdb.Error as error:
        raise SourceError(f"{paths[0]} cannot be read as CSV: {first_line(error)}") from error


def files_by_table(path: Path) -> dict[str, list[Path]]:
    """The files of each table, tables and files in the order of their names.

    Raises:
        SourceError: as `open_folder`.
    """
    tables: dict[str, list[Path]] = {}
    for entry in _visible(path):
        parts = [file for file in _visible(entry) if _format(file)] if entry.is_dir() else [entry]
        if not parts or not _format(parts[0]):
            continue
        _check_parts(entry, parts)
        name = entry.name if entry.is_dir() else _stem(entry)
        clash = next((known for known in tables if known.casefold() == name.casefold()), None)
        if clash is not None:
            raise SourceError(
                f"{path}: two files give the table '{name}': {tables[clash][0].name} and {entry.name}",
                hint="rename or remove one of them",
            )
        tables[name] = parts
    if not tables:
        _complain(path)
    return tables


def _visible(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if not entry.name.startswith((".", "_")))


def _format(path: Path) -> str:
    """The supported ending of a file's name, or nothing."""
    name = path.name.lower()
    return next((end for end in (*_PARQUET, *_CSV) if name.endswith(end) and path.is_file()), "")


def _stem(path: Path) -> str:
    return path.name[: len(path.name) - len(_format(path))]


def _check_parts(entry: Path, parts: list[Path]) -> None:
    formats = {_format(part) in _PARQUET for part in parts}
    if len(formats) > 1:
        raise SourceError(
            f"{entry} mixes Parquet and CSV files", hint="part files of one table need one format; move the others"
        )
    for part in parts:
        if part.stat().st_size == 0:
            raise SourceError(f"{part} is an empty file", hint="write it again, or take it out of the folder")
    if len(parts) > 1 and _format(parts[0]) in _PARQUET:
        _check_alike(entry, parts)


def _check_alike(entry: Path, parts: list[Path]) -> None:
    """Files with hardly a column in common are tables, not parts of one."""
    first = _columns(parts[0])
    for part in parts[1:]:
        other = _columns(part)
        if 2 * len(first & other) < min(len(first), len(other)):
            raise SourceError(
                f"{entry} holds files that are no parts of one table: {parts[0].name} and {part.name} differ in "
                "their columns",
                hint=f"if each file is a table, open {entry}",
            )


def _columns(path: Path) -> set[str]:
    try:
        return set(pyarrow.parquet.read_schema(path).names)
    except (pyarrow.ArrowException, OSError) as error:
        raise SourceError(
            f"{path} cannot be read as Parquet: {first_line(error)}",
            hint="write the file again, or take it out of the folder",
        ) from error


def _complain(path: Path) -> None:
    here = [entry.name + ("/" if entry.is_dir() else "") for entry in _visible(path)]
    supported = "a folder of Parquet or CSV files is expected, one for each table"
    if not here:
        raise SourceError(f"the folder {path} is empty", hint=supported)
    more = f" and {len(here) - 8} more" if len(here) > 8 else ""
    raise SourceError(
        f"the folder {path} holds no Parquet or CSV file, only {', '.join(here[:8])}{more}", hint=supported
    )
