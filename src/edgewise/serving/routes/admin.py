"""What only an administrator may: models in and out, users deleted."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from edgewise.serving.answers import Deleted, ModelState
from edgewise.serving.models import Serving
from edgewise.serving.routes.given import Admin, clean, served
from edgewise.serving.tenant import Tenant

__all__ = ["Challenge", "Swap", "router"]

router = APIRouter(prefix="/v1", tags=["admin"])


class Swap(BaseModel):
    """Which run is to answer."""

    model_config = ConfigDict(extra="forbid")

    run: str = Field(min_length=1, max_length=200, description="the name of a run's folder beside the one served")


class Challenge(Swap):
    """Which run is to answer for some of the users."""

    share: float = Field(0.5, gt=0, lt=1, description="the share of the users")


@router.get("/admin/models", response_model=ModelState, operation_id="models")
async def models(tenant: Admin) -> ModelState:
    """Which models answer."""
    return _state(tenant.models.now)


@router.post("/admin/models/swap", response_model=ModelState, operation_id="swap_model")
async def swap(request: Request, tenant: Admin, body: Swap) -> ModelState:
    """Let another run answer from now on. If it is damaged, the old one stays."""
    name = clean(body.run, "body.run")
    state = await asyncio.to_thread(tenant.models.swap, name, tenant.catch_up)
    return await _changed(request, tenant, state)


@router.post("/admin/models/roll-back", response_model=ModelState, operation_id="roll_back_model")
async def roll_back(request: Request, tenant: Admin) -> ModelState:
    """Let the run before the last swap answer again."""
    return await _changed(request, tenant, tenant.roll_back())


@router.post("/admin/experiment", response_model=ModelState, operation_id="start_experiment")
async def start_experiment(request: Request, tenant: Admin, body: Challenge) -> ModelState:
    """Let another run answer for a share of the users, always the same ones."""
    name = clean(body.run, "body.run")
    state = await asyncio.to_thread(tenant.models.challenge, name, body.share, tenant.catch_up)
    return await _changed(request, tenant, state)


@router.delete("/admin/experiment", response_model=ModelState, operation_id="end_experiment")
async def end_experiment(request: Request, tenant: Admin) -> ModelState:
    """End the experiment: the current run answers for everybody."""
    return await _changed(request, tenant, tenant.models.end_challenge())


@router.delete("/users/{key:path}", response_model=Deleted, operation_id="delete_user")
async def delete_user(
    tenant: Admin, key: Annotated[str, Path(max_length=200, description="the user's key")]
) -> Deleted:
    """Delete a user from state, log and caches, for good: a mark that does not tell the key stays."""
    gone = await tenant.forget(clean(key, "path.key"))
    return Deleted(events=gone.events, exposures=gone.exposures, cached=gone.cached)


async def _changed(request: Request, tenant: Tenant, serving: Serving) -> ModelState:
    await served(request).refresh(tenant)
    return _state(serving)


def _state(serving: Serving) -> ModelState:
    return ModelState(
        current=serving.current.version,
        before=serving.before.version if serving.before is not None else None,
        challenger=serving.challenger.version if serving.challenger is not None else None,
        share=serving.share,
    )
