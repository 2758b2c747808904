"""The server process: uvicorn on loopback, unless another address is asked for."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

from edgewise.errors import ArgumentError

__all__ = ["LOOPBACK", "address_of", "check_address", "free_port", "run_server"]

LOOPBACK: Final = "127.0.0.1"
#: With Python's own 5 ms, the loop may wait that long for a thread that computes an answer, and it does so several
#: times a request: under more questions than can be answered, 1 ms still makes events wait for seconds.
_SWITCH: Final = 0.0002


def run_server(app: FastAPI, host: str, port: int, ready: Callable[[], None] = lambda: None) -> None:
    """Answer until the process is told to stop (SIGINT, SIGTERM), then finish what is under way.

    `ready` is called when the port is open: a first start may compile for a while before.
    """
    sys.setswitchinterval(_SWITCH)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=5, timeout_keep_alive=30, limit_concurrency=2_000,
    )  # fmt: skip
    _Server(config, ready).run()


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def address_of(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def free_port(host: str, first: int) -> int:
    """The first port from `first` on that nobody listens on, among a hundred; else one that the system picks.

    Raises:
        ArgumentError: there is none, or the address is not one of this machine.
    """
    for port in (*range(first, min(first + 100, 65536)), 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                tried.bind((host, port))
                return int(tried.getsockname()[1])
    raise ArgumentError(f"no port of {host} is free", hint="end another server")


def check_address(host: str, *, keys: bool) -> None:
    """Refuse to answer strangers without keys.

    Raises:
        ArgumentError: an address beyond this machine, and no keys.
    """
    if not keys and not _is_loopback(host):
        raise ArgumentError(
            f"without API keys the service answers this machine alone, not '{host}'",
            hint="leave --demo out, or --host",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
