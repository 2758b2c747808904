"""Which model answers: swapped in one step, rolled back in one step, two at once in an experiment.

A change makes a new `Serving` value and puts it in place with one assignment: a request sees either all of the old
one or all of the new one.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from edgewise.errors import RunError, UserError
from edgewise.ids import MISSING
from edgewise.serving.envelope import Refusal
from edgewise.serving.live import Deciding, Live

__all__ = ["CONTROL", "TREATMENT", "Models", "NoModel", "Serving", "check_live", "side"]

CONTROL: Final = "control"
TREATMENT: Final = "treatment"
_PROBES: Final = 3


@dataclass(frozen=True, slots=True)
class Serving:
    """What answers now. `before` is what a roll-back returns to; `challenger` answers for `share` of the users."""

    current: Live
    before: Live | None = None
    challenger: Live | None = None
    share: float = 0.0
    experiment: str = ""

    def choose(self, user: str) -> tuple[Live, str]:
        """The model for a user, and the side of the experiment: always the same for the same user."""
        if self.challenger is not None and side(self.experiment, user, self.share) == TREATMENT:
            return self.challenger, TREATMENT
        return self.current, CONTROL

    def all(self) -> tuple[Live, ...]:
        """Every model that must see the events, those that may come back included."""
        return tuple(live for live in (self.current, self.before, self.challenger) if live is not None)


class NoModel(Refusal):
    """A question that only a model answers, put to a project that has none."""

    def __init__(self, fit: str) -> None:
        super().__init__(409, "no model answers here: this project only decides", hint=f"fit one: {fit}")
        self.fit = fit


class Models:
    """The models of one tenant. `load` makes a model from a name and brings it up to the present."""

    def __init__(self, first: Live | Deciding, load: Callable[[str], Live]) -> None:
        self._first = first
        self._serving = Serving(first) if isinstance(first, Live) else None
        self._load = load
        self._changing = threading.Lock()

    @property
    def serving(self) -> Serving | None:
        """What answers now; None where nothing does."""
        return self._serving

    @property
    def now(self) -> Serving:
        """What answers now; read it once a request.

        Raises:
            NoModel: nothing does.
        """
        if self._serving is None:
            assert isinstance(self._first, Deciding)
            raise NoModel(self._first.fit)
        return self._serving

    @property
    def current(self) -> Live | Deciding:
        """The model that answers, or the tables of a project that has none."""
        return self._first if self._serving is None else self._serving.current

    def all(self) -> tuple[Live, ...]:
        """Every model that must see the events."""
        return () if self._serving is None else self._serving.all()

    def swap(self, name: str, catch_up: Callable[[Live, Callable[[], None]], None]) -> Serving:
        """Load a model and let it answer from now on; the one before stays ready for a roll-back.

        `catch_up(live, place)` brings the model up to the present and then calls `place`, with no event between.

        Raises:
            UserError: the model cannot be loaded or gives no sound answers; the old one goes on answering.
        """

        def change(now: Serving, live: Live) -> Serving:
            return Serving(current=live, before=now.current)

        return self._change(name, catch_up, change)

    def challenge(self, name: str, share: float, catch_up: Callable[[Live, Callable[[], None]], None]) -> Serving:
        """Let another model answer for a share of the users.

        Raises:
            UserError: as for `swap`, and for a share that is none.
        """
        if not 0 < share < 1:
            raise Refusal(422, f"{share} is no share of the users", hint="between 0 and 1; 0.5 is half of them")

        def change(now: Serving, live: Live) -> Serving:
            experiment = f"{now.current.version}|{live.version}"
            return replace(now, challenger=live, share=share, experiment=experiment)

        return self._change(name, catch_up, change)

    def roll_back(self) -> Serving:
        """Let the model before the last swap answer again; a second roll-back returns.

        Raises:
            Refusal: nothing was swapped.
        """
        with self._turn():
            now = self.now
            if now.before is None:
                raise Refusal(409, "there is no model to roll back to", hint="swap first")
            self._serving = Serving(current=now.before, before=now.current)
            return self._serving

    def end_challenge(self) -> Serving:
        """End the experiment: the current model answers for everybody.

        Raises:
            Refusal: there is none.
        """
        with self._turn():
            if self.now.challenger is None:
                raise Refusal(409, "no experiment is running")
            self._serving = replace(self.now, challenger=None, share=0.0, experiment="")
            return self._serving

    def _change(
        self,
        name: str,
        catch_up: Callable[[Live, Callable[[], None]], None],
        change: Callable[[Serving, Live], Serving],
    ) -> Serving:
        with self._turn():
            now = self.now
            live = self._load(name)
            check_live(live)
            made = change(now, live)

            def place() -> None:
                self._serving = made

            catch_up(live, place)
            return made

    def _turn(self) -> _Turn:
        return _Turn(self._changing)


class _Turn:
    """One change at a time; another is told to wait instead of waiting."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise Refusal(409, "another model is being loaded", hint="wait until it is done")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def side(experiment: str, user: str, share: float) -> str:
    """The side of an experiment that a user is on: by hash, so the same everywhere and at all times, and
    independent between experiments."""
    digest = hashlib.blake2b(f"{experiment}\0{user}".encode("utf-8", "replace"), digest_size=8).digest()
    return TREATMENT if int.from_bytes(digest, "little") / 2.0**64 < share else CONTROL


def check_live(live: Live) -> None:
    """Ask a model for a few answers before it may serve.

    Raises:
        RunError: it fails, proposes nothing, or its scores are no numbers.
    """
    if not live.kinds:
        raise RunError(f"'{live.version}' proposes nothing", hint="serve a run of a ranking")
    for kind in live.kinds:
        for row in (MISSING, *range(_PROBES)):
            try:
                found = live.answers.for_user(kind, row, live.latest, 10)
                sound = len(found) > 0 and bool(np.isfinite(found.scores).all()) and bool((found.items >= 0).all())
            except UserError:
                raise
            except Exception as error:
                raise RunError(
                    f"'{live.version}' fails when it is asked for {kind}: {type(error).__name__}: {error}",
                    hint="fit it again",
                ) from error
            if not sound:
                raise RunError(f"'{live.version}' has no sound answer for {kind}", hint="fit it again")
