"""What the client sends and gets, by `client_source.py` from the OpenAPI description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

__all__ = [
    "Accepted",
    "Answer",
    "Body",
    "Challenge",
    "Degraded",
    "Deleted",
    "EventIn",
    "EventsIn",
    "Explained",
    "FeedbackIn",
    "Health",
    "HomePage",
    "MatchList",
    "ModelState",
    "Offered",
    "Playlist",
    "PlaylistPage",
    "Reason",
    "Reference",
    "Shelf",
    "Swap",
    "Thing",
    "ThingList",
]


class Body(BaseModel):
    """A body of a request or an answer. Fields of a later version of the service are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Accepted(Body):
    """What became of some events: they are on the disk now."""

    accepted: int
    duplicates: int
    ignored: int
    position: int


class Answer(Body):
    """Whether to send now, what, and why."""

    user: str
    send: bool
    reason: str
    channel: str | None
    message: str | None
    gain: float
    risk: float
    needed: float
    decided_at: str


class Challenge(Body):
    """Which run is to answer for some of the users."""

    run: str
    share: float = 0.5


class Degraded(Body):
    """Why an answer is not the best there is."""

    rung: Literal["segment", "popular", "cached"]
    reason: Literal["deadline", "error"]


class Deleted(Body):
    """What was deleted of a user."""

    events: int
    exposures: int
    cached: int


class EventIn(Body):
    """A row that arrives for a table."""

    id: str
    table: str
    values: dict[str, Any]
    at: str | int | None = None


class EventsIn(Body):
    """Several events, taken whole or not at all."""

    events: list[EventIn]


class Explained(Body):
    """Why a thing is, or would be, proposed to a user."""

    user: int | str | None
    known: bool
    thing: Reference
    sentence: str
    channel: str
    because: list[Reason]
    model: str
    at: str


class FeedbackIn(Body):
    """What a user thinks of a thing."""

    item: str | int
    kind: str | None = None
    word: Literal["more", "less", "hide", "clear"]
    id: str | None = None


class Health(Body):
    """Whether the service is there."""

    status: Literal["ok"]


class HomePage(Body):
    """One user's page: shelves, best first."""

    exposure: str
    user: int | str | None = None
    known: bool
    model: str
    variant: str
    at: str
    degraded: Degraded | None = None
    shelves: list[Shelf]
    notes: list[str] = []


class MatchList(Body):
    """What to offer to somebody now."""

    user: str
    decided_at: str
    offers: list[Offered]


class ModelState(Body):
    """Which models answer."""

    current: str
    before: str | None
    challenger: str | None
    share: float


class Offered(Body):
    """An offer on a list."""

    offer: str
    ask: str
    position: int
    booking: float
    newcomer: bool
    left: int


class Playlist(Body):
    """A list made for one user, or a ready-made one."""

    name: str
    title: str
    kind: str
    until: str | None = None
    things: list[Thing]


class PlaylistPage(Body):
    """A user's playlists."""

    exposure: str
    user: int | str | None = None
    known: bool
    model: str
    variant: str
    at: str
    degraded: Degraded | None = None
    playlists: list[Playlist]


class Reason(Body):
    """A thing in the user's past that speaks for another."""

    thing: Reference
    at: str


class Reference(Body):
    """A thing that is spoken of."""

    kind: str
    key: int | str
    title: str


class Shelf(Body):
    """A row of a page."""

    name: str
    title: str
    kind: str | None = None
    things: list[Thing]


class Swap(Body):
    """Which run is to answer."""

    run: str


class Thing(Body):
    """Something shown, at its place, and why."""

    kind: str
    key: int | str
    title: str
    position: int
    score: float | None
    value: float | None
    channel: str
    reason: str
    because: Reference | None = None
    propensity: float


class ThingList(Body):
    """A list of things of one kind."""

    exposure: str
    user: int | str | None = None
    known: bool
    kind: str
    model: str
    variant: str
    at: str
    degraded: Degraded | None = None
    things: list[Thing]
