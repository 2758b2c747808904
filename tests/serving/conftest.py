"""Lets the tests of this folder import the small shop, and makes services over it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parent))

from serving_shop import make_live

from edgewise.errors import RunError
from edgewise.serving.access import Access
from edgewise.serving.app import make_app
from edgewise.serving.limits import RateLimit
from edgewise.serving.live import Live
from edgewise.serving.service import Service
from edgewise.serving.tenant import Settings, Tenant


def load(name: str) -> Live:
    """Stands for opening a run by its name."""
    if name.startswith("broken"):
        raise RunError(f"the run '{name}' is damaged", hint="fit it again")
    return make_live(name)


def tenant(name: str, folder: Path, **settings: Any) -> Tenant:
    """A tenant over the small shop."""
    given = {"clock": "data", "deadline": 5.0} | settings
    return Tenant(name, folder / name, make_live(), load, Settings(**given))


@pytest.fixture
def client_of(tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Starts a service and gives a client of it; `client.service` is what it talks to."""
    with ExitStack() as stack:

        def start(
            *names: str, access: Access | None = None, rate: float = 10_000, burst: float = 10_000, **settings: Any
        ) -> TestClient:
            tenants = {name: tenant(name, tmp_path, **settings) for name in names or ("main",)}
            service = Service(tenants, access, RateLimit(rate, burst))
            client = stack.enter_context(
                TestClient(
                    make_app(service, most_bytes=100_000), "http://localhost", raise_server_exceptions=False
                )
            )
            client.service = service  # type: ignore[attr-defined]  # for the tests to look inside
            return client

        yield start


@pytest.fixture
def client(client_of: Callable[..., TestClient]) -> TestClient:
    """A client of a demo: one tenant, no keys."""
    return client_of()
