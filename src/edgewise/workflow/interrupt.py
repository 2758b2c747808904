"""Ctrl-C during a fit: the first ends it with the best model so far, the second gives up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from edgewise.models.contract import Budget, Progress

__all__ = ["ending_early"]


@contextmanager
def ending_early(budget: Budget, progress: Progress) -> Iterator[None]:
    """While inside, the first interrupt ends the budget; what was there before answers to the next.

    Only the main thread is told of interrupts: elsewhere nothing changes, nor where they are ignored (nohup).
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        budget.end()
        progress.say("stopping: the best model so far is kept (interrupt once more to give up)")

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
