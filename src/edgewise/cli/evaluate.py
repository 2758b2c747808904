"""`edgewise evaluate`: a run, measured."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.options import AsJson, OtherSource, Quiet, Run
from edgewise.cli.terminal import Terminal

__all__ = ["evaluate"]

At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="TIME", help="An anchor time to measure at; without one, the report of the fit."),
]


def evaluate(
    run: Run, at: At = None, source: OtherSource = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """Show a run's metrics, baselines, slices and calibration."""
    from edgewise.cli.opening import loaded
    from edgewise.evaluation.terminal import show

    terminal = Terminal(as_json=as_json, quiet=quiet)
    report = loaded(run, source, terminal.progress()).evaluate(at or None)
    terminal.answer(report.to_json, lambda console: show(report, console))
