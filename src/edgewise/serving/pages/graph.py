"""Graph: the tables and links that everything is made from."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from edgewise.schema.model import Schema
from edgewise.serving.envelope import Refusal
from edgewise.serving.pages.frame import PageRoute, Seen, render
from edgewise.serving.pages.picture import draw

__all__ = ["router"]

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/graph")
async def graph(request: Request, tenant: Seen) -> Response:
    """The picture, and below it each table with its columns, each link and problem with its reason."""
    live = tenant.models.current
    schema = live.schema
    if not schema.tables:
        raise Refusal(409, "the tables could not be opened", hint="the service says why as it starts")
    return render(
        request, "graph.html.j2", place="graph", schema=schema, picture=draw(schema), users=live.users,
        kinds=live.kinds, links={table.name: _links(schema, table.name) for table in schema},
    )  # fmt: skip


def _links(schema: Schema, table: str) -> dict[str, str]:
    return {link.column: link.to for link in schema.links_from(table)}
