"""One reader as the service sees it: what it is told, and what comes back."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from edgewise.serving.asking import Asked, Made
from edgewise.serving.compose import Composer
from edgewise.serving.event_log import Logged
from edgewise.serving.pace import Overdue
from edgewise.serving.reader import (
    Begin,
    Done,
    Forget,
    Heard,
    Keep,
    Kept,
    Opened,
    Opener,
    Told,
    Wanted,
    run,
)

__all__ = ["Away", "Reading"]

#: Questions that may wait; beyond, one is overdue before it is asked.
_MOST_WAITING: Final = 512
#: Events that are sent together while it is brought up, and those that are told without a question later.
_AT_ONCE: Final = 5_000
_TOGETHER: Final = 200
#: Seconds in which a reader opens its model, and in which it is ready after that.
_OPENS: Final = 900.0
_ENDS: Final = 2.0
#: Seconds after which one that was asked and says nothing at all, not even that it is late, is begun again.
_SILENT: Final = 20.0


class Away(Exception):
    """The reader has ended, or has no answer: whoever asked answers by itself."""


class Reading:
    """A process and the connection to it. Made by one thread; `tell` and `made` may be called by any then."""

    def __init__(self, opener: Opener, name: str, states: Path, newest: int, closing: Callable[[], bool]) -> None:
        context = get_context("spawn")  # a fork would copy the locks of threads that it does not have
        self._connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=run, args=(theirs, opener, name, states, newest), name="edgewise reader", daemon=True
        )
        self.process.start()
        theirs.close()
        self._closing = closing
        self.ready = False
        self.version = ""
        self._numbers = itertools.count(1)
        self._out: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._asked: dict[int, Future[Done]] = {}
        self._heard: list[Logged] = []
        self._lock, self._telling = threading.Lock(), threading.Lock()
        self._gone = False
        self._silent_from: float | None = None  # since when something is asked and nothing comes back

    @property
    def alive(self) -> bool:
        """Whether it may still answer: it has not ended, and is not silent."""
        silent = self._silent_from is not None and time.monotonic() - self._silent_from > _SILENT
        return not self._gone and not silent and self.process.is_alive()

    def opened(self) -> int:
        """Wait until it has its model; the position of the log that the model's state has reached.

        Raises:
            Away: it has ended.
        """
        found: Opened = self._expected(Opened)
        self.version = found.version
        return found.seen

    def bring_up(self, events: Iterable[Logged], *, aside: bool = False) -> int:
        """Tell it what came before it is part of the service; waits until that is sent. Returns the position of
        the last of them, 0 where there is none.

        Raises:
            Away: it has ended.
        """
        every, position = iter(events), 0
        while some := list(islice(every, _AT_ONCE)):
            self._sent(Heard(some, aside))
            position = some[-1].position
        return position

    def written(self, states: Path) -> Kept:
        """Wait until it has written what it was brought up to.

        Raises:
            Away: it has ended.
        """
        self._sent(Keep(states))
        found: Kept = self._expected(Kept)
        return found

    def join(self) -> None:
        """From now on it is told what comes, in the order in which `tell` is called."""
        self._thread(self._send, "to a reader")

    def begin(self, at: int) -> None:
        """Wait until it has caught up; then it may be asked.

        Raises:
            Away: it has ended.
        """
        self.tell(Begin(at))
        self._expected(Done)
        self._thread(self._receive, "from a reader")
        self.ready = True

    def tell(self, told: Told | None) -> None:
        """Tell it something; None is the last. Events wait for the next question, for many of them, or for
        `pass_on`: sent and taken in together they cost a fraction of one after the other.
        """
        with self._telling:
            if isinstance(told, Heard):
                self._heard += told.logged
            if not isinstance(told, Heard) or len(self._heard) >= _TOGETHER:
                self._pass_on()
            if not isinstance(told, Heard):
                self._out.put(told)

    def pass_on(self) -> None:
        """Tell it the events that wait."""
        with self._telling:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._heard:
            self._out.put(Heard(self._heard))
            self._heard = []

    async def made(self, asked: Asked[Any], composer: Composer, seconds: float) -> Made:
        """Its answer.

        Raises:
            Overdue: the time is over, or it would be.
            Away: it has none.
        """
        if seconds <= 0 or len(self._asked) >= _MOST_WAITING:
            raise Overdue
        end = time.monotonic() + seconds
        number, future = self._number()
        if self._silent_from is None:
            self._silent_from = time.monotonic()
        self.tell(Wanted(number, asked, composer.ask, composer.variant, seconds, end))
        try:
            done = await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            raise Overdue from None
        finally:
            with self._lock:
                self._asked.pop(number, None)
        if done.late:
            raise Overdue
        if done.made is None:
            raise Away
        return done.made

    def forget(self, user: str) -> None:
        """Wait until a user is deleted there too; a reader that has ended knows nobody."""
        number, future = self._number()
        self.tell(Forget(number, user))
        with suppress(Away):
            future.result()

    def end(self) -> None:
        """End the process, and whoever waits for it."""
        self._fall()
        self.tell(None)
        self.process.join(_ENDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self._connection.close()

    def _sent(self, told: Told) -> None:
        try:
            self._connection.send(told)
        except OSError:
            raise Away from None

    def _number(self) -> tuple[int, Future[Done]]:
        future: Future[Done] = Future()
        number = next(self._numbers)
        with self._lock:
            if self._gone:
                future.set_exception(Away())
            else:
                self._asked[number] = future
        return number, future

    def _send(self) -> None:
        told: Told | None = Begin(0)
        while told is not None:
            told = self._out.get()
            try:
                self._connection.send(told)
            except (OSError, ValueError):  # the latter: it is closed
                self._fall()
                return

    def _receive(self) -> None:
        while True:
            try:
                done: Done = self._connection.recv()
            except (EOFError, OSError, TypeError):  # the last: closed while it was read
                self._fall()
                return
            self._silent_from = None
            with self._lock:
                future = self._asked.pop(done.number, None)
            if future is not None and future.set_running_or_notify_cancel():
                future.set_result(done)

    def _fall(self) -> None:
        """It is gone: nobody waits for it any longer."""
        with self._lock:
            self._gone, self.ready = True, False
            left, self._asked = list(self._asked.values()), {}
        for future in left:
            if future.set_running_or_notify_cancel():
                future.set_exception(Away())

    def _expected(self, kind: type[Any]) -> Any:
        end = time.monotonic() + _OPENS
        while not self._connection.poll(0.25):
            if self._closing() or not self.process.is_alive() or time.monotonic() > end:
                raise Away
        try:
            found = self._connection.recv()
        except (EOFError, OSError):
            raise Away from None
        if not isinstance(found, kind):
            raise Away
        return found

    def _thread(self, target: Callable[[], None], name: str) -> None:
        threading.Thread(target=target, name=name, daemon=True).start()
