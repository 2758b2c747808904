"""kill -9 at any moment: every acknowledged event is there after the restart, and answers know it."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from edgewise.prediction.nouns import Event
from edgewise.serving.event_log import EventLog

SERVER = Path(__file__).with_name("shop_server.py")
KILLS = 50


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Servers:
    """Server processes over one folder, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parent = subprocess.Popen(
            [sys.executable, str(SERVER), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @contextmanager
    def one(self, port: int) -> Iterator[int]:
        """A server that is ready, by its process id; killed at the end."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{port}\n")
        self._parent.stdin.flush()
        process = int(self._parent.stdout.readline())
        try:
            wait_until_ready(port)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            while Path(f"/proc/{process}").exists():
                time.sleep(0.002)

    def close(self) -> None:
        """End the parent."""
        self._parent.communicate()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """Servers over an empty folder."""
    made = Servers(tmp_path)
    yield made
    made.close()


def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of an answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def wait_until_ready(port: int, seconds: float = 20.0) -> None:
    """Ask until it answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):
            if get(port, "/readyz")[0] == 200:
                return
        time.sleep(0.005)
    raise AssertionError("the server is not ready")


def post_until_it_dies(port: int, name: str, acknowledged: list[str]) -> None:
    """Post events one after the other; note which are acknowledged."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        for n in range(100_000):
            events = [
                {
                    "id": f"{name}-{n}-{m}",
                    "table": "listens",
                    "values": {"user_id": n % 40, "track_id": (n + m) % 60},
                }
                for m in range(1 + n % 3)
            ]
            try:
                headers = {"Content-Type": "application/json"}
                connection.request("POST", "/v1/events", json.dumps({"events": events}), headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 200:
                acknowledged += [event["id"] for event in events]


def kill_in_the_midst(servers: Servers, kill: int, acknowledged: list[str]) -> None:
    """Start a server, post from several threads, kill it."""
    rng, port = random.Random(kill), free_port()
    heard: list[list[str]] = [[] for _ in range(4)]
    with servers.one(port) as process:
        posting = [
            threading.Thread(target=post_until_it_dies, args=(port, f"{kill}-{thread}", mine))
            for thread, mine in enumerate(heard)
        ]
        for thread in posting:
            thread.start()
        time.sleep(rng.uniform(0.0, 0.25))
        os.kill(process, signal.SIGKILL)
        for thread in posting:
            thread.join()
    for mine in heard:
        acknowledged += mine


def check_all_there(folder: Path, acknowledged: list[str]) -> None:
    """Every acknowledged event is in the log, once."""
    log = EventLog(folder / "events.sqlite")
    found = [one.event.id for one in log.read()]
    log.close()
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)


def test_an_acknowledged_event_survives_a_kill_and_answers_know_it(servers: Servers) -> None:
    acknowledged: list[str] = []
    kill_in_the_midst(servers, 1, acknowledged)
    check_all_there(servers.folder, acknowledged)
    log = EventLog(servers.folder / "events.sqlite")
    log.append(
        [(Event(f"many-{n}", "listens", {"user_id": 3, "track_id": 59}, 1), "3") for n in range(5_000)]
    ).result()
    log.close()
    port, began = free_port(), time.monotonic()
    with servers.one(port):
        assert time.monotonic() - began < 5
        first = json.loads(get(port, "/v1/users/3/recommendations?k=1")[1])["things"][0]
        assert first["key"] == 59


@pytest.mark.slow
def test_an_acknowledged_event_survives_fifty_kills(servers: Servers) -> None:
    acknowledged: list[str] = []
    for kill in range(KILLS):
        kill_in_the_midst(servers, kill, acknowledged)
        check_all_there(servers.folder, acknowledged)
    assert len(acknowledged) > KILLS
