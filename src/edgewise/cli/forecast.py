"""`edgewise forecast`: demand, and what to order."""

from __future__ import annotations

from edgewise.cli.deciding import DecidedOut, Moment, ProjectOrSource, Settings, decided
from edgewise.cli.options import AsJson, Quiet

__all__ = ["forecast"]


def forecast(
    where: ProjectOrSource, out: DecidedOut = None, at: Moment = None, settings: Settings = None,
    as_json: AsJson = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Forecast demand by store, category and week, and decide what to order and produce.

    The figures add up over stores, categories and the chain; each has an interval.
    """
    decided("forecast", where, out, at, settings or (), as_json=as_json, quiet=quiet)
