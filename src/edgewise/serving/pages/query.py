"""Query: write what to predict, see whether it holds here and what its labels are like, and fit it."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from edgewise.errors import QueryError
from edgewise.query.bind import bind
from edgewise.query.nodes import Func
from edgewise.schema.model import Schema
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.fits import Fits
from edgewise.serving.pages.frame import PageRoute, Seen, form_of, render
from edgewise.serving.pages.labels import LabelShape, chart, label_shape
from edgewise.serving.pages.origin import origin_of
from edgewise.serving.pages.runs import runs_of
from edgewise.serving.routes.given import clean
from edgewise.serving.run_folder import database_of
from edgewise.serving.tenant import Tenant

__all__ = ["checked", "router", "words_of"]

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_LONGEST: Final = 4_000
_WORDS: Final = (
    "PREDICT", "FOR EACH", "WHERE", "ASSUMING", "RANK TOP", "CLASSIFY", "FORECAST", "AND", "OR", "NOT", "IN", "IS",
    "days", "hours", "weeks", "months",
)  # fmt: skip


@router.get("/query")
async def query(request: Request, tenant: Seen, text: str = "") -> Response:
    """The page to write on."""
    return await _page(request, tenant, text[:_LONGEST])


@router.get("/query/words.json")
async def words(tenant: Seen) -> Response:
    """What a query may name: tables with their columns, functions, words of the language."""
    return JSONResponse(words_of(tenant.models.now.current.schema))


@router.get("/query/check.json")
async def check(tenant: Seen, text: str = "") -> Response:
    """Whether a query holds here; where not, the place, the cause and a hint. No data is read."""
    return JSONResponse(checked(text[:_LONGEST], tenant.models.now.current.schema))


@router.post("/query/labels")
async def labels(request: Request, tenant: Seen) -> Response:
    """Make the labels of a query and show their shape."""
    text = (await form_of(request)).get("text", "")[:_LONGEST]
    if not checked(text, tenant.models.now.current.schema)["valid"]:
        return await _page(request, tenant, text)
    runs = origin_of(request, tenant.name).runs
    if not runs:
        raise Refusal(409, "these models were not made from runs, so there are no tables to read")

    def made() -> LabelShape:
        with database_of(runs[0]) as db:
            return label_shape(db, text)

    return await _page(request, tenant, text, await asyncio.to_thread(made))


@router.post("/query/fit")
async def fit(request: Request, tenant: Seen) -> Response:
    """Start a fit in the background."""
    form = await form_of(request)
    text = form.get("text", "")[:_LONGEST]
    if not checked(text, tenant.models.now.current.schema)["valid"]:
        return await _page(request, tenant, text)
    name = clean(form.get("name", ""), "body.name")
    origin = origin_of(request, tenant.name)
    begun = await asyncio.to_thread(_fits(request).start, tenant.name, origin, name, text, form.get("budget", ""))
    return RedirectResponse(f"/query/fits/{begun.name}", 303)


@router.get("/query/fits/{name}")
async def progress(request: Request, tenant: Seen, name: str) -> Response:
    """How far a fit is."""
    found = _fits(request).named(tenant.name, name)
    return render(request, "fit.html.j2", place="query", fit=found, state=found.state, lines=found.lines)


@router.get("/query/fits/{name}/state.json")
async def state(request: Request, tenant: Seen, name: str) -> Response:
    """How far a fit is, for the script of the page."""
    found = _fits(request).named(tenant.name, name)
    return JSONResponse({"state": found.state, "lines": found.lines})


@router.post("/query/fits/{name}/stop")
async def stop(request: Request, tenant: Seen, name: str) -> Response:
    """End a fit."""
    await asyncio.to_thread(_fits(request).stop, tenant.name, name)
    return RedirectResponse(f"/query/fits/{name}", 303)


def checked(text: str, schema: Schema) -> dict[str, Any]:
    """A query bound to a schema: what it means, or what is wrong with it, where, and what would work."""
    if not text.strip():
        return {"valid": False, "message": "", "hint": "PREDICT … FOR EACH …", "start": 0, "end": 0}
    try:
        found = bind(text, schema)
    except QueryError as error:
        return {
            "valid": False, "message": error.message, "hint": error.hint or "",
            "start": error.start, "end": min(error.end, len(text)),
        }  # fmt: skip
    item = f" of {found.item_table}" if found.item_table is not None else ""
    meaning = f"a {found.kind.value} task{item} for each of {found.entity_table}"
    return {"valid": True, "message": meaning, "warnings": list(found.warnings)}


def words_of(schema: Schema) -> dict[str, Any]:
    """The names and words that complete a query."""
    return {
        "tables": {t.name: {"key": t.key, "columns": {c.name: str(c.stype) for c in t.columns}} for t in schema},
        "functions": [str(func.value) for func in Func],
        "words": list(_WORDS),
    }


async def _page(request: Request, tenant: Tenant, text: str, shape: LabelShape | None = None) -> Response:
    runs = await asyncio.to_thread(runs_of, origin_of(request, tenant.name))
    samples = list(dict.fromkeys(run.query for run in runs if run.query.startswith("PREDICT")))
    schema = tenant.models.now.current.schema
    return render(
        request, "query.html.j2", place="query", text=text, found=checked(text, schema), shape=shape,
        chart=None if shape is None or not shape.anchors else chart(shape), fits=_fits(request).of(tenant.name),
        samples=[(sample, f"/query?{urlencode({'text': sample})}") for sample in samples],
    )  # fmt: skip


def _fits(request: Request) -> Fits:
    fits: Fits = request.app.state.fits
    return fits
