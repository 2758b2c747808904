"""`edgewise notify`: whom to send what, when and how, or nothing."""

from __future__ import annotations

from edgewise.cli.deciding import DecidedOut, Moment, ProjectOrSource, Settings, decided
from edgewise.cli.options import AsJson, Quiet

__all__ = ["notify"]


def notify(
    where: ProjectOrSource, out: DecidedOut = None, at: Moment = None, settings: Settings = None,
    as_json: AsJson = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Decide whom to send which message, on which channel and when, or nothing at all.

    What a send is worth is weighed against the channel that an unsubscribe closes for good, under budget, caps,
    quiet hours and consent.
    """
    decided("notify", where, out, at, settings or (), as_json=as_json, quiet=quiet)
