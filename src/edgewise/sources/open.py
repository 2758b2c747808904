"""One way in: a folder, a database file, a URL, a world's name, or tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from edgewise.errors import SourceError, nearest
from edgewise.sources.contract import Source
from edgewise.sources.duck import open_database, open_parquet, open_tables
from edgewise.sources.folder import open_folder
from edgewise.worlds.catalogue import is_world, load_world, names

__all__ = ["open_source"]

_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_DUCKDB_MAGIC: Final = (8, b"DUCK")
_POSTGRES: Final = ("postgresql://", "postgres://")


def open_source(where: str | Path | Mapping[str, Any]) -> Source:
    """Open the tables at `where`.

    `where` is a folder of Parquet or CSV files, a DuckDB or SQLite file (told apart by their content), a
    `postgresql://…` URL, the name of a built-in world (`streaming:small` or `streaming?weeks=8` where it has sizes
    and options), or a mapping of names to tables (anything with
    `__arrow_c_stream__`: pandas, polars, pyarrow). A world's bare name is the world, always: a folder or file of
    that name is opened as `./name`, as `name/`, or as a Path.

    Raises:
        SourceError: there is nothing to read there; the message says what is, the hint what would work.
    """
    if isinstance(where, Mapping):
        return open_tables("tables in memory", where)
    if isinstance(where, str) and "://" in where:
        return _open_url(where)
    if isinstance(where, str) and is_world(where):
        return _open_world(where)
    path = Path(where).expanduser()
    if is_world(str(path)):
        path = path.absolute()  # its name must not be the world's, or a run would open that when it is loaded
    if path.is_dir():
        return open_folder(path)
    if path.is_file():
        return _open_file(path)
    raise _not_there(str(where), path)


def _open_world(name: str) -> Source:
    loaded = load_world(name)
    files = {table: value for table, value in loaded.items() if isinstance(value, tuple)}
    return open_parquet(name, files) if files else open_tables(name, loaded)


def _open_file(path: Path) -> Source:
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
    if head == _SQLITE_MAGIC:
        from edgewise.sources.sqlite import open_sqlite

        return open_sqlite(path)
    at, magic = _DUCKDB_MAGIC
    if head[at : at + len(magic)] == magic:
        return open_database(path)
    if not head:
        raise SourceError(f"{path} is an empty file", hint="a DuckDB or SQLite database, or a folder, is expected")
    raise SourceError(
        f"{path} is neither a DuckDB nor a SQLite database",
        hint=f"for Parquet or CSV files give their folder: {path.parent}",
    )


def _open_url(url: str) -> Source:
    if url.startswith(_POSTGRES):
        from edgewise.sources.postgres import open_postgres

        return open_postgres(url)
    scheme = url.split("://", 1)[0]
    raise SourceError(
        f"there is no source for '{scheme}://' addresses", hint="write postgresql://user@host/database"
    )


def _not_there(where: str, path: Path) -> SourceError:
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near_paths = [str(path.parent / name) for name in nearest(path.name, beside)]
    near = (nearest(where, names()) if len(path.parts) == 1 else []) + near_paths
    if near:
        return SourceError(f"there is nothing at '{where}'", hint=f"did you mean {' or '.join(near)}?")
    if not path.parent.is_dir():
        return SourceError(f"there is nothing at '{where}': no folder {path.parent}")
    return SourceError(f"there is nothing at '{where}'", hint=f"built-in worlds: {', '.join(names())}")
