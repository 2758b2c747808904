"""Surfaces that take in what arrives: made again beside the requests, and in place as soon as they are ready."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from edgewise.decisions.surfaces import Surfaces
from edgewise.prediction.nouns import Event
from edgewise.serving.arrivals import Arrivals, Whole

__all__ = ["LiveSurfaces"]

#: How long a request after an arrival waits for surfaces that know of it, in seconds, and how long no other does
#: where that was in vain: catalogues that are filled row by row hold up few requests.
_PATIENCE: Final = 0.15
_BETWEEN: Final = 1.0


class LiveSurfaces:
    """The surfaces as of now. Asked by one thread, which also tells of events; renewed on another."""

    def __init__(self, surfaces: Surfaces, arrivals: Arrivals | None = None) -> None:
        self._now, self._arrivals = surfaces, arrivals
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="surfaces") if arrivals is not None else None
        self._coming: Future[Surfaces] | None = None
        self._patient_from = 0.0

    @property
    def hears(self) -> frozenset[str]:
        """The tables whose rows change what can be shown."""
        return frozenset() if self._arrivals is None else self._arrivals.tables

    def hear(self, event: Event) -> None:
        """Take note of a row."""
        if self._arrivals is not None:
            self._arrivals.hear(event)

    def now(self) -> Surfaces:
        """The surfaces, with what has come, unless that takes too long."""
        self.begin()
        if self._coming is not None and time.monotonic() >= self._patient_from:
            end = time.monotonic() + _PATIENCE
            with suppress(TimeoutError):
                while self._coming is not None:
                    self._coming.result(max(end - time.monotonic(), 0.0))
                    self.begin()
            self._patient_from = time.monotonic() + _BETWEEN if self._coming is not None else 0.0
        return self._now

    def begin(self) -> None:
        """Put in place what is ready, and begin to take in what has come since, beside the requests."""
        if self._coming is not None and self._coming.done():
            self._take(self._coming)
        arrivals = self._arrivals
        if arrivals is not None and self._pool is not None and arrivals.changed and self._coming is None:
            changed = frozenset(arrivals.changed)
            self._coming = self._pool.submit(_renewed, self._now, arrivals.whole(), changed)

    def settle(self) -> Surfaces:
        """The surfaces with all that has come, however long that takes: for starts, which nobody waits for."""
        if self._coming is not None:
            self._take(self._coming)
        if self._arrivals is not None and self._arrivals.changed:
            changed = frozenset(self._arrivals.changed)
            self._now = _renewed(self._now, self._arrivals.whole(), changed)
        return self._now

    def _take(self, coming: Future[Surfaces]) -> None:
        self._coming = None
        self._now = coming.result()


def _renewed(surfaces: Surfaces, columns: Whole, changed: frozenset[str]) -> Surfaces:
    began = time.thread_time()
    found = surfaces.renewed(columns, changed)
    time.sleep(time.thread_time() - began)  # half of the time at most: rows may come one by one for long
    return found
