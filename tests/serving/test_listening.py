"""What answers live for decisions: one a tenant, none in another's way, and none that keeps who was deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from decided_samples import plain, write_all
from serving_shop import make_live

from edgewise.decisions.decided.nouns import Decided
from edgewise.serving.event_log import Logged
from edgewise.serving.listening import Listeners
from edgewise.serving.tenant import Settings, Tenant


class Ear:
    """Hears of listens and knows two people."""

    tables = frozenset({"listens"})

    def __init__(self, decided: Decided) -> None:
        self.at = 0
        self.of = decided.source
        self.people = {"1", "2"}
        self.heard = 0

    def forget(self, user: str) -> None:
        self.people.discard(user)


def tell(_: Tenant, ear: Ear, __: Logged) -> None:
    ear.heard += 1


@pytest.fixture
def tenants(tmp_path: Path) -> Iterator[tuple[Tenant, Tenant]]:
    made = [Tenant(name, tmp_path / name, make_live(), make_live, Settings(clock="data")) for name in ("a", "b")]
    for one in made:
        one.start()
    yield made[0], made[1]
    for one in made:
        one.close()


def test_a_tenant_does_not_wait_while_the_decision_of_another_is_taken_in(
    tenants: tuple[Tenant, Tenant], tmp_path: Path
) -> None:
    begun, go = Event(), Event()
    made: list[str] = []

    def make(decided: Decided) -> Ear:
        if not made:
            made.append("slow")
            begun.set()
            assert go.wait(20)
        else:
            made.append("fast")
        return Ear(decided)

    listeners = Listeners("other", make, tell)
    folder = write_all(tmp_path / "decided", plain())
    with ThreadPoolExecutor(2) as pool:
        first = [pool.submit(listeners.ask, tenants[0], folder, "1", id) for _ in range(2)]
        assert begun.wait(20)
        other = listeners.ask(tenants[1], folder, "1", id)
        assert made == ["slow", "fast"]
        go.set()
        assert first[0].result(20) == first[1].result(20) != other
    assert made == ["slow", "fast"]


def test_who_is_deleted_is_dropped_at_once_and_from_what_is_made_later(
    tenants: tuple[Tenant, Tenant], tmp_path: Path
) -> None:
    ears = Listeners("other", Ear, tell)
    folder = write_all(tmp_path / "decided", plain())
    ear, other = (ears.ask(tenant, folder, "2", lambda ear: ear) for tenant in tenants)
    asyncio.run(_heard_and_deleted(tenants[0]))
    assert ear.people == {"2"}
    assert other.people == {"1", "2"}
    assert ears.ask(tenants[0], folder, "2", lambda ear: ear.heard) == 1
    later = Listeners("other", Ear, tell)
    assert later.ask(tenants[0], folder, "1", lambda ear: set(ear.people)) == {"2"}
    assert later.ask(tenants[1], folder, "1", lambda ear: set(ear.people)) == {"1", "2"}


async def _heard_and_deleted(tenant: Tenant) -> None:
    values = {"user_id": 2, "track_id": 5, "seconds": 1.0}
    await tenant.accept([{"id": "e1", "table": "listens", "values": values}], batch=False)
    await tenant.forget("1")
