"""`edgewise predict`: a run's answers, as a table."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.options import AsJson, Device, OtherSource, ParquetOut, Quiet, Run
from edgewise.cli.terminal import Terminal

__all__ = ["predict"]

At = Annotated[
    list[str],
    typer.Option("--at", metavar="TIME", help="An anchor time, such as 2017-12-18; give it several times."),
]
K = Annotated[
    int | None,
    typer.Option("--k", metavar="K", help="How many items of a ranking; as the query says if left out."),
]


def predict(
    run: Run,
    at: At,
    out: ParquetOut,
    k: K = None,
    source: OtherSource = None,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a run's answers at anchor times, as a table.

    It holds everyone whom the query asks about. Rankings have the columns entity, anchor_time, rank, item, score;
    other tasks entity, anchor_time, prediction, and probability or quantiles where they apply.
    """
    from edgewise.cli.opening import loaded
    from edgewise.cli.table_view import show_rows
    from edgewise.cli.written import check_free, write_parquet

    check_free(out)
    terminal = Terminal(as_json=as_json, quiet=quiet)
    table = loaded(run, source, terminal.progress(), device).predict(at, k=k)
    write_parquet(table, out)
    terminal.note(f"Wrote {table.num_rows:,} rows to {out}.")
    terminal.answer(
        lambda: {"out": str(out), "rows": table.num_rows, "columns": table.column_names},
        lambda console: show_rows(console, table),
    )
