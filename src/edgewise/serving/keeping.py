"""The state of the model that answers, written from time to time by a process of its own.

To write a state takes seconds, in which the process that does so answers nobody. So another one opens the model,
takes the state that was kept before, hears what was logged since, and writes what it has then.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from edgewise.serving.event_log import EventLog
from edgewise.serving.live import Live
from edgewise.serving.reader import Kept, Opener
from edgewise.serving.reading import Away, Reading

__all__ = ["Keeper"]

_LOG: Final = logging.getLogger("edgewise.serving")


class Keeper:
    """Has states written, one at a time; `opener` opens a model there as it was opened here."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def free(self) -> bool:
        """Whether one can be begun: none is under way."""
        return not self._closed.is_set() and (self._thread is None or not self._thread.is_alive())

    def begin(self, live: Live, log: EventLog, states: Path, place: Callable[[Path, int], None]) -> None:
        """Have the state of a model written into a folder of states, and place it: told where it is, and the
        position of the last event that it has seen. To be called where it is `free`.
        """

        def keep() -> None:
            try:
                found = self._written(live, log, states)
                if found.beside is not None:
                    place(found.beside, found.position)
            except Exception:
                if not self._closed.is_set():
                    _LOG.warning("the state was not kept: the next start will replay more", exc_info=True)

        self._thread = threading.Thread(target=keep, name="keeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End what is under way."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _written(self, live: Live, log: EventLog, states: Path) -> Kept:
        reader = Reading(self._opener, live.name, states, log.position(), self._closed.is_set)
        try:
            _give_way(reader.process.pid or 0)
            seen = reader.opened()
            if reader.version != live.version:
                raise Away
            reader.bring_up(log.read(seen))
            return reader.written(states)
        finally:
            reader.end()


def _give_way(process: int) -> None:
    """Let a process have what those that answer leave of the processor."""
    with suppress(AttributeError, OSError):  # Linux has it
        os.sched_setscheduler(process, os.SCHED_IDLE, os.sched_param(0))
