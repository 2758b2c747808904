"""`edgewise evaluate`: a run, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.options import AsJson, Device, OtherSource, Quiet, Run
from edgewise.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["evaluate"]

At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="TIME", help="An anchor time to measure at; without one, the report of the fit."),
]
FromLog = Annotated[
    Path | None,
    typer.Option(
        "--from-log",
        metavar="LOG",
        help="Estimate from a log of what was shown: the state folder of a service, or a Parquet file.",
    ),
]


def evaluate(
    run: Run,
    at: At = None,
    source: OtherSource = None,
    device: Device = "auto",
    from_log: FromLog = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show a run's metrics, baselines, slices and calibration; or what it would have earned, from a log."""
    from edgewise.cli.opening import loaded
    from edgewise.evaluation.terminal import show

    terminal = Terminal(as_json=as_json, quiet=quiet)
    opened = loaded(run, source, terminal.progress(), device)
    if from_log is not None:
        from edgewise.serving.from_log import from_log as estimate

        document = estimate(opened, from_log)
        terminal.answer(lambda: document, lambda console: _show_estimates(console, document))
        return
    report = opened.evaluate(at or None)
    terminal.answer(report.to_json, lambda console: show(report, console))


def _show_estimates(console: Console, document: dict[str, Any]) -> None:
    from rich.table import Table

    found = document["off_policy"]
    table = Table("reward a place", "estimate", "from", "to")
    for key, name in (
        ("logged", "as logged"),
        ("ips", "IPS"),
        ("snips", "SNIPS, clipped"),
        ("dr", "doubly robust"),
    ):
        if found[key] is not None:
            table.add_row(name, *(f"{found[key][part]:.5f}" for part in ("value", "low", "high")))
    console.print(table)
    console.print(
        f"{found['places']:,} places of {found['clusters']:,} users. At {found['matched']:,} the run would show "
        f"the same: an effective sample of {found['effective']:,.0f}."
    )
    experiment = document["experiment"]
    if experiment is not None:
        console.print(
            f"Experiment: difference {experiment['difference']:.5f} a user, from {experiment['low']:.5f} to "
            f"{experiment['high']:.5f} at all times, p = {experiment['p_value']:.3g}. {experiment['verdict']}"
        )
