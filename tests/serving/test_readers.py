"""Processes that answer beside the service: they say what it would, and nothing is lost when they fall."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from fastapi.testclient import TestClient
from serving_shop import make_live, wait

from edgewise.serving.answers import HomePage
from edgewise.serving.app import make_app
from edgewise.serving.asking import Best, Home, Made
from edgewise.serving.compose import Composer, moment
from edgewise.serving.limits import RateLimit
from edgewise.serving.live import Live
from edgewise.serving.pace import Overdue
from edgewise.serving.readers import Readers
from edgewise.serving.reading import Away, Reading
from edgewise.serving.service import Question, Service
from edgewise.serving.tenant import Settings, Tenant


def opened(name: str) -> Live:
    """How the service and its readers open a model."""
    return replace(make_live(name or "v1"), name=name)


def listen(user: int, track: int, name: str) -> dict[str, Any]:
    return {"id": name, "table": "listens", "values": {"user_id": user, "track_id": track}}


class Shop:
    """A service with readers, and which of them were asked."""

    def __init__(
        self, folder: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, count: int = 1, **asked: Any
    ) -> None:
        self.readers = Readers(count, opened, **asked)
        settings = Settings(clock="data", deadline=5.0)
        self.tenant = Tenant("main", folder, make_live(), opened, settings, readers=self.readers)
        self.answered: list[Any] = []
        made = Reading.made

        async def noting(reading: Reading, *given: Any) -> Any:
            found = await made(reading, *given)
            self.answered.append(reading)
            return found

        monkeypatch.setattr(Reading, "made", noting)
        app = make_app(Service({"main": self.tenant}, None, RateLimit(1e6, 1e6)))
        self.client = stack.enter_context(TestClient(app, "http://localhost", raise_server_exceptions=False))

    def ready(self) -> None:
        """Wait until all answer."""
        wait(lambda: self.readers.ready == len(self.readers._readers))

    def tops(self, user: int) -> list[int]:
        """The first things of a user's list."""
        found = self.client.get(f"/v1/users/{user}/recommendations?kind=tracks&k=5").json()
        assert found["degraded"] is None
        return [thing["key"] for thing in found["things"]]

    def asked_readers(self, question: Callable[[], Any]) -> tuple[Any, int]:
        """An answer, and how many readers gave it."""
        self.answered.clear()
        return question(), len(self.answered)


@pytest.fixture
def shop_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Shop]]:
    with ExitStack() as stack:
        yield lambda **asked: Shop(tmp_path / "main", stack, monkeypatch, **asked)


