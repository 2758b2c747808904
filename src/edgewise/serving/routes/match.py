"""Whom to offer to somebody who looks: the list that was decided, as far as it is still free."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from pydantic import Field

from edgewise.clock import iso
from edgewise.decisions.match.live import Board
from edgewise.serving.answers import Body
from edgewise.serving.event_log import Logged
from edgewise.serving.listening import Listeners
from edgewise.serving.pages.origin import origin_of
from edgewise.serving.routes.given import Read, clean
from edgewise.serving.tenant import Tenant

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["users"])


class Offered(Body):
    """An offer on a list."""

    offer: str = Field(description="the key of the offer")
    ask: str = Field(description="the key of what was looked for")
    position: int = Field(description="its place, from 1")
    booking: float = Field(description="the chance of a booking that lasts, given a look")
    newcomer: bool = Field(description="whether little is known about it yet")
    left: int = Field(description="how many are still free on all the days")


class MatchList(Body):
    """What to offer to somebody now."""

    user: str = Field(description="the key of the one who looks")
    decided_at: str = Field(description="the moment of the decision; what was taken since is left out")
    offers: list[Offered] = Field(description="in order; empty for somebody who did not look then")


def _tell(tenant: Tenant, board: Board, logged: Logged) -> None:
    event = logged.event
    board.observe(event.table, event.values, _own_key(tenant, event.table, event.values))


_BOARDS: Final = Listeners("match", Board, _tell)


@router.get("/users/{key:path}/match", response_model=MatchList, operation_id="match")
async def match(
    request: Request,
    tenant: Read,
    key: Annotated[str, Path(max_length=200, description="the key of the one who looks")],
) -> MatchList:
    """The offers decided for somebody, without those that others took since."""
    user = clean(key, "path.key")

    def answer(board: Board) -> MatchList:
        offers = [
            Offered(
                offer=str(one.offer),
                ask=str(one.ask),
                position=one.position,
                booking=one.booking,
                newcomer=one.newcomer,
                left=one.left,
            )
            for one in board.of(user)
        ]
        return MatchList(user=user, decided_at=iso(board.at), offers=offers)

    return await asyncio.to_thread(_BOARDS.ask, tenant, origin_of(request, tenant.name).decided, user, answer)


def _own_key(tenant: Tenant, table: str, values: object) -> str | None:
    """The key of a row that arrived, where its table has one."""
    known = tenant.intake.schema.tables.get(table)
    if known is None or known.key is None or not isinstance(values, dict):
        return None
    return None if values.get(known.key) is None else str(values[known.key])
