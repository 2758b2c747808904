"""States that are written by a process of their own while the service answers."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from project_shop import NOW, KeptAnswers, project_live
from serving_shop import MemoryAnswers, wait

from edgewise.errors import RunError
from edgewise.prediction.nouns import Event
from edgewise.serving import rebasing
from edgewise.serving.app import make_app
from edgewise.serving.event_log import Logged
from edgewise.serving.keeping import Keeper
from edgewise.serving.limits import RateLimit
from edgewise.serving.live import Live
from edgewise.serving.reader import Heard, Keeping, Rebase, Told, _Reader
from edgewise.serving.readers import Readers
from edgewise.serving.service import Service
from edgewise.serving.snapshots import restore, save
from edgewise.serving.tenant import Settings, Tenant
from edgewise.serving.upkeep import take_in

#: Where a state waits before it is written, if it is to.
_GATE = "EDGEWISE_TEST_GATE"


class GatedAnswers(KeptAnswers):
    """Says when it begins to write its state, and waits until it may end."""

    def save_state(self, folder: Path) -> None:
        super().save_state(folder)
        gate = Path(os.environ[_GATE])
        (gate / "begun").touch()
        while not (gate / "open").exists():
            time.sleep(0.01)


class _Sent(list[Any]):
    """A connection that nobody reads."""

    send = list.append


def reader_of(live: Live) -> _Reader:
    """What a reader's process runs."""
    return _Reader(_Sent(), live, 0)  # type: ignore[arg-type]  # no process is at the other end


def ninety() -> list[Logged]:
    """What the log says."""
    return [Logged(i + 1, Event(f"e{i}", "listens", {"user_id": 3, "track_id": i % 7}, NOW)) for i in range(90)]


def opened(name: str) -> Live:
    """How the service and the process that writes open the model."""
    live = project_live()
    if _GATE in os.environ:
        live.answers.__class__ = GatedAnswers
    return live


def opened_nowhere(name: str) -> Live:
    raise RunError("the run is gone")


def states(folder: Path) -> list[str]:
    """What is there of kept states, whole or begun."""
    return sorted(p.name for p in (folder / "states").glob("*")) + sorted(
        p.name for p in (folder / "states").glob(".*")
    )


class Shop:
    """A service that keeps its state after every 50 events."""

    def __init__(self, folder: Path, stack: ExitStack, opener: Callable[[str], Live], keep: int = 50) -> None:
        settings = Settings(clock="data", deadline=5.0, keep=keep)
        self.folder = folder
        self.tenant = Tenant("main", folder, project_live(), opened, settings, keeper=Keeper(opener))
        app = make_app(Service({"main": self.tenant}, None, RateLimit(1e6, 1e6)))
        self.client = stack.enter_context(TestClient(app, "http://localhost"))

    @property
    def answers(self) -> KeptAnswers:
        """What answers here."""
        found = self.tenant.models.now.current.answers
        assert isinstance(found, KeptAnswers)
        return found

    def hear(self, count: int, name: str = "e", user: int = 3) -> None:
        """So many events at once, seen by an answer."""
        events = [
            {"id": f"{name}{i}", "table": "listens", "values": {"user_id": user, "track_id": i % 7}}
            for i in range(count)
        ]
        assert self.client.post("/v1/events", json={"events": events}).status_code < 300
        assert self.asked(user)

    def asked(self, user: int = 3) -> bool:
        """Ask for a page."""
        return self.client.get(f"/v1/users/{user}/home").json()["degraded"] is None


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebasing, "SPREAD", 0.0)