def without_names(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is another each time: its name and its time."""
    return {name: value for name, value in answer.items() if name not in ("exposure", "at")}


def test_readers_say_what_the_service_says_and_have_seen_every_event(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of(count=2)
    for i in range(30):
        assert shop.client.post("/v1/events", json=listen(i % 7, i % 11, f"early{i}")).status_code == 200
    shop.ready()
    questions = [
        "/v1/users/3/home", "/v1/users/3/playlists", "/v1/users/4/recommendations?kind=tracks&k=7",
        "/v1/recommendations?kind=tracks&items=4&items=7", "/v1/items/4/similar?kind=tracks&k=3",
        "/v1/search?q=track%204&user=3", "/v1/users/nobody/home",
    ]  # fmt: skip
    for n, question in enumerate(questions):
        assert shop.client.post("/v1/events", json=listen(3, 20 + n, f"e{n}")).status_code == 200
        theirs, count = shop.asked_readers(lambda q=question: shop.client.get(q).json())
        assert count == 1
        of, shop.readers.of = shop.readers.of, lambda composer: None
        ours = shop.client.get(question).json()
        shop.readers.of = of
        assert without_names(theirs) == without_names(ours)
    shop.tenant.exposures.flush()
    assert sum(table.num_rows for table in shop.tenant.exposures.tables()) > 0


def test_the_next_question_has_seen_the_event(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of()
    shop.ready()
    for n in range(40):
        user, track = n % 5, (n * 7) % 50
        for again in range(n + 2):
            assert shop.client.post("/v1/events", json=listen(user, track, f"{n}-{again}")).status_code == 200
        tops, count = shop.asked_readers(lambda u=user: shop.tops(u))
        assert tops[0] == track
        assert count == 1


@pytest.mark.parametrize("by_reader", [True, False])
def test_a_question_that_waited_is_answered_as_of_the_events_that_came_meanwhile(
    shop_of: Callable[..., Shop], by_reader: bool
) -> None:
    shop = shop_of()
    if by_reader:
        shop.ready()
    else:
        shop.readers.of = lambda composer: None
    asked = shop.tenant.asks("3")
    for i in range(20):
        assert shop.client.post("/v1/events", json=listen(3, 42, f"e{i}")).status_code == 200
    found, count = shop.asked_readers(
        lambda: asyncio.run(Question(shop.tenant, asked, Best("tracks", 5)).personal(5.0))
    )
    answer = json.loads(found.text)
    latest = max(one.event.at for one in shop.tenant.log.read())
    assert latest > asked.ask.at
    assert (answer["things"][0]["key"], answer["at"], count) == (42, moment(latest), int(by_reader))


def test_a_reader_that_falls_is_begun_again_and_the_service_answers_meanwhile(
    shop_of: Callable[..., Shop],
) -> None:
    shop = shop_of()
    shop.ready()
    shop.client.post("/v1/events", json=listen(3, 42, "e1"))
    first = [reader for reader in shop.readers._readers if reader is not None]
    for reader in first:
        os.kill(reader.process.pid, signal.SIGKILL)
    assert shop.tops(3)[0] == 42
    wait(lambda: shop.readers.ready == 1 and not any(r in first for r in shop.readers._readers))
    tops, count = shop.asked_readers(lambda: shop.tops(3))
    assert (tops[0], count) == (42, 1)


def test_a_question_that_is_under_way_when_its_reader_falls_is_answered(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of()
    shop.ready()
    reader = shop.readers.of(shop.tenant.asks("3"))
    os.kill(reader.process.pid, signal.SIGSTOP)

    async def asked() -> bytes:
        service: Service = shop.client.app.state.service
        question = asyncio.ensure_future(service.home(shop.tenant, "3"))
        await asyncio.sleep(0.2)
        os.kill(reader.process.pid, signal.SIGKILL)
        return await question

    assert b'"degraded":null' in asyncio.run(asked())


def test_a_reader_that_says_nothing_is_begun_again(
    shop_of: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.serving.reading._SILENT", 0.5)
    shop = shop_of()
    shop.ready()
    (first,) = shop.readers._readers
    os.kill(first.process.pid, signal.SIGSTOP)
    with pytest.raises(Overdue):
        asyncio.run(Question(shop.tenant, shop.tenant.asks("3"), Home()).personal(0.2))
    wait(lambda: shop.readers.ready == 1 and shop.readers._readers != [first])
    assert not first.process.is_alive()


def test_after_a_swap_readers_answer_with_the_new_model(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of()
    shop.ready()
    shop.client.post("/v1/events", json=listen(3, 42, "e1"))
    assert shop.client.post("/v1/admin/models/swap", json={"run": "v2"}).status_code == 200
    home = shop.client.get("/v1/users/3/home").json()
    assert home["model"] == "v2"
    wait(lambda: [r.version for r in shop.readers._readers if r is not None and r.ready] == ["v2"])
    found, count = shop.asked_readers(lambda: shop.client.get("/v1/users/3/home").json())
    assert (found["model"], count) == ("v2", 1)
    assert shop.tops(3)[0] == 42
    assert shop.client.post("/v1/admin/models/roll-back").status_code == 200
    found, count = shop.asked_readers(lambda: shop.client.get("/v1/users/3/home").json())
    assert (found["model"], count) == ("v1", 0)


def test_who_is_deleted_is_deleted_there_too(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of()
    shop.ready()
    for i in range(3):
        shop.client.post("/v1/events", json=listen(3, 42, f"of 3, {i}"))
    shop.client.post("/v1/events", json=listen(4, 41, "of 4"))
    assert shop.tops(3)[0] == 42
    assert shop.client.delete("/v1/users/3").status_code == 200
    tops, count = shop.asked_readers(lambda: shop.tops(3))
    assert (tops[0], count) == (41, 1)  # what is popular without them


@dataclass(frozen=True)
class OnlyHere(Home):
    """A page that only one process can make."""

    process: int = 0

    def of(self, composer: Composer) -> HomePage:
        assert os.getpid() == self.process
        return super().of(composer)


def test_what_fails_there_is_answered_here(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of()
    shop.ready()
    reader, asked = shop.readers.of(shop.tenant.asks("3")), OnlyHere(os.getpid())

    async def both() -> Made:
        with pytest.raises(Away):
            await reader.made(asked, shop.tenant.asks("3"), 5.0)
        return await Question(shop.tenant, shop.tenant.asks("3"), asked).personal(5.0)

    assert b'"degraded":null' in asyncio.run(both()).text


def test_readers_begin_when_the_service_is_busy(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of(when_busy=True)
    time.sleep(1.5)
    assert all(reader is None for reader in shop.readers._readers)
    busy = True

    def work() -> None:
        time.sleep(0.2)
        if busy:
            shop.tenant.engine.submit(work)

    shop.tenant.engine.submit(work)
    shop.ready()
    busy = False


def test_no_reader_outlives_the_service(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of()
    shop.ready()
    processes = [reader.process for reader in shop.readers._readers]
    shop.tenant.close()
    assert not any(process.is_alive() for process in processes)


ALONE = """
import sys, time
from pathlib import Path
from test_readers import opened, make_live, Readers, Settings, Tenant
if __name__ == "__main__":
    readers = Readers(1, opened)
    tenant = Tenant("main", Path(sys.argv[1]), make_live(), opened, Settings(clock="data"), readers=readers)
    tenant.start()
    while readers.ready == 0:
        time.sleep(0.05)
    print(readers._readers[0].process.pid, flush=True)
    time.sleep(600)
"""


def test_a_reader_ends_when_the_service_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "alone.py"
    script.write_text(ALONE)
    beside = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "main")], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": beside},
    ) as service:  # fmt: skip
        assert service.stdout is not None
        reader = psutil.Process(int(service.stdout.readline()))
        service.kill()
    reader.wait(30)
