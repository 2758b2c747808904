"""May something be sent to a user now? The decision's answer, with what came since it was made."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from edgewise.clock import iso
from edgewise.decisions.notify.live import Desk
from edgewise.serving.answers import Body
from edgewise.serving.event_log import Logged
from edgewise.serving.listening import Listeners
from edgewise.serving.pages.origin import origin_of
from edgewise.serving.routes.given import Events, Read, clean
from edgewise.serving.tenant import Tenant

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["users"])

Key = Annotated[str, Path(max_length=200, description="the user's key")]
Channel = Annotated[str | None, Query(max_length=200, description="only this channel; by default the best one")]
Message = Annotated[str | None, Query(max_length=200, description="only this message; by default the best one")]


class Answer(Body):
    """Whether to send now, what, and why."""

    user: str = Field(description="the key of the user")
    send: bool = Field(description="whether it may be sent now")
    reason: str = Field(description="why, or why not")
    channel: str | None = Field(description="the channel; null where there is nothing to send")
    message: str | None = Field(description="the key of the message; null where there is nothing to send")
    gain: float = Field(description="what it is expected to gain, in the goal's value")
    risk: float = Field(description="the chance of losing the channel times what that is worth")
    needed: float = Field(description="what it must gain beyond the risk: the multiplier now times the cost")
    decided_at: str = Field(description="the moment of the decision")


def _tell(_: Tenant, desk: Desk, logged: Logged) -> None:
    desk.observe(logged.event.table, logged.event.values, logged.event.at)


_DESKS: Final = Listeners("notify", Desk, _tell)


@router.get("/users/{key:path}/notify", response_model=Answer, operation_id="may_notify")
async def may_notify(
    request: Request, tenant: Read, key: Key, channel: Channel = None, message: Message = None
) -> Answer:
    """Whether something may be sent to a user now, what is best, and why; nothing is remembered."""
    return await _asked(request, tenant, key, channel, message, False)


@router.post("/users/{key:path}/notify", response_model=Answer, operation_id="notify")
async def notify(
    request: Request, tenant: Events, key: Key, channel: Channel = None, message: Message = None
) -> Answer:
    """The same, for one who sends it if the answer is yes: caps and spacing count it from now on."""
    return await _asked(request, tenant, key, channel, message, True)


async def _asked(
    request: Request, tenant: Tenant, key: str, channel: str | None, message: str | None, take: bool
) -> Answer:
    user = clean(key, "path.key")
    channel, message = (
        None if one is None else clean(one, place) for one, place in ((channel, "channel"), (message, "message"))
    )

    def answer(desk: Desk) -> Answer:
        verdict = desk.ask(user, tenant.now(), channel, message, take=take)
        return Answer(
            user=user,
            send=verdict.send,
            reason=verdict.reason,
            channel=verdict.channel,
            message=None if verdict.message is None else str(verdict.message),
            gain=verdict.gain,
            risk=verdict.risk,
            needed=verdict.needed,
            decided_at=iso(desk.at),
        )

    return await asyncio.to_thread(_DESKS.ask, tenant, origin_of(request, tenant.name).decided, user, answer)