@pytest.fixture
def shop_of(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    with ExitStack() as stack:
        yield lambda opener=opened, **asked: Shop(tmp_path / "main", stack, opener, **asked)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "gate"
    folder.mkdir()
    monkeypatch.setenv(_GATE, str(folder))
    return folder


def test_a_state_is_kept_without_a_pause_and_the_next_start_goes_on_from_it(
    shop_of: Callable[..., Shop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: list[Path] = []
    monkeypatch.setattr(KeptAnswers, "save_state", lambda self, folder: here.append(folder))
    shop = shop_of()
    shop.hear(60)
    wait(lambda: states(shop.folder) == ["v1@60"])
    shop.hear(30, "later")
    assert here == []  # this process wrote nothing
    shop.tenant.log.flush()
    shutil.copytree(shop.folder, tmp_path / "killed")  # as kill -9 would leave it
    again = project_live()
    assert restore(tmp_path / "killed" / "states", again, 1_000) == 60
    assert isinstance(again.answers, MemoryAnswers)
    assert again.answers.heard[3] == shop.answers.heard[3][:60]
    second = Tenant("main", tmp_path / "killed", project_live(), opened, Settings(clock="data"))
    assert second.start() == 30
    second.close()


def test_the_service_stands_on_the_state_that_was_kept_and_on_what_came_meanwhile(
    shop_of: Callable[..., Shop], gate: Path
) -> None:
    shop = shop_of()
    shop.hear(60)
    wait((gate / "begun").exists)
    shop.hear(30, "meanwhile")
    assert shop.answers.rebased == []
    heard = list(shop.answers.heard[3])
    (gate / "open").touch()
    wait(lambda: shop.asked() and shop.answers.rebased == [("v1@60", 90)])
    assert shop.answers.heard[3] == heard
    shop.hear(30, "later")
    wait(lambda: shop.asked() and len(shop.answers.rebased) == 2)
    assert shop.answers.rebased[1] == ("v1@120", 120)


def test_a_reader_stands_on_the_state_that_was_kept(tmp_path: Path) -> None:
    live = project_live()
    reader = reader_of(live)
    every = ninety()
    other = project_live()
    take_in(other, [one.event for one in every[:60]])
    save(tmp_path, other, 60)
    kept = tmp_path / "v1@60"
    assert isinstance(live.answers, KeptAnswers)

    reader.hear(Heard(every[:50]))
    reader.hear(Rebase("v1", kept, 60))  # it was begun after that state was
    reader.hear(Keeping())
    reader.hear(Rebase("v1", kept, 60))  # the state knows more than it
    reader.hear(Keeping())
    reader.hear(Heard(every[50:80]))
    reader.hear(Rebase("v2", kept, 60))  # the state is of another model
    assert reader.rebasing._coming is None
    reader.hear(Rebase("v1", kept, 60))
    assert reader.rebasing._coming is not None
    reader.rebasing._coming.other.result(10)
    assert live.answers.rebased == []
    reader.hear(Heard(every[70:]))  # with the first thing that is told then it stands there
    assert live.answers.rebased == [("v1@60", 80)]
    reader.hear(Rebase("v1", kept, 60))  # once is enough
    assert reader.rebasing._coming is None
    assert [item for item, _ in live.answers.heard[3]] == [i % 7 for i in range(90)]


def test_what_is_heard_while_answers_are_made_is_not_lost(tmp_path: Path, gate: Path) -> None:
    class Slow(KeptAnswers):
        def on(self, folder: Path, events: Iterable[Event]) -> tuple[str, KeptAnswers]:
            found = super().on(folder, events)
            wait((gate / "open").exists)
            return found

    live = project_live()
    live.answers.__class__ = Slow
    reader = reader_of(live)
    every = ninety()
    save(tmp_path, project_live(), 0)
    reader.hear(Keeping())
    reader.hear(Heard(every[:40]))
    reader.hear(Rebase("v1", tmp_path / "v1@0", 0))
    reader.hear(Heard(every[40:70]))
    assert isinstance(live.answers, Slow)
    assert live.answers.rebased == []
    (gate / "open").touch()
    assert reader.rebasing._coming is not None
    reader.rebasing._coming.other.result(10)
    reader.hear(Heard(every[70:]))
    assert live.answers.rebased == [("v1@0", 70)]
    assert [item for item, _ in live.answers.heard[3]] == [i % 7 for i in range(90)]


def test_readers_are_told_before_a_state_is_written_and_when_it_is_kept(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of()
    readers = Readers(0, opened)
    told: list[Told] = []
    readers.tell = told.append  # type: ignore[method-assign]
    shop.tenant.readers = readers
    shop.hear(60)
    wait(lambda: isinstance(told[-1], Rebase))
    first, *between, last = told
    assert isinstance(first, Heard)  # what was logged before
    assert between == [Keeping()]
    assert last == Rebase("v1", shop.folder / "states" / "v1@60", 60)


@pytest.mark.parametrize("method", ["on", "adopt"])
def test_a_state_on_which_nobody_can_stand_changes_nothing(
    shop_of: Callable[..., Shop], method: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: KeptAnswers, folder: Path, events: Iterable[Event]) -> Any:
        raise RunError("it is damaged")

    monkeypatch.setattr(KeptAnswers, method, refuse)
    with caplog.at_level(logging.WARNING, "edgewise.serving"):
        shop = shop_of()
        shop.hear(60)
        wait(lambda: shop.asked() and "memory is not given back" in caplog.text)
    shop.hear(30, "later")
    assert len(shop.answers.heard[3]) == 90


def test_who_is_deleted_while_a_state_is_written_is_not_in_it(shop_of: Callable[..., Shop], gate: Path) -> None:
    shop = shop_of()
    shop.hear(60)
    wait((gate / "begun").exists)
    assert shop.client.delete("/v1/users/3").status_code == 200
    (gate / "open").touch()
    assert shop.tenant._keeper is not None
    thread = shop.tenant._keeper._thread
    assert thread is not None
    thread.join(30)
    assert states(shop.folder) == []
    shop.tenant.engine.submit(lambda: None).result()
    assert shop.answers.rebased == []


def test_the_end_of_the_service_does_not_wait_for_a_state_that_is_being_written(
    shop_of: Callable[..., Shop], gate: Path
) -> None:
    shop = shop_of()
    shop.hear(60)
    wait((gate / "begun").exists)
    shop.tenant.models.now.current.answers.__class__ = KeptAnswers  # what is kept at the end waits for nothing
    began = time.monotonic()
    shop.tenant.close()
    assert time.monotonic() - began < 10
    assert "v1@60" in states(shop.folder)


def test_a_state_that_cannot_be_kept_is_said_and_nothing_else_happens(
    shop_of: Callable[..., Shop], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "edgewise.serving"):
        shop = shop_of(opened_nowhere)
        shop.hear(60)
        wait(lambda: "the state was not kept" in caplog.text)
        shop.hear(10, "later")
    assert states(shop.folder) == []


def test_what_a_killed_service_had_begun_to_write_goes(tmp_path: Path) -> None:
    torn = tmp_path / "main" / "states" / ".torn"
    torn.mkdir(parents=True)
    made: dict[str, Any] = {"settings": Settings(clock="data")}
    tenant = Tenant("main", tmp_path / "main", project_live(), opened, **made)
    tenant.start()
    assert not torn.exists()
    tenant.close()
