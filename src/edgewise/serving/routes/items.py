"""Things: what is like one, what a text names, why one is proposed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from edgewise.prediction.nouns import Likeness
from edgewise.serving.answers import Explained, ThingList
from edgewise.serving.routes.given import Count, Kind, Read, UserKey, clean, served
from edgewise.serving.routes.users import json

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["things"])


@router.get("/items/{key:path}/similar", response_model=ThingList, operation_id="similar")
async def similar(
    request: Request,
    tenant: Read,
    key: Annotated[str, Path(max_length=200, description="the thing's key")],
    kind: Kind = None,
    k: Count = 20,
    how: Annotated[Likeness, Query(description="much the same, bought with it, or bought instead")] = "similar",
) -> Response:
    """The things most like one thing."""
    return json(await served(request).similar(tenant, kind, clean(key, "path.key"), k, how))


@router.get("/search", response_model=ThingList, operation_id="search")
async def search(
    request: Request,
    tenant: Read,
    q: Annotated[str, Query(min_length=1, max_length=200, description="words")],
    user: UserKey = None,
    kind: Annotated[str | None, Query(max_length=200, description="the table to search; by default all")] = None,
    k: Count = 20,
) -> Response:
    """The things that a text names, those that the user would like first."""
    text, key = clean(q, "query.q"), clean(user, "query.user")
    return json(await served(request).search(tenant, text, key, kind, k))


@router.get("/explain", response_model=Explained, operation_id="explain")
async def explain(
    request: Request,
    tenant: Read,
    user: Annotated[str, Query(min_length=1, max_length=200, description="the user's key")],
    item: Annotated[str, Query(min_length=1, max_length=200, description="the thing's key")],
    kind: Kind = None,
) -> Explained:
    """Why a thing is, or would be, proposed to a user."""
    return await served(request).explain(tenant, clean(user, "query.user"), kind, clean(item, "query.item"))
