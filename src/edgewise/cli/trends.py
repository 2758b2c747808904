"""`edgewise trends`: what rises and falls, where and for whom."""

from __future__ import annotations

from edgewise.cli.deciding import DecidedOut, Moment, ProjectOrSource, Settings, decided
from edgewise.cli.options import AsJson, Quiet

__all__ = ["trends"]


def trends(
    where: ProjectOrSource, out: DecidedOut = None, at: Moment = None, settings: Settings = None,
    as_json: AsJson = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Find what rises and falls, where and for whom.

    With the season removed and false discoveries controlled; each with the stores and people that drive it.
    """
    decided("trends", where, out, at, settings or (), as_json=as_json, quiet=quiet)
