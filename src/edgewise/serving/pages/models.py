"""Models: the runs, how good each was beside its baselines, and which of them answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.frame import PageRoute, Seen, form_of, render
from edgewise.serving.pages.origin import origin_of
from edgewise.serving.pages.runs import report_page, runs_of
from edgewise.serving.pages.since import inputs_now, since_training
from edgewise.serving.pages.views import models_of
from edgewise.serving.routes.given import clean, served
from edgewise.serving.tenant import Tenant

__all__ = ["router"]

router = APIRouter(route_class=PageRoute, include_in_schema=False)
#: A report is one file with its style in it and no script.
_REPORT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@router.get("/models")
async def models(request: Request, tenant: Seen, said: str = "") -> Response:
    """The runs, best known first, and what answers now."""
    serving = tenant.models.now
    runs = await asyncio.to_thread(runs_of, origin_of(request, tenant.name))
    since = await asyncio.to_thread(since_training, tenant)
    return render(
        request, "models.html.j2", place="models", serving=serving, held=models_of(serving), runs=runs,
        since=since, inputs=await inputs_now(tenant), said=said[:200],
    )  # fmt: skip


@router.get("/models/{name}/report")
async def report(request: Request, tenant: Seen, name: str) -> Response:
    """A run's whole report, as `edgewise fit` wrote it."""
    page = await asyncio.to_thread(report_page, origin_of(request, tenant.name), clean(name, "path.name"))
    return HTMLResponse(page, headers={"Content-Security-Policy": _REPORT_POLICY})


@router.post("/models/swap")
async def swap(request: Request, tenant: Seen) -> Response:
    """Let another run answer from now on."""
    name = clean((await form_of(request)).get("run", ""), "body.run")
    return await _changed(
        request, tenant, f"{name} answers now", lambda: tenant.models.swap(name, tenant.catch_up)
    )


@router.post("/models/roll-back")
async def roll_back(request: Request, tenant: Seen) -> Response:
    """Let the models before the last swap answer again."""
    return await _changed(request, tenant, "Rolled back", tenant.roll_back)


@router.post("/models/experiment")
async def experiment(request: Request, tenant: Seen) -> Response:
    """Let another run answer for a share of the users."""
    form = await form_of(request)
    name = clean(form.get("run", ""), "body.run")
    try:
        share = float(form.get("share", "")) / 100
    except ValueError:
        raise Refusal(422, "the share is no number", place="body.share", hint="between 1 and 99 percent") from None
    return await _changed(
        request, tenant, f"{name} answers for {100 * share:g}% of the users",
        lambda: tenant.models.challenge(name, share, tenant.catch_up),
    )  # fmt: skip


@router.post("/models/experiment/end")
async def end_experiment(request: Request, tenant: Seen) -> Response:
    """End the experiment."""
    return await _changed(request, tenant, "The experiment is over", tenant.models.end_challenge)


async def _changed(request: Request, tenant: Tenant, said: str, change: Callable[[], Any]) -> Response:
    await asyncio.to_thread(change)
    await served(request).refresh(tenant)
    return RedirectResponse(f"/models?{urlencode({'said': said})}", 303)
