"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "GraphFile",
    "Query",
    "Quiet",
    "Run",
    "Source",
]

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder of Parquet or CSV files, a DuckDB or SQLite file, a postgresql:// URL, or a world's name.",
    ),
]
Query = Annotated[str, typer.Argument(metavar="QUERY", help="What to predict: PREDICT … FOR EACH …")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The folder that `edgewise fit` wrote.")]
GraphFile = Annotated[
    str | None,
    typer.Option("--graph", metavar="GRAPH.yaml", help="A graph file whose entries override what is inferred."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout; everything else goes to stderr.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]
