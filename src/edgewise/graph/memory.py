"""A graph from Arrow tables in memory: for tests, notebooks, and rows that come from no database."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from edgewise.errors import SchemaError, nearest
from edgewise.graph.build import staged, write_graph
from edgewise.graph.rows import from_arrow
from edgewise.graph.store import GraphStore
from edgewise.schema.model import Schema, Table

__all__ = ["graph_from_arrays"]


def graph_from_arrays(
    tables: Mapping[str, pa.Table], schema: Schema, path: Path | str | None = None
) -> GraphStore:
    """Build a graph from one Arrow table for each table of the schema that is not implied.

    Time columns are timestamps, dates, ISO text, or int64 microseconds. Without `path` the graph lies in a
    temporary folder that is deleted with the store.

    Raises:
        SchemaError: a table or one of its columns is missing.
    """

    def read(table: Table) -> Iterator[pa.RecordBatch]:
        if table.name not in tables:
            near = ", ".join(nearest(table.name, tables) or sorted(tables))
            raise SchemaError(f"no rows came for table '{table.name}'", hint=f"tables that came: {near}")
        return from_arrow(schema, table, tables[table.name])

    own = Path(tempfile.mkdtemp(prefix="edgewise-")) if path is None else None
    root = own / "graph" if own is not None else Path(str(path))
    with staged(root) as folder:
        write_graph(schema, read, folder, fingerprint="")
    graph = GraphStore.open(root)
    if own is not None:
        weakref.finalize(graph, shutil.rmtree, own, ignore_errors=True)
    return graph
