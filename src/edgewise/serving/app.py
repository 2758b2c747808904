"""The HTTP application: middleware, errors, and the routes put together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Wire

from edgewise.errors import UserError
from edgewise.serving.direct import Direct
from edgewise.serving.envelope import ErrorEnvelope, Refusal, envelope, invalid
from edgewise.serving.limits import BodyLimit
from edgewise.serving.pages.fits import Fits
from edgewise.serving.pages.origin import Origin
from edgewise.serving.pages.people import People
from edgewise.serving.pages.router import router as pages
from edgewise.serving.pages.session import Sessions
from edgewise.serving.routes import admin, events, health, items, match, notify, users
from edgewise.serving.service import Service

__all__ = ["MOST_BYTES", "make_app"]

_LOG: Final = logging.getLogger("edgewise.serving")
MOST_BYTES: Final = 2_000_000
_PORT: Final = re.compile(r":\d{1,5}$")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": ErrorEnvelope, "description": "The request cannot be answered, and why."},
    "5XX": {"model": ErrorEnvelope, "description": "The service is not able to answer now."},
}


def make_app(
    service: Service, *, most_bytes: int = MOST_BYTES, origins: Mapping[str, Origin] | None = None
) -> FastAPI:
    """The application over a service whose tenants are started; `origins` says where their models came from."""
    app = FastAPI(
        title="Edgewise",
        description="Pages, lists and recommendations that change with the last event.",
        version="1",
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan(service),
        responses=_ERRORS,
        separate_input_output_schemas=False,
    )
    app.state.service = service
    app.state.origins, app.state.fits = dict(origins or {}), Fits()
    app.state.sessions, app.state.people = Sessions(), People()
    for routes in (users, match, notify, items, events, admin, health):
        app.include_router(routes.router)
    app.include_router(pages)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(UserError, _refused)
    app.add_exception_handler(Exception, _refused)
    app.add_middleware(BodyLimit, most=most_bytes, refuse=_response)
    app.add_middleware(Direct, most=most_bytes)
    app.add_middleware(Front, service=service)
    return app


class Front:
    """ASGI middleware around everything: a name for each request, errors of ours, timings, the host in a demo."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Wire, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request, began, status = secrets.token_hex(8), time.perf_counter(), 0
        scope.setdefault("state", {})["request"] = request

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).extend(
                    [(b"x-request-id", request.encode()), (b"x-content-type-options", b"nosniff")]
                )
            await send(message)

        try:
            self._check_host(scope)
            await self.app(scope, receive, noting)
        except Exception as error:
            if status:
                raise
            if not isinstance(error, Refusal):
                _LOG.exception("request %s failed", request)
            await _response(error, request)(scope, receive, noting)
        finally:
            self._count(scope, status, time.perf_counter() - began)

    def _check_host(self, scope: Wire) -> None:
        """Without keys, no page from elsewhere may reach the service under a name of its own (DNS rebinding)."""
        if self.service.access is not None:
            return
        host = dict(scope["headers"]).get(b"host", b"localhost").decode("latin-1")
        if _PORT.sub("", host) not in _LOOPBACK:
            raise Refusal(421, "a demo answers under the name of this machine alone", hint="use http://127.0.0.1")

    def _count(self, scope: Wire, status: int, seconds: float) -> None:
        tenant = self.service.tenants.get(scope.get("state", {}).get("tenant", ""))
        if tenant is not None:
            tenant.metrics.answered(getattr(scope.get("route"), "path", "none"), status, seconds)


def _lifespan(service: Service) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        """Keep the popular answers fresh while the service runs; finish what is under way when it ends."""
        loop = asyncio.get_running_loop()
        for tenant in service.tenants.values():
            await loop.run_in_executor(None, tenant.start)
            await service.refresh(tenant)
        gc.collect()
        gc.freeze()  # what was loaded stays: collections while serving need not look at it
        fresh = [asyncio.create_task(_refreshing(service, name)) for name in service.tenants]
        yield
        app.state.fits.close()
        gc.unfreeze()
        for task in fresh:
            task.cancel()
        await asyncio.gather(*fresh, return_exceptions=True)
        for tenant in service.tenants.values():
            await loop.run_in_executor(None, tenant.close)

    return lifespan


async def _refreshing(service: Service, name: str) -> None:
    tenant = service.tenants[name]
    while True:
        await asyncio.sleep(tenant.settings.fresh)
        try:
            await service.refresh(tenant)
        except Exception:
            _LOG.exception("the popular answers of %s could not be made anew", name)


def _response(error: Exception, request: str | None = None) -> JSONResponse:
    status, body = envelope(error, request)
    headers = {}
    if isinstance(error, Refusal) and error.wait is not None:
        headers["Retry-After"] = str(max(1, round(error.wait)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers)


async def _refused(request: Request, error: Exception) -> Response:
    return _response(error, getattr(request.state, "request", None))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _refused(request, invalid(error, hint="see /openapi.json"))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    hints = {404: "see /openapi.json for what there is", 405: "see /openapi.json for the methods"}
    refusal = Refusal(error.status_code, _lowered(str(error.detail)), hint=hints.get(error.status_code))
    answer = await _refused(request, refusal)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
