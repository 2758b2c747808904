"""The engine under more questions than it can answer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable

import pytest
from fastapi.testclient import TestClient

from edgewise.prediction.nouns import Event
from edgewise.serving.engine import Engine
from edgewise.serving.live import Live
from edgewise.serving.pace import Overdue


def test_time_goes_to_jobs_that_can_be_done() -> None:
    """Of many jobs at once, what is begun is finished in time: none is worked on that nobody waits for."""
    engine, begun = Engine("test"), []

    def job(n: int) -> int:
        begun.append(n)
        time.sleep(0.03)
        return n

    async def ask() -> list[object]:
        await engine.within(5.0, lambda: job(-1))
        engine._pace.usual = 0.03  # as after many of them
        asked = (engine.within(0.2, lambda n=n: job(n)) for n in range(40))
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(ask())
    engine.close()
    done = [answer for answer in found if not isinstance(answer, Overdue)]
    assert 1 <= len(done) <= 7
    assert done == list(range(len(done)))
    assert len(begun) - 1 <= len(done) + 1  # a slow machine may be late with the last of them


def test_one_slow_job_does_not_keep_the_others_from_trying() -> None:
    engine = Engine("test")

    async def ask() -> int:
        with pytest.raises(Overdue):
            await engine.within(0.05, lambda: time.sleep(0.5))
        await asyncio.sleep(0.6)
        return await engine.within(0.05, lambda: 7)

    engine._pace.usual = 10.0
    assert asyncio.run(ask()) == 7
    engine.close()


def test_events_that_come_while_the_engine_is_busy_are_taken_together(client: TestClient) -> None:
    tenant, release = client.service.tenants["main"], threading.Event()
    live, taken = tenant.models.now.current, []
    observe_all = live.observe_all

    def noting(self: Live, events: Iterable[Event]) -> None:
        every = list(events)
        taken.append(len(every))
        observe_all(every)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Live, "observe_all", noting)
        tenant.engine.submit(lambda: release.wait(10))
        for i in range(5):
            event = {"id": f"e{i}", "table": "listens", "values": {"user_id": 3, "track_id": 40 + i}}
            assert client.post("/v1/events", json=event).status_code == 200
        release.set()
        tenant.engine.submit(lambda: None).result()
    assert live.answers.seen == [f"e{i}" for i in range(5)]
    assert taken == [5]
