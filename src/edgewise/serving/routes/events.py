"""Events in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from edgewise.decisions.people import Word
from edgewise.serving.answers import Accepted
from edgewise.serving.direct import taken
from edgewise.serving.intake import MOST_IN_A_BATCH
from edgewise.serving.routes.given import Events, clean

__all__ = ["EventIn", "EventsIn", "FeedbackIn", "router"]

router = APIRouter(prefix="/v1", tags=["events"])


class EventIn(BaseModel):
    """A row that arrives for a table."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=200, description="names the event: sent again, it changes nothing")
    table: str = Field(min_length=1, max_length=200, description="the table that it is a row of")
    values: dict[str, Any] = Field(description="column to value")
    at: str | int | None = Field(
        None, description="when it happened: ISO 8601, or microseconds since 1970; now, where it says nothing"
    )


class EventsIn(BaseModel):
    """Several events, taken whole or not at all."""

    model_config = ConfigDict(extra="forbid")

    events: list[EventIn] = Field(min_length=1, max_length=MOST_IN_A_BATCH)


def _form(body: Any) -> str:
    given = body if isinstance(body, dict) else body.__dict__ if isinstance(body, BaseModel) else {}
    return "batch" if "events" in given else "one"


class FeedbackIn(BaseModel):
    """What a user thinks of a thing."""

    model_config = ConfigDict(extra="forbid")

    item: str | int = Field(description="the thing's key")
    kind: str | None = Field(None, max_length=200, description="the table of the thing; by default the first")
    word: Word = Field(description="more or less of its like, hide it, or clear what was said")
    id: str | None = Field(None, min_length=1, max_length=200, description="sent again, it changes nothing")


EventBody = Annotated[Annotated[EventIn, Tag("one")] | Annotated[EventsIn, Tag("batch")], Discriminator(_form)]


@router.post("/events", response_model=Accepted, operation_id="post_events", status_code=200)
async def post_events(tenant: Events, body: EventBody) -> Accepted:
    """Take one event or several. When the answer comes they are on the disk, and the next answer has seen them."""
    events = body.events if isinstance(body, EventsIn) else [body]
    logged = await tenant.accept([e.model_dump() for e in events], isinstance(body, EventsIn))
    return Accepted(**taken(tenant, logged, len(events)))


@router.post("/users/{key:path}/feedback", response_model=Accepted, operation_id="post_feedback")
async def post_feedback(
    tenant: Events, key: Annotated[str, Path(max_length=200, description="the user's key")], body: FeedbackIn
) -> Accepted:
    """Take a word about a thing: the next page has heard it."""
    user, item = clean(key, "path.key"), clean(str(body.item), "body.item")
    name = None if body.id is None else clean(body.id, "body.id")
    logged = await tenant.hear(user, body.kind, item, body.word, name)
    return Accepted(
        accepted=int(logged is not None and logged.new),
        duplicates=int(logged is not None and not logged.new),
        ignored=int(logged is None),
        position=logged.position if logged is not None else 0,
    )
