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

#: How long the first request after an arrival waits for surfaces that know of it, in seconds; it is answered from
#: those before where they take longer.
_PATIENCE: Final = 0.1
#: Between two renewals, so many times as long passes as the last one took: catalogues that are filled row by row
#: leave time for requests.
_REST: Final = 4.0


class LiveSurfaces:
    """The surfaces as of now. Asked by one thread, which also tells of events; renewed on another."""

    def __init__(self, surfaces: Surfaces, arrivals: Arrivals | None = None) -> None:
        self._now, self._arrivals = surfaces, arrivals
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="surfaces") if arrivals is not None else None
        self._coming: Future[tuple[Surfaces, float]] | None = None
        self._waited = False
        self._not_before = 0.0

    @property
    def hears(self) -> frozenset[str]:
        """The tables whose rows change what can be shown."""
        return frozenset() if self._arrivals is None else self._arrivals.tables

    def hear(self, event: Event) -> None:
        """Take note of a row."""
        if self._arrivals is not None:
            self._arrivals.hear(event)

    def now(self) -> Surfaces:
        """The surfaces, with what has come."""
        self.begin()
        if self._coming is not None and not self._waited:
            self._waited = True
            with suppress(TimeoutError):
                self._coming.result(_PATIENCE)
        if self._coming is not None and self._coming.done():
            self._take(self._coming)
        return self._now

    def begin(self) -> None:
        """Begin to take in what has come, beside the requests, unless a renewal is under way."""
        arrivals = self._arrivals
        if arrivals is None or self._pool is None or not arrivals.changed or self._coming is not None:
            return
        if time.monotonic() >= self._not_before:
            changed = frozenset(arrivals.changed)
            self._coming, self._waited = self._pool.submit(_renewed, self._now, arrivals.whole(), changed), False

    def settle(self) -> Surfaces:
        """The surfaces with all that has come, however long that takes: for starts, which nobody waits for."""
        if self._coming is not None:
            self._take(self._coming)
        if self._arrivals is not None and self._arrivals.changed:
            changed = frozenset(self._arrivals.changed)
            self._now = _renewed(self._now, self._arrivals.whole(), changed)[0]
        return self._now

    def _take(self, coming: Future[tuple[Surfaces, float]]) -> None:
        self._coming = None
        self._now, took = coming.result()
        self._not_before = time.monotonic() + _REST * took


def _renewed(surfaces: Surfaces, columns: Whole, changed: frozenset[str]) -> tuple[Surfaces, float]:
    began = time.monotonic()
    found = surfaces.renewed(columns, changed)
    return found, time.monotonic() - began
