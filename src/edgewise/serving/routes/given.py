"""What every route is given: who asks, the tenant, and parameters of one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.openapi.models import HTTPBearer as Bearer
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from edgewise.serving.access import Caller, Scope
from edgewise.serving.envelope import Refusal
from edgewise.serving.service import MOST, Service
from edgewise.serving.tenant import Tenant

__all__ = ["Admin", "Count", "Events", "Kind", "Read", "UserKey", "allowed", "caller_of", "clean", "served"]


class ApiKey(SecurityBase):
    """The key in a request: `Authorization: Bearer KEY`."""

    def __init__(self) -> None:
        self.model = Bearer(description="an API key; none in a demo")
        self.scheme_name = "API key"

    async def __call__(self, request: Request) -> str | None:
        """The key, or None."""
        scheme, given = get_authorization_scheme_param(request.headers.get("Authorization"))
        return given if scheme.lower() == "bearer" else None


def served(request: Request) -> Service:
    """The service behind the application."""
    service: Service = request.app.state.service
    return service


def caller_of(request: Request, key: str | None) -> Caller:
    """Who sends a request with a key.

    Raises:
        Refusal: 401 or 429.
    """
    return served(request).caller(key, request.client.host if request.client else "unknown")


def allowed(request: Request, key: str | None, scope: Scope) -> Tenant:
    """The tenant of a key that allows what is asked.

    Raises:
        Refusal: the key is none, allows less, or its tenant is not served now.
    """
    caller = caller_of(request, key)
    request.state.tenant = caller.tenant
    caller.check(scope)
    return served(request).tenant(caller)


def _allowed(scope: Scope) -> Callable[..., Any]:
    async def tenant(request: Request, key: Annotated[str | None, Depends(ApiKey())]) -> Tenant:
        return allowed(request, key, scope)

    return tenant


Read = Annotated[Tenant, Depends(_allowed(Scope.READ))]
Events = Annotated[Tenant, Depends(_allowed(Scope.EVENTS))]
Admin = Annotated[Tenant, Depends(_allowed(Scope.ADMIN))]
UserKey = Annotated[
    str | None, Query(max_length=200, description="a user's key; without one, for nobody in particular")
]
Kind = Annotated[str | None, Query(max_length=200, description="the table of the things; by default the first")]
Count = Annotated[int, Query(ge=1, le=MOST, description="how many things")]


def clean(text: str | None, place: str) -> str:
    """A key or a text from outside that every part of the system can hold.

    Raises:
        Refusal: too long, empty, with NUL or half a character in it.
    """
    if text is None:
        return ""
    if not text or len(text) > 200:
        raise Refusal(422, "a key has 1 to 200 characters", place=place)
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Refusal(422, "a text with NUL or half a character in it", place=place, hint="send valid UTF-8")
    return text
