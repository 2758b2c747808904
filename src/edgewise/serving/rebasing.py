"""Memory that does not grow with every event: a state that was kept is mapped from its files, so whoever answers
stands on it from then on, and holds only what came since.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edgewise.errors import UserError
from edgewise.serving.event_log import Logged
from edgewise.serving.live import FEEDBACK, Live, Rebases

__all__ = ["Rebasing"]

_LOG: Final = logging.getLogger("edgewise.serving")


class Rebasing:
    """What one process heard since a state began to be written."""

    def __init__(self) -> None:
        self._heard: list[Logged] | None = None

    def begin(self) -> None:
        """From here on a state is written: it will have seen whatever was heard before."""
        self._heard = []

    def hear(self, logged: Sequence[Logged]) -> None:
        """Take note of what came, if it may be needed."""
        if self._heard is not None:
            self._heard += logged

    def end(self, live: Live, kept: Path, position: int, seen: int) -> None:
        """The state is kept, and has seen the log up to a position; a model that has seen it up to `seen` stands
        on it from now on, unless that goes wrong: then it stands on what it did.
        """
        heard, self._heard = self._heard, None
        if heard is None or position > seen or not isinstance(live.answers, Rebases):
            return
        events = [one.event for one in heard if one.position > position and one.event.table != FEEDBACK]
        try:
            live.answers.rebase(kept, events)
        except (UserError, OSError):
            _LOG.warning("memory is not given back before the next start", exc_info=True)
