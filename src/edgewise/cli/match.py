"""`edgewise match`: whom to offer to whom."""

from __future__ import annotations

from edgewise.cli.deciding import DecidedOut, Moment, ProjectOrSource, Settings, decided
from edgewise.cli.options import AsJson, Quiet

__all__ = ["match"]


def match(
    where: ProjectOrSource, out: DecidedOut = None, at: Moment = None, settings: Settings = None,
    as_json: AsJson = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Match two sides towards completed bookings.

    Under capacity and availability, by both sides' interest, with a share of places for newcomers.
    """
    decided("match", where, out, at, settings or (), as_json=as_json, quiet=quiet)
