"""A source together with its schema: what everything after this works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edgewise import clock
from edgewise.schema import graphfile
from edgewise.schema.graphfile import GraphFile
from edgewise.schema.infer import infer
from edgewise.schema.model import Schema
from edgewise.schema.overrides import chosen_tables, definitions, given_from
from edgewise.sources.contract import Source
from edgewise.sources.derived import derive
from edgewise.sources.evidence import SqlEvidence
from edgewise.sources.open import open_source
from edgewise.sources.profile import profile_table

__all__ = ["Database", "Overrides", "open_database", "understand"]

#: A graph file: its path, or its contents as plain values.
Overrides = str | Path | Mapping[str, Any] | GraphFile


@dataclass(frozen=True, slots=True)
class Database:
    """Tables that can be read (`source`; those defined by SQL included) and what they are (`schema`)."""

    source: Source
    schema: Schema

    @property
    def name(self) -> str:
        """What the user gave to open it."""
        return self.source.name

    def write_graph(self, path: str | Path) -> None:
        """Write the schema as a graph file, to be edited and given as overrides.

        Raises:
            SchemaError: the file cannot be written.
        """
        graphfile.write(self.schema, path)

    def close(self) -> None:
        """Give the source's connections back."""
        self.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_database(
    where: str | Path | Mapping[str, Any], overrides: Overrides | None = None, *,
    progress: Callable[[str], None] | None = None,
) -> Database:  # fmt: skip
    """Open the tables at `where` (see `open_source`) and infer their schema, under the graph file `overrides`.

    `progress` is told the name of each table before it is looked at.

    Raises:
        SourceError: the tables cannot be read.
        SchemaError: there are none, or the graph file is wrong.
    """
    source = open_source(where)
    try:
        return understand(source, overrides, progress=progress)
    except BaseException:
        source.close()
        raise


def understand(
    source: Source, overrides: Overrides | None = None, *, now: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Database:  # fmt: skip
    """Infer the schema of an open source. `now` is the moment (microseconds) after which times count as future."""
    file, said_in = _graph_file(overrides)
    defined = definitions(file)
    source = derive(source, defined)
    schemas = source.tables()
    kept, gone = chosen_tables(file, schemas, said_in)
    given = given_from(file, {table: schemas[table].names for table in kept}, said_in)
    profiles = {}
    for table in kept:
        if progress is not None:
            progress(table)
        profiles[table] = replace(profile_table(source, table, schemas[table]), sql=defined.get(table))
    evidence = SqlEvidence(source, clock.now() if now is None else now)
    schema = infer(profiles, evidence, given, source.declared())
    left_out = (*((table, None) for table in sorted(gone)), *schema.left_out)
    problems = tuple(p for p in source.problems() if p.table in schema.tables)
    return Database(source, replace(schema, problems=(*problems, *schema.problems), left_out=left_out))


def _graph_file(overrides: Overrides | None) -> tuple[GraphFile, str]:
    """The graph file and what errors call it."""
    if overrides is None:
        return graphfile.parse({}, "graph file"), "graph file"
    if isinstance(overrides, (str, Path)):
        return graphfile.read(overrides), str(overrides)
    return graphfile.parse(overrides, "overrides"), "overrides"
