"""Where answers are made: one thread that owns a tenant's live state, and a deadline for whoever waits.

Reads and writes of the state happen on one thread, in order, so that no answer sees half an event. The server's
loop stays free to accept, to sync the log and to answer those whose deadline is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

__all__ = ["Engine", "Overdue"]

T = TypeVar("T")
#: Jobs that may wait; beyond, a job is overdue before it begins.
_MOST_WAITING: Final = 512
#: How much the latest job counts in what jobs usually take.
_LATEST: Final = 0.1


class Overdue(Exception):
    """The deadline is over, or so much is waiting that it would be."""


class Engine:
    """One worker thread. Jobs run in the order in which they came."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"engine {name}")
        self._waiting = 0
        self._usual = 0.0  # seconds that a job with a deadline takes
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many jobs wait or run."""
        return self._waiting

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Run a job, however long it takes."""
        with self._lock:
            self._waiting += 1
        future = self._pool.submit(job)
        future.add_done_callback(self._finished)
        return future

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job and wait for it."""
        return await asyncio.wrap_future(self.submit(job))

    async def within(self, seconds: float, job: Callable[[], T]) -> T:
        """Run a job and wait for it no longer than `seconds`. A job that would not be done by then is not begun:
        with more questions than can be answered, time goes to those that can be.

        Raises:
            Overdue: the time is over.
        """
        if seconds <= 0 or self._waiting >= _MOST_WAITING:
            raise Overdue
        end = time.monotonic() + seconds
        future = self.submit(lambda: self._timely(job, seconds, end))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            future.cancel()
            raise Overdue from None

    def _timely(self, job: Callable[[], T], seconds: float, end: float) -> T:
        began = time.monotonic()
        if began + min(self._usual, seconds / 2) > end:  # half: a slow one must not keep all others from trying
            raise Overdue
        try:
            return job()
        finally:
            self._usual += _LATEST * (time.monotonic() - began - self._usual)

    def close(self) -> None:
        """Finish the running job and drop those that wait."""
        with contextlib.suppress(RuntimeError):
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _finished(self, _: Future[T]) -> None:
        with self._lock:
            self._waiting -= 1
