"""`edgewise assort`: which articles each store carries."""

from __future__ import annotations

from edgewise.cli.deciding import DecidedOut, Moment, ProjectOrSource, Settings, decided
from edgewise.cli.options import AsJson, Quiet

__all__ = ["assort"]


def assort(
    where: ProjectOrSource, out: DecidedOut = None, at: Moment = None, settings: Settings = None,
    as_json: AsJson = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Decide which articles each store carries.

    Under space, bounds for each category, must-haves and a limit on changes; what shoppers buy instead of a
    missing article counts.
    """
    decided("assort", where, out, at, settings or (), as_json=as_json, quiet=quiet)
