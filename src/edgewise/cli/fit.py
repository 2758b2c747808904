"""`edgewise fit`: a query to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import AsJson, Device, GraphFile, Query, Quiet, RandomSeed, Source
from edgewise.cli.terminal import Terminal

__all__ = ["fit"]

Out = Annotated[Path, typer.Option("--out", metavar="RUN", help="The folder to write the run into.")]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Use nothing after this time; all that is known if left out."),
]
Budget = Annotated[str, typer.Option("--budget", metavar="TIME", help="How long to fit: 90s, 5m, 1h.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a run that is already in the folder.")]


def fit(
    source: Source,
    query: Query,
    out: Out,
    until: Until = None,
    budget: Budget = "5m",
    graph: GraphFile = None,
    random_seed: RandomSeed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a model for a query beside its baselines; write a run.

    The report is about the latest anchor time whose window is complete; the model in the run has then been fitted
    again up to the present.
    """
    from edgewise.cli.opening import opened
    from edgewise.evaluation.terminal import show
    from edgewise.prediction.folder import check_free
    from edgewise.query.bind import bind
    from edgewise.training.device import device_named
    from edgewise.workflow.budget import parse_budget
    from edgewise.workflow.graph import Graph

    parse_budget(budget)
    device = device_named(device)
    check_free(out, overwrite)
    terminal = Terminal(as_json=as_json, quiet=quiet)
    progress = terminal.progress()
    database = opened(source, graph, progress)
    bind(query, database.schema)  # a mistake is told before the graph is built, which may take a while
    task = Graph.build(database, progress=progress).task(query)
    run = task.fit(
        until, budget, out=out, overwrite=overwrite, progress=progress, random_seed=random_seed, device=device
    )
    terminal.answer(
        lambda: {"run": str(out), "report": run.report().to_json()},
        lambda console: show(run.report(), console),
    )
    terminal.note(f"Wrote the run to {out}; {out / 'report.html'} shows the report in a browser.")
