"""All pages put together."""

from __future__ import annotations

from fastapi import APIRouter

from edgewise.serving.pages import entrance, graph, models, preview, query
from edgewise.serving.pages.decided import pages as decided

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
for part in (entrance, preview, decided, graph, query, models):
    router.include_router(part.router)
