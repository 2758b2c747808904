"""What a user is shown: the page, recommendations, playlists."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from edgewise.serving.answers import HomePage, PlaylistPage, ThingList
from edgewise.serving.routes.given import Count, Kind, Read, clean, served

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["users"])
Key = Annotated[str, Path(max_length=200, description="the user's key; an unknown user gets what is popular")]


def json(body: bytes) -> Response:
    """A body that is JSON already."""
    return Response(body, media_type="application/json")


@router.get("/users/{key:path}/home", response_model=HomePage, operation_id="home")
async def home(request: Request, tenant: Read, key: Key) -> Response:
    """The homepage of a user: shelves, each with a title that says why."""
    return json(await served(request).home(tenant, clean(key, "path.key")))


@router.get("/users/{key:path}/recommendations", response_model=ThingList, operation_id="recommendations")
async def recommendations(request: Request, tenant: Read, key: Key, kind: Kind = None, k: Count = 20) -> Response:
    """The best things of one kind for a user."""
    return json(await served(request).recommend(tenant, clean(key, "path.key"), kind, k))


@router.get("/users/{key:path}/playlists", response_model=PlaylistPage, operation_id="playlists")
async def playlists(request: Request, tenant: Read, key: Key) -> Response:
    """The playlists made for a user."""
    return json(await served(request).playlists(tenant, clean(key, "path.key")))


@router.get("/recommendations", response_model=ThingList, operation_id="session_recommendations")
async def session_recommendations(
    request: Request,
    tenant: Read,
    kind: Kind = None,
    k: Count = 20,
    items: Annotated[
        list[str] | None, Query(max_length=100, description="keys of a basket or an anonymous session, last last")
    ] = None,
) -> Response:
    """The best things to go with a basket, or for somebody anonymous."""
    session = tuple(clean(item, "query.items") for item in items or [])
    return json(await served(request).recommend(tenant, "", kind, k, session))
