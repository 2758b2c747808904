"""Preview: the page as a user would see it, and what an event does to it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from edgewise.decisions.people import Word
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.frame import PageRoute, Seen, form_of, render
from edgewise.serving.pages.people import People
from edgewise.serving.pages.views import SHOWS, Show, models_of, side
from edgewise.serving.routes.given import clean
from edgewise.serving.tenant import Tenant
from edgewise.serving.verbs import search_of, verbs_of

__all__ = ["Look", "router"]

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Look:
    """What the preview is asked to show: a user under a model, and a second of each where `beside` is given."""

    user: str = ""
    model: str = ""
    beside: str | None = None
    model2: str = ""
    show: Show = "home"
    said: str = ""

    @staticmethod
    def of(given: Mapping[str, str]) -> Look:
        """From the address of the page, or from a form that came from it."""
        show = given.get("show", "home")
        beside = given.get("beside")
        return Look(
            user=_name(given.get("user", ""), "query.user"),
            model=given.get("model", "")[:20],
            beside=None if beside is None else _name(beside, "query.beside"),
            model2=given.get("model2", "")[:20],
            show=cast(Show, show) if show in SHOWS else "home",
            said=given.get("said", "")[:200],
        )

    def address(self, **changed: Any) -> str:
        """The address of this look, with something changed."""
        look = replace(self, said="") if "said" not in changed else self
        look = replace(look, **changed)
        fields = {name: getattr(look, name) for name in ("user", "model", "model2", "said")}
        given = {name: value for name, value in fields.items() if value}
        if look.beside is not None:
            given["beside"] = look.beside
        if look.show != "home":
            given["show"] = look.show
        return f"/preview?{urlencode(given)}" if given else "/preview"


@router.get("/preview")
async def preview(request: Request, tenant: Seen) -> Response:
    """The page of a user, or of two beside each other."""
    look = Look.of(request.query_params)
    sides = [await side(tenant, look.user, look.model, look.show)]
    if look.beside is not None:
        sides.append(await side(tenant, look.beside, look.model2, look.show))
    live = tenant.models.now.current
    near: list[str] = []
    if look.user and not sides[0].known:
        near = await tenant.engine.run(lambda: _people(request).found(live, look.user, 6))
    return render(
        request, "preview.html.j2", place="preview", look=look, sides=sides, near=near, shows=SHOWS,
        models=models_of(tenant.models.now), users=live.users,
    )  # fmt: skip


@router.get("/preview/random")
async def random_user(request: Request, tenant: Seen) -> Response:
    """Somebody drawn by chance, on the side that is asked for."""
    look = Look.of(request.query_params)
    drawn = await tenant.engine.run(lambda: _people(request).any(tenant.models.now.current))
    second = request.query_params.get("side") == "2"
    return RedirectResponse(look.address(**{"beside" if second else "user": drawn}), 303)


@router.get("/preview/new")
async def new_user(request: Request, tenant: Seen) -> Response:
    """Somebody of whom nothing is known, with a key of their own so that events can be posted for them."""
    look = Look.of(request.query_params)
    key = await tenant.engine.run(lambda: _people(request).new(tenant.models.now.current))
    second = request.query_params.get("side") == "2"
    return RedirectResponse(look.address(**{"beside" if second else "user": key}), 303)


@router.get("/preview/users.json")
async def users(request: Request, tenant: Seen, q: str = "") -> Response:
    """The keys of users that hold a text."""
    text = q[:200]
    found = await tenant.engine.run(lambda: _people(request).found(tenant.models.now.current, text))
    return JSONResponse({"users": found})


@router.post("/preview/event")
async def event(request: Request, tenant: Seen) -> Response:
    """Let a user do something with a thing; then the page again."""
    form = await form_of(request)
    user, key, kind = _needed(form, "who"), _needed(form, "key"), form.get("kind", "")
    live = tenant.models.now.current
    known = {
        verb.table: verb
        for verb in (verbs_of(live.schema, live.users, kind) if kind in live.schema.tables else ())
    }
    verb = known.get(form.get("table", ""))
    if verb is None:
        raise Refusal(422, f"no such event joins users and {kind[:100] or 'things'}", place="body.table")
    await _accept(tenant, verb.table, {verb.user: user, verb.thing: key})
    return _back(form, f"{verb.label} of {form.get('title', key)[:120]}")


@router.post("/preview/search")
async def search(request: Request, tenant: Seen) -> Response:
    """Let a user search for something; then the page again."""
    form = await form_of(request)
    user, text = _needed(form, "who"), _needed(form, "text")
    live = tenant.models.now.current
    table = search_of(live.schema, live.users)
    if table is None:
        raise Refusal(422, "this project has no table of searches", place="body.text")
    await _accept(tenant, table.table, {table.user: user, table.text: text})
    return _back(form, f"Search for “{text}”")


@router.post("/preview/word")
async def word(request: Request, tenant: Seen) -> Response:
    """Let a user say more, less or hide of a thing; then the page again."""
    form = await form_of(request)
    said = form.get("word", "")
    if said not in get_args(Word):
        raise Refusal(
            422, f"'{said[:40]}' is no word", hint=f"words: {', '.join(get_args(Word))}", place="body.word"
        )
    await tenant.hear(_needed(form, "who"), form.get("kind"), _needed(form, "key"), said, None)
    return _back(form, f"“{said.capitalize()}” about {form.get('title', '')[:120]}")


async def _accept(tenant: Tenant, table: str, values: dict[str, str]) -> None:
    name = f"preview-{secrets.token_hex(8)}"
    logged = await tenant.accept([{"id": name, "table": table, "values": values}], batch=False)
    tenant.metrics.events(len(logged), 0)
    if not logged:
        raise Refusal(409, "this user was deleted: nothing is kept of them", place="body.who")


def _back(form: Mapping[str, str], said: str) -> Response:
    return RedirectResponse(Look.of(form).address(said=said), 303)


def _people(request: Request) -> People:
    people: People = request.app.state.people
    return people


def _name(text: str, place: str) -> str:
    return clean(text, place) if text else ""


def _needed(form: Mapping[str, str], field: str) -> str:
    return clean(form.get(field, ""), f"body.{field}")
