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

from edgewise.serving.pace import Overdue, Pace

__all__ = ["Engine"]

T = TypeVar("T")
#: Jobs that may wait; beyond, a job is overdue before it begins.
_MOST_WAITING: Final = 512


class Engine:
    """One worker thread. Jobs run in the order in which they came; `before` runs ahead of each, on the thread."""

    def __init__(self, name: str, before: Callable[[], None] = lambda: None) -> None:
        self._before = before
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"engine {name}")
        self._waiting = 0
        #: Seconds at work so far.
        self.busy = 0.0
        self._pace = Pace()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many jobs wait or run."""
        return self._waiting

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Run a job, however long it takes."""
        with self._lock:
            self._waiting += 1
        future = self._pool.submit(self._done, job)
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
        future = self.submit(lambda: self._pace.within(job, seconds, end))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            future.cancel()
            raise Overdue from None

    def _done(self, job: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            self._before()
            return job()
        finally:
            self.busy += time.monotonic() - began

    def close(self) -> None:
        """Finish the running job and drop those that wait."""
        with contextlib.suppress(RuntimeError):
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _finished(self, _: Future[T]) -> None:
        with self._lock:
            self._waiting -= 1
