"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "Device",
    "GraphFile",
    "OtherSource",
    "ParquetOut",
    "Query",
    "Quiet",
    "RandomSeed",
    "Run",
    "Source",
]

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder of Parquet or CSV files, a DuckDB or SQLite file, a postgresql:// URL, or a world's name "
        "(a folder of that name is ./NAME).",
    ),
]
Query = Annotated[str, typer.Argument(metavar="QUERY", help="What to predict: PREDICT … FOR EACH …")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `edgewise fit` wrote.")]
Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="DEVICE", help="Where networks compute: cpu, cuda, or auto, a GPU where there is one."
    ),
]
GraphFile = Annotated[
    Path | None,
    typer.Option("--graph", metavar="GRAPH.yaml", help="A graph file whose entries override what is inferred."),
]
OtherSource = Annotated[
    str | None,
    typer.Option("--source", metavar="SOURCE", help="Where the tables are now, if not where the run was fitted."),
]
ParquetOut = Annotated[
    Path, typer.Option("--out", metavar="FILE.parquet", help="The Parquet file to write; replaced if it exists.")
]
RandomSeed = Annotated[
    int, typer.Option("--random-seed", metavar="N", min=0, help="The same seed and data give the same model.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout; everything else goes to stderr.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]
