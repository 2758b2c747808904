"""All pages put together."""

from __future__ import annotations

from fastapi import APIRouter

from edgewise.serving.pages import entrance, graph, preview

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
for part in (entrance, preview, graph):
    router.include_router(part.router)
