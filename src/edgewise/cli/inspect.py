"""`edgewise inspect`: what Edgewise sees in the tables, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import AsJson, GraphFile, Quiet, Source
from edgewise.cli.terminal import Terminal

__all__ = ["inspect"]

Write = Annotated[
    Path | None,
    typer.Option("--write", metavar="GRAPH.yaml", help="Write what was found as a graph file to edit."),
]
Brief = Annotated[bool, typer.Option("--brief", help="One line for each table and link.")]


def inspect(
    source: Source,
    graph: GraphFile = None,
    write: Write = None,
    brief: Brief = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show what is in the tables, each guess with its reason.

    Tables, keys, links, time columns and types; then problems in the data, counted, and how each is handled.
    """
    from edgewise.cli.opening import opened
    from edgewise.cli.schema_view import schema_document, show_schema

    terminal = Terminal(as_json=as_json, quiet=quiet)
    database = opened(source, graph, terminal.progress())
    if write is not None:
        database.write_graph(write)
        terminal.note(f"Wrote {write}.")
    terminal.answer(
        lambda: {"source": database.source.name, **schema_document(database.schema)},
        lambda console: show_schema(console, database.schema, brief=brief),
    )
