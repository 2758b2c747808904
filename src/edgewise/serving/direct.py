"""The two requests that come most often, a homepage and one event, without the framework around them.

The same service answers, and says the same: the framework takes more of the processor than checking and answering
such a request does. Whatever is unusual (a batch, another type of body, a value that the framework refuses) is
left to the framework's route, which checks it as its description says; `tests/serving/test_direct.py` compares
the two.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

import orjson
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Wire

from edgewise.serving.access import Scope
from edgewise.serving.event_log import Logged
from edgewise.serving.routes.given import allowed, clean
from edgewise.serving.tenant import Tenant

__all__ = ["Direct", "taken"]

_USERS: Final = "/v1/users/"
_HOME: Final = "/home"
_EVENTS: Final = "/v1/events"
_LONGEST: Final = 200
_KNOWN: Final = frozenset({"id", "table", "values", "at"})


class Route(NamedTuple):
    """What the service's counters read of a route."""

    path: str


_HOME_ROUTE: Final = Route("/v1/users/{key:path}/home")
_EVENTS_ROUTE: Final = Route("/v1/events")


class Direct:
    """ASGI middleware: answers what it knows, and hands all else to the application, bodies included."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Wire, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on.

        Raises:
            Refusal: as the routes raise it.
        """
        if scope["type"] == "http" and not scope.get("root_path"):
            path, method = scope["path"], scope["method"]
            if method == "GET" and path.startswith(_USERS) and path.endswith(_HOME):
                key = path[len(_USERS) : -len(_HOME)]
                if 0 < len(key) <= _LONGEST:
                    await _answer(send, await _home(scope, key))
                    return
            elif method == "POST" and path == _EVENTS and self._plain(scope):
                await self._event(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _plain(self, scope: Wire) -> bool:
        """Whether a body is said to be JSON and of a size that is taken."""
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        announced = length.isdigit() and len(length) < 20 and int(length) <= self.most
        return announced and headers.get(b"content-type") == b"application/json"

    async def _event(self, scope: Wire, receive: Receive, send: Send) -> None:
        messages, body = [], b""
        while True:
            message = await receive()
            messages.append(message)
            body += message.get("body", b"")
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        event = _one(body) if message["type"] == "http.request" else None
        if event is None:
            await self.app(scope, _again(messages, receive), send)
            return
        tenant = _tenant(scope, Scope.EVENTS, _EVENTS_ROUTE)
        logged = await tenant.accept([event], batch=False)
        await _answer(send, orjson.dumps(taken(tenant, logged, 1)))


def taken(tenant: Tenant, logged: list[Logged], sent: int) -> dict[str, int]:
    """What became of events, in words of `answers.Accepted`; they are counted."""
    new = sum(1 for one in logged if one.new)
    tenant.metrics.events(new, len(logged) - new)
    return {
        "accepted": new, "duplicates": len(logged) - new, "ignored": sent - len(logged),
        "position": max((one.position for one in logged), default=0),
    }  # fmt: skip


async def _home(scope: Wire, key: str) -> bytes:
    tenant = _tenant(scope, Scope.READ, _HOME_ROUTE)
    return await scope["app"].state.service.home(tenant, clean(key, "path.key"))


def _tenant(scope: Wire, wanted: Scope, route: Route) -> Tenant:
    """The tenant of the key in a request; the service's counters learn the route."""
    scope["route"] = route
    request = Request(scope)
    scheme, given = get_authorization_scheme_param(request.headers.get("Authorization"))
    return allowed(request, given if scheme.lower() == "bearer" else None, wanted)


def _one(body: bytes) -> dict[str, Any] | None:
    """An event as `routes.events.EventIn` reads it; None for whatever that would have to look at."""
    if b"\\ud" in body.lower():  # it may be half a character
        return None
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict) or not given.keys() <= _KNOWN:
        return None
    at = given.get("at")
    plain = all(
        isinstance(text, str) and 0 < len(text) <= _LONGEST for text in (given.get("id"), given.get("table"))
    )
    if not plain or not isinstance(given.get("values"), dict) or not (at is None or type(at) in (str, int)):
        return None
    return given


def _again(messages: list[Message], receive: Receive) -> Receive:
    """The messages that were read already, then those that come."""
    waiting = iter(messages)

    async def replayed() -> Message:
        for message in waiting:
            return message
        return await receive()

    return replayed


async def _answer(send: Send, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
