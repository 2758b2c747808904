"""`edgewise labels`: what came true, as a table."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.options import AsJson, GraphFile, ParquetOut, Query, Quiet, Source
from edgewise.cli.terminal import Terminal

__all__ = ["labels"]

At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="TIME", help="An anchor time, such as 2017-12-11; give it several times."),
]


def labels(
    source: Source,
    query: Query,
    out: ParquetOut,
    at: At = None,
    graph: GraphFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write what came true after anchor times, as a table.

    Its columns are entity, anchor_time and target. The window after each anchor time must be over in the data.
    """
    from edgewise.cli.opening import opened
    from edgewise.cli.table_view import show_rows
    from edgewise.cli.written import check_free, write_parquet
    from edgewise.workflow.check import label_table

    check_free(out)
    terminal = Terminal(as_json=as_json, quiet=quiet)
    progress = terminal.progress()
    database = opened(source, graph, progress)
    progress.say("making the labels")
    table = label_table(database, query, at or [])
    write_parquet(table, out)
    terminal.note(f"Wrote {table.num_rows:,} labels to {out}.")
    terminal.answer(
        lambda: {"out": str(out), "rows": table.num_rows, "columns": table.column_names},
        lambda console: show_rows(console, table),
    )
