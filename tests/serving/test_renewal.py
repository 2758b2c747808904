"""How long a request waits for surfaces that know of what just came: a moment, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from edgewise.prediction.nouns import Event
from edgewise.serving import renewal
from edgewise.serving.renewal import LiveSurfaces

#: What the docs promise, in seconds.
MOMENT, BETWEEN = 0.15, 1.0


@dataclass
class Clock:
    """Stands for `time`."""

    now: float = 100.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Coming:
    """A renewal that is ready at a moment; who waits for it lets time go by."""

    clock: Clock
    ready: float
    made: Callable[[], Any]
    waited: list[float] = field(default_factory=list)

    def done(self) -> bool:
        return self.clock.now >= self.ready

    def result(self, timeout: float = 0.0) -> Any:
        self.waited.append(timeout)
        left = self.ready - self.clock.now
        self.clock.now += max(min(left, timeout), 0.0)
        if left > timeout:
            raise TimeoutError
        return self.made()


@dataclass
class Pool:
    """Begins renewals that take `seconds` each."""

    clock: Clock
    seconds: float
    begun: list[Coming] = field(default_factory=list)

    def submit(self, work: Callable[..., Any], *given: Any) -> Coming:
        self.begun.append(Coming(self.clock, self.clock.now + self.seconds, lambda: given[1]))
        return self.begun[-1]


class Arrivals:
    """What has come; `whole` names it."""

    tables = frozenset({"tracks"})

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.rows = 0

    def hear(self, event: Event) -> None:
        self.rows += 1
        self.changed.add(event.table)

    def whole(self) -> str:
        self.changed.clear()
        return f"{self.rows} came"


class Service:
    """Live surfaces whose renewal takes some seconds."""

    def __init__(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        monkeypatch.setattr(renewal, "time", self.clock)
        old: Any = "none came"
        arrivals: Any = Arrivals()
        self.live = LiveSurfaces(old, arrivals)
        self.pool: Any = Pool(self.clock, seconds)
        self.live._pool = self.pool

    def tell(self) -> None:
        self.live.hear(Event("e", "tracks", {}, 0))

    def ask(self) -> tuple[Any, float]:
        """What a request is answered from, and how long it waited."""
        began = self.clock.now
        return self.live.now(), self.clock.now - began


def test_a_request_right_after_an_arrival_waits_and_knows_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(0.1, monkeypatch)
    assert service.ask() == ("none came", 0.0)
    service.tell()
    found, waited = service.ask()
    assert found == "1 came"
    assert waited == pytest.approx(0.1)
    assert service.ask() == ("1 came", 0.0)


def test_it_waits_no_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(3.0, monkeypatch)
    service.tell()
    found, waited = service.ask()
    assert found == "none came"
    assert waited == pytest.approx(MOMENT)
    service.clock.now += 3.0
    assert service.ask() == ("1 came", 0.0)


def test_where_waiting_was_in_vain_no_other_waits_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(30.0, monkeypatch)
    service.tell()
    service.ask()
    for _ in range(9):
        service.clock.now += BETWEEN / 10
        assert service.ask() == ("none came", 0.0)
    service.clock.now += 2 * BETWEEN / 10
    assert service.ask()[1] == pytest.approx(MOMENT)
    assert len(service.pool.begun) == 1


def test_the_moment_is_one_for_all_that_came_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came while surfaces were made is waited for too, within the same moment."""
    service = Service(0.1, monkeypatch)
    service.tell()
    service.live.begin()
    service.tell()  # too late for the renewal that is under way
    found, waited = service.ask()
    assert found == "1 came"
    assert waited == pytest.approx(MOMENT)
    service.clock.now += 0.1
    assert service.ask() == ("2 came", 0.0)


def test_renewal_begins_with_the_event_so_that_later_requests_need_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Service(0.1, monkeypatch)
    service.tell()
    service.live.begin()
    service.clock.now += 0.1
    assert service.ask() == ("1 came", 0.0)
