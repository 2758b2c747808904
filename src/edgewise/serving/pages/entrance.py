"""The way in: the first page, signing in and out, style sheets and scripts."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from edgewise.serving.access import Scope
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.frame import PageRoute, form_of, render, sessions_of, text_of
from edgewise.serving.pages.session import COOKIE, HOURS
from edgewise.serving.routes.given import caller_of, served

__all__ = ["router"]

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@router.get("/")
async def first(request: Request) -> Response:
    """The preview is the first page; where nothing can be previewed, what was decided."""
    previews = any(tenant.models.serving is not None for tenant in served(request).tenants.values())
    return RedirectResponse("/preview" if previews else "/decisions", 303)


@router.get("/sign-in")
async def sign_in(request: Request, next: str = "/preview") -> Response:
    """Ask for a key."""
    return render(request, "sign_in.html.j2", next=_here(next), wrong=None)


@router.post("/sign-in")
async def signed_in(request: Request) -> Response:
    """Take a key; wrong ones are counted like those of any request."""
    form = await form_of(request)
    target, key = _here(form.get("next", "")), form.get("key", "").strip()
    if served(request).access is None:
        return RedirectResponse(target, 303)
    try:
        caller_of(request, key).check(Scope.ADMIN)
    except Refusal as refusal:
        return render(request, "sign_in.html.j2", refusal.status, next=target, wrong=refusal.message)
    answer = RedirectResponse(target, 303)
    answer.set_cookie(
        COOKIE, sessions_of(request).begin(key), max_age=HOURS * 3600, httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    sessions_of(request).end(request.cookies.get(COOKIE))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """A style sheet, a script, a picture."""
    content = text_of(name)
    kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})


def _here(target: str) -> str:
    """A path on this service; anything else becomes the first page."""
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if ours else "/preview"
