"""For those who watch: alive, ready, measured."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from edgewise.serving.answers import Health
from edgewise.serving.envelope import Refusal
from edgewise.serving.routes.given import Read, served

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Health, operation_id="healthz")
async def healthz() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", response_model=Health, operation_id="readyz")
async def readyz(request: Request) -> Health:
    """Every tenant's model is loaded and has seen every event."""
    waiting = [t.name for t in served(request).tenants.values() if not t.started]
    if waiting:
        raise Refusal(503, f"{len(waiting)} tenants are starting", hint="try again in a moment", wait=1.0)
    return Health(status="ok")


@router.get("/metrics", operation_id="metrics", response_class=Response)
async def metrics(tenant: Read) -> Response:
    """Counters and timings of the key's tenant, in Prometheus' text format."""
    return Response(tenant.measured(), media_type="text/plain; version=0.0.4; charset=utf-8")
