"""Memory that does not grow with every event: a state that was kept is mapped from its files, so whoever answers
stands on it from then on, and holds only what came since.
"""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgewise.machine import give_back_memory
from edgewise.prediction.nouns import Event
from edgewise.serving.event_log import Logged
from edgewise.serving.live import FEEDBACK, Live, Rebases

__all__ = ["Rebasing"]

_LOG: Final = logging.getLogger("edgewise.serving")
#: Seconds within which the processes of a service begin to make answers, so that not all do so at once.
SPREAD = 4.0
#: Seconds after which the making lets a question go on: whoever answers gives way many times for a page, and would
#: wait for Python's usual 5 ms each time.
_SWITCH: Final = 0.0002


@dataclass(frozen=True, slots=True)
class _Coming:
    """Answers that are being made of a kept state; they will have seen so many of what was heard."""

    answers: Rebases
    other: Future[Any]
    heard: int


class Rebasing:
    """What one process heard since a state began to be written. All but the making of answers is called by the
    thread that owns the state.
    """

    def __init__(self) -> None:
        self._heard: list[Logged] | None = None
        self._coming: _Coming | None = None

    def begin(self) -> None:
        """From here on a state is written: it will have seen whatever was heard before."""
        self._heard, self._coming = [], None

    def hear(self, logged: Sequence[Logged]) -> None:
        """Take note of what came, if it may be needed."""
        if self._heard is not None:
            self._heard += logged

    def end(self, live: Live, kept: Path, position: int, seen: int) -> None:
        """The state is kept, and has seen the log up to a position. For a model that has seen it up to `seen`,
        answers are made that stand on it, beside the questions: see `settle`.
        """
        heard = self._heard
        if heard is None or self._coming is not None or position > seen or not isinstance(live.answers, Rebases):
            return
        self._heard = heard = [one for one in heard if one.position > position]
        coming = self._coming = _Coming(live.answers, Future(), len(heard))
        making = threading.Thread(target=_make, args=(coming, kept, _rows_of(heard)), name="rebasing", daemon=True)
        making.start()

    def settle(self) -> None:
        """Put them in place if they are ready. Where they went wrong, the model stands on what it did."""
        coming, heard = self._coming, self._heard
        if coming is None or heard is None or not coming.other.done():
            return
        self._heard = self._coming = None
        try:
            coming.answers.adopt(coming.other.result(), _rows_of(heard[coming.heard :]))
        except Exception:
            _LOG.warning("memory is not given back before the next start", exc_info=True)
            return
        del coming
        give_back_memory()


def _rows_of(logged: Iterable[Logged]) -> list[Event]:
    """The events that are rows of tables."""
    return [one.event for one in logged if one.event.table != FEEDBACK]


def _make(coming: _Coming, kept: Path, events: list[Event]) -> None:
    time.sleep(random.uniform(0.0, SPREAD))
    between = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        coming.other.set_result(coming.answers.on(kept, events))
    except Exception as error:
        coming.other.set_exception(error)
    finally:
        sys.setswitchinterval(between)
