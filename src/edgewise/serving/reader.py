"""A process that answers beside the service: it holds the same models, sees the same events, and reads no log.

What it is told comes over one connection, in order: an event that the service acknowledged comes before the
questions that are asked after it. It ends with the process that began it.
"""

from __future__ import annotations

import gc
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple

from edgewise.serving.asking import Asked, Made, made
from edgewise.serving.compose import Composer
from edgewise.serving.desk import Ask
from edgewise.serving.event_log import Logged
from edgewise.serving.live import Live
from edgewise.serving.pace import Overdue, Pace
from edgewise.serving.rebasing import Rebasing
from edgewise.serving.snapshots import restore, written
from edgewise.serving.upkeep import let_go, take_in, warm

__all__ = [
    "Begin",
    "Done",
    "Forget",
    "Heard",
    "Keep",
    "Keeping",
    "Kept",
    "Opened",
    "Opener",
    "Rebase",
    "Searched",
    "Told",
    "Wanted",
    "run",
]

_LOG: Final = logging.getLogger("edgewise.serving")
#: Opens a model by the name under which it was loaded, "" for the first one.
Opener = Callable[[str], Live]


class Heard(NamedTuple):
    """Events; with `aside`, for what stands beside the state alone, which knows them already."""

    logged: list[Logged]
    aside: bool = False


class Begin(NamedTuple):
    """All that was logged so far has been told: get ready to answer, as of a time."""

    at: int


class Wanted(NamedTuple):
    """A question by its number, to be answered by `end` on the monotonic clock, `seconds` after it came."""

    number: int
    asked: Asked[Any]
    ask: Ask
    variant: str
    seconds: float
    end: float


class Searched(NamedTuple):
    """What a user searched for."""

    user: str
    text: str


class Forget(NamedTuple):
    """A user who is deleted, by a number that is answered when that is done."""

    number: int
    user: str


class Keep(NamedTuple):
    """Write the state as it is now into a folder of states; `snapshots.publish` makes it one that is kept."""

    states: Path


class Keeping(NamedTuple):
    """Another process begins to write the state; it will have seen all that was told until now."""


class Rebase(NamedTuple):
    """That state is kept: stand on it, if it is of the model of this version. See `Rebasing.end`."""

    version: str
    kept: Path
    position: int


#: What a reader is told.
Told = Heard | Begin | Wanted | Searched | Forget | Keep | Keeping | Rebase


class Opened(NamedTuple):
    """The model is open: its version, and the position of the log that its state has reached."""

    version: str
    seen: int


class Kept(NamedTuple):
    """The state is written, in a folder that is not kept yet (None where that failed), with the position of the
    last event that it has seen.
    """

    beside: Path | None
    position: int


class Done(NamedTuple):
    """What came of a number: an answer; `late` where the time would be over; neither where it failed."""

    number: int
    made: Made | None = None
    late: bool = False


def run(connection: Connection, opener: Opener, name: str, states: Path, newest: int) -> None:
    """Open a model, bring it up to the log (`newest` is its last position), and answer until told no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the service, which ends this one
    live = opener(name)
    reader = _Reader(connection, live, restore(states, live, newest))
    connection.send(Opened(live.version, reader.seen))
    try:
        while (told := connection.recv()) is not None:
            reader.hear(told)
    except (EOFError, OSError):
        return
    finally:
        gc.unfreeze()  # so that all is let go of at the end


@dataclass(slots=True)
class _Reader:
    connection: Connection
    live: Live
    seen: int
    pace: Pace = field(default_factory=Pace)
    latest: int = 0
    rebasing: Rebasing = field(default_factory=Rebasing)

    def hear(self, told: Told) -> None:
        """Do what is asked."""
        self.rebasing.settle()
        match told:
            case Wanted():
                self.connection.send(self._answer(told))
            case Heard(logged, aside=True):
                for one in logged:
                    self.live.desk.observe(one.event)
            case Heard(logged):
                self._take_in(logged)
            case Searched():
                self.live.desk.searched(told.user, told.text)
            case Forget():
                let_go(self.live, told.user)
                self.connection.send(Done(told.number))
            case Keep() | Keeping() | Rebase():
                self._of_states(told)
            case Begin():
                warm(self.live, told.at)
                gc.collect()
                gc.freeze()  # what was loaded stays: collections while serving need not look at it
                self.connection.send(Done(0))

    def _take_in(self, logged: list[Logged]) -> None:
        new = [one for one in logged if one.position > self.seen]
        if new:
            take_in(self.live, [one.event for one in new])
            self.rebasing.hear(new)
            self.seen = new[-1].position
            self.latest = max(self.latest, max(one.event.at for one in new))

    def _of_states(self, told: Keep | Keeping | Rebase) -> None:
        match told:
            case Keep(states):
                self.connection.send(Kept(self._written(states), self.seen))
            case Keeping():
                self.rebasing.begin()
            case Rebase(version, kept, position):
                if version == self.live.version:
                    self.rebasing.end(self.live, kept, position, self.seen)

    def _written(self, states: Path) -> Path | None:
        try:
            return written(states, self.live)
        except OSError:
            _LOG.warning("the state could not be written", exc_info=True)
            return None

    def _answer(self, wanted: Wanted) -> Done:
        composer = Composer(self.live, wanted.variant, wanted.ask).as_of(self.latest)
        asked = wanted.asked
        try:
            answer = self.pace.within(lambda: made(asked.of(composer), asked.surface), wanted.seconds, wanted.end)
        except Overdue:
            return Done(wanted.number, late=True)
        except Exception:  # the service asks itself then, and says what is wrong
            _LOG.debug("no answer here", exc_info=True)
            return Done(wanted.number)
        return Done(wanted.number, answer)
