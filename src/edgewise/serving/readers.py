"""Processes that answer beside the service, so that answers use more than one core: see `reader`.

A user is always asked of the same reader. Where it is not ready (it opens, it fell, the model was swapped a moment
ago) the service answers by itself, as it does without readers. One that falls is begun again.
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgewise.serving.compose import Composer
from edgewise.serving.event_log import EventLog
from edgewise.serving.live import Live
from edgewise.serving.reader import Opener, Told
from edgewise.serving.reading import Away, Reading

__all__ = ["Host", "Readers"]

_LOG: Final = logging.getLogger("edgewise.serving")
#: Seconds between two looks at a reader, and at most between two tries to begin one.
_LOOK: Final = 0.5
_LONGEST: Final = 60.0
#: What is busy: more than this share of the time over so many looks.
_MUCH: Final = 0.5
_LOOKS: Final = 11


@dataclass(frozen=True, slots=True)
class Host:
    """The service that readers belong to: its log, the folder of its kept states, the model that answers now, the
    time, and for how many seconds it was busy with answers so far.
    """

    log: EventLog
    states: Path
    current: Callable[[], Live]
    now: Callable[[], int]
    busy: Callable[[], float]


class Readers:
    """So many readers of one tenant; `opener` opens a model there as it was opened here. They begin at once, or
    with `when_busy` as soon as the service is; never before `may_begin` says so.
    """

    def __init__(
        self, count: int, opener: Opener, *, when_busy: bool = False,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        self._opener, self._may_begin = opener, may_begin
        self._wanted = not when_busy
        self._readers: list[Reading | None] = [None] * count
        self._fed: set[Reading] = set()
        self._feeding = threading.Lock()
        self._closed = threading.Event()
        self._keepers: list[threading.Thread] = []
        self._forgot = 0

    @property
    def ready(self) -> int:
        """How many answer."""
        return sum(1 for reader in self._readers if reader is not None and reader.ready)

    def start(self, host: Host) -> None:
        """Begin them, beside everything else."""
        for place in range(len(self._readers)):
            keeper = threading.Thread(target=self._keep, args=(host, place), name="readers", daemon=True)
            keeper.start()
            self._keepers.append(keeper)

    def of(self, composer: Composer) -> Reading | None:
        """Who answers a user; None where the service does."""
        if not self._readers:
            return None
        ask = composer.ask
        name = (ask.user or ask.exposure).encode("utf-8", "replace")
        reader = self._readers[zlib.crc32(name) % len(self._readers)]
        return reader if reader is not None and reader.ready and reader.version == composer.live.version else None

    def tell(self, told: Told) -> None:
        """Tell all."""
        with self._feeding:
            for reader in self._fed:
                reader.tell(told)

    def forget(self, user: str) -> None:
        """Delete a user there too. Readers that are being opened may have read of the user: they begin anew."""
        with self._feeding:
            self._forgot += 1
            fed = list(self._fed)
        for reader in fed:
            reader.forget(user)

    def close(self) -> None:
        """End them."""
        self._closed.set()
        for keeper in self._keepers:
            keeper.join()
        for reader in self._readers:
            if reader is not None:
                self._end(reader)

    def _keep(self, host: Host, place: int) -> None:
        """See to it that one reader answers as the service does."""
        failed, load = 0, _Load(host.busy)
        while not self._closed.wait(min(_LOOK * 2**failed, _LONGEST)):
            live, reader = host.current(), self._readers[place]
            if reader is not None and reader.alive and reader.version == live.version:
                reader.pass_on()
                continue
            if reader is not None:
                self._readers[place] = None
                self._end(reader)
            self._wanted = self._wanted or load.high()
            if not self._wanted or not self._may_begin():
                continue
            try:
                self._readers[place] = self._begun(host, live)
                failed = 0
            except Exception:
                failed += 1
                if not self._closed.is_set():
                    _LOG.warning(
                        "a reader did not begin; the service answers by itself until one does", exc_info=True
                    )

    def _begun(self, host: Host, live: Live) -> Reading:
        """A reader that is ready.

        Raises:
            Away: it has ended before, or has read what is deleted by now.
        """
        forgot = self._forgot
        reader = Reading(self._opener, live.name, host.states, host.log.position(), self._closed.is_set)
        try:
            self._bring_up(host, live, reader, reader.opened(), forgot)
            reader.begin(host.now())
        except BaseException:
            self._end(reader)
            raise
        return reader

    def _bring_up(self, host: Host, live: Live, reader: Reading, seen: int, forgot: int) -> None:
        """Tell a reader what is in the log; from the last event on it hears them as they come."""
        early = (one for one in host.log.read(tables=live.desk.hears) if one.position <= seen)
        reader.bring_up(early, aside=True)
        seen = reader.bring_up(host.log.read(seen)) or seen
        with self._feeding:
            if self._forgot != forgot or reader.version != live.version:
                raise Away
            reader.bring_up(host.log.read(seen))
            reader.join()
            self._fed.add(reader)

    def _end(self, reader: Reading) -> None:
        with self._feeding:
            self._fed.discard(reader)
        reader.end()


class _Load:
    """How busy the service is, looked at again and again."""

    def __init__(self, busy: Callable[[], float]) -> None:
        self._busy = busy
        self._looks: deque[tuple[float, float]] = deque(maxlen=_LOOKS)

    def high(self) -> bool:
        """Whether it was busy for most of the time between the last looks."""
        self._looks.append((time.monotonic(), self._busy()))
        took, busy = (last - first for first, last in zip(self._looks[0], self._looks[-1], strict=True))
        return len(self._looks) == _LOOKS and busy > _MUCH * took
