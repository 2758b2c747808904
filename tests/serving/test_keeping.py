"""States that are written by a process of their own while the service answers."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from project_shop import KeptAnswers, project_live
from serving_shop import MemoryAnswers

from edgewise.errors import RunError
from edgewise.serving.app import make_app
from edgewise.serving.keeping import Keeper
from edgewise.serving.limits import RateLimit
from edgewise.serving.live import Live
from edgewise.serving.service import Service
from edgewise.serving.snapshots import restore
from edgewise.serving.tenant import Settings, Tenant

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


def opened(name: str) -> Live:
    """How the service and the process that writes open the model."""
    live = project_live()
    if _GATE in os.environ:
        live.answers.__class__ = GatedAnswers
    return live


def opened_nowhere(name: str) -> Live:
    raise RunError("the run is gone")


def wait(until: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


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

    def hear(self, count: int, name: str = "e", user: int = 3) -> None:
        """So many events at once, seen by an answer."""
        events = [
            {"id": f"{name}{i}", "table": "listens", "values": {"user_id": user, "track_id": i % 7}}
            for i in range(count)
        ]
        assert self.client.post("/v1/events", json={"events": events}).status_code < 300
        assert self.client.get(f"/v1/users/{user}/home").json()["degraded"] is None


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
    assert isinstance(shop.tenant.models.now.current.answers, MemoryAnswers)
    assert again.answers.heard[3] == shop.tenant.models.now.current.answers.heard[3][:60]
    second = Tenant("main", tmp_path / "killed", project_live(), opened, Settings(clock="data"))
    assert second.start() == 30
    second.close()


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
