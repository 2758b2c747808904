"""What every page has: templates, headers, who may see it, and errors as pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Coroutine
from importlib import resources
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined

from edgewise.errors import UserError
from edgewise.evaluation.report import number
from edgewise.serving.access import Scope
from edgewise.serving.envelope import Refusal, envelope, invalid
from edgewise.serving.models import NoModel
from edgewise.serving.pages.charts.pen import said
from edgewise.serving.pages.session import COOKIE, Sessions
from edgewise.serving.routes.given import allowed, served
from edgewise.serving.tenant import Tenant

__all__ = ["PageRoute", "Seen", "form_of", "render", "secured", "sessions_of", "text_of"]

#: Scripts, styles and requests come from this service alone; nothing inline, no frames, no foreign forms.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_templates: Final = Environment(
    loader=PackageLoader("edgewise.serving.pages", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["number"] = number
_templates.filters["counted"] = lambda n: f"{n:,}"
_templates.filters["said"] = said
_templates.filters["signed"] = lambda value, unit="": ("+" if value > 0 else "") + said(value, unit)
_templates.filters["words"] = lambda name: str(name).replace("_", " ")


def _cell(cell: object) -> object:
    """A cell of a table as it is read: figures in few letters, days without their midnight."""
    if isinstance(cell, float):
        return said(cell)
    if isinstance(cell, dt.datetime):
        return f"{cell:%Y-%m-%d}" if cell.time() == dt.time() else f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else cell


_templates.filters["cell"] = _cell
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route that answers with pages: its errors are pages too, and what changes something comes from here."""

    def get_route_handler(self) -> Handler:
        """The handler of the route, guarded."""
        inner = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                if request.method not in _SAFE:
                    _check_origin(request)
                return secured(await inner(request))
            except NoModel as error:
                place = request.url.path.split("/")[1]
                return secured(render(request, "no_model.html.j2", error.status, place=place, fit=error.fit))
            except UserError as error:
                return _error_page(request, error)
            except RequestValidationError as error:
                return _error_page(request, invalid(error))

        return guarded


async def _allowed(request: Request) -> Tenant:
    """The tenant whose pages these are; an administrator's, or anybody's in a demo."""
    return allowed(request, sessions_of(request).key(request.cookies.get(COOKIE)), Scope.ADMIN)


Seen = Annotated[Tenant, Depends(_allowed)]


def sessions_of(request: Request) -> Sessions:
    """Who is signed in, in this application."""
    sessions: Sessions = request.app.state.sessions
    return sessions


def render(request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
    """A page from a template; `place` is the part of the service that it belongs to."""
    keys = served(request).access is not None
    page = _templates.get_template(template).render(
        place=values.pop("place", ""), tenant=getattr(request.state, "tenant", None), keys=keys, **values
    )
    return HTMLResponse(page, status)


def secured(response: Response) -> Response:
    """A response with the headers of a page."""
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form as a browser sends it.

    Raises:
        Refusal: what was sent is no form.
    """
    try:
        text = (await request.body()).decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50, errors="strict"))
    except ValueError:
        raise Refusal(422, "what was sent is no form", place="body") from None


def text_of(name: str) -> bytes:
    """A static file of the package.

    Raises:
        Refusal: there is none of that name.
    """
    folder = resources.files("edgewise.serving.pages") / "static"
    if name not in {file.name for file in folder.iterdir()}:
        raise Refusal(404, f"there is no file '{name[:100]}'")
    return (folder / name).read_bytes()


def _check_origin(request: Request) -> None:
    """Refuse a form that another site's page sends.

    Raises:
        Refusal: 403.
    """
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    foreign = origin is None or urlsplit(origin).netloc != host
    if foreign or fetched not in ("same-origin", "none"):
        raise Refusal(403, "this form was sent from another site", hint="open the page here and send it again")


def _error_page(request: Request, error: UserError) -> Response:
    status, body = envelope(error, getattr(request.state, "request", None))
    if status == 401:
        target = quote(request.url.path if request.method in _SAFE else "/preview", safe="/")
        return secured(RedirectResponse(f"/sign-in?next={target}", 303))
    return secured(render(request, "error.html.j2", status, status=status, error=body["error"]))
