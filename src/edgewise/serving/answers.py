"""The bodies of answers: what the service says, in one place, so that the OpenAPI description and the client
follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Annotated, Any, Literal, TypeVar, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

__all__ = [
    "Accepted",
    "Degraded",
    "Deleted",
    "Explained",
    "Health",
    "HomePage",
    "ModelState",
    "Playlist",
    "PlaylistPage",
    "Reason",
    "Reference",
    "Rung",
    "Shelf",
    "Thing",
    "ThingList",
    "as_key",
    "finite",
]

Key = int | str
Rung = Literal["segment", "popular", "cached"]
Made = TypeVar("Made")


class Body(BaseModel):
    """A body of an answer that is seldom made."""

    model_config = ConfigDict(extra="forbid")


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
def shown(cls: type[Made]) -> type[Made]:
    """A body that is made many times a second: a plain dataclass, described as pydantic's models are.

    Without slots: orjson writes it faster.
    """
    made = dataclass(kw_only=True)(cls)
    said: JsonDict = {"description": cleandoc(cls.__doc__ or "")}
    config = ConfigDict(extra="forbid", json_schema_extra=said)
    made.__pydantic_config__ = config  # type: ignore[attr-defined]  # pydantic reads it
    return made


@shown
class Degraded:
    """Why an answer is not the best there is."""

    rung: Annotated[
        Rung,
        Field(
            description="what answered instead: what is popular among people like the user, what is popular at "
            "all, or an earlier answer"
        ),
    ]
    reason: Annotated[
        Literal["deadline", "error"], Field(description="the personal answer came too late, or it failed")
    ]


@shown
class Reference:
    """A thing that is spoken of."""

    kind: Annotated[str, Field(description="the table it is a row of")]
    key: Key
    title: str


@shown
class Thing:
    """Something shown, at its place, and why."""

    kind: Annotated[str, Field(description="the table it is a row of")]
    key: Key
    title: str
    position: Annotated[int, Field(description="its place in the list, from 1")]
    score: Annotated[float | None, Field(description="orders the things of one list; compares with nothing else")]
    value: Annotated[float | None, Field(description="the probability that the user takes it, where it is known")]
    channel: Annotated[str, Field(description="what speaks most for it, such as repeat or similar")]
    reason: Annotated[str, Field(description="why it is there, in a sentence")]
    because: Annotated[Reference | None, Field(description="the thing in the user's past that led to it")] = None
    propensity: Annotated[float, Field(description="the chance that this place shows this thing")]


@shown
class ThingList:
    """A list of things of one kind."""

    exposure: Annotated[str, Field(description="names this list in the exposure log")]
    user: Key | None = None
    known: Annotated[bool, Field(description="whether the user is known; others get what is popular")]
    kind: str
    model: Annotated[str, Field(description="the model that answered")]
    variant: Annotated[str, Field(description="the side of the experiment that the user is on")]
    at: Annotated[str, Field(description="as of when, ISO 8601, UTC")]
    degraded: Degraded | None = None
    things: list[Thing]


@shown
class Shelf:
    """A row of a page."""

    name: str
    title: Annotated[str, Field(description="says why it is there")]
    kind: Annotated[str | None, Field(description="the kind of its things, where they are of one")] = None
    things: list[Thing]


@shown
class HomePage:
    """One user's page: shelves, best first."""

    exposure: Annotated[str, Field(description="names this page in the exposure log")]
    user: Key | None = None
    known: Annotated[bool, Field(description="whether the user is known; others get what is popular")]
    model: Annotated[str, Field(description="the model that answered")]
    variant: Annotated[str, Field(description="the side of the experiment that the user is on")]
    at: Annotated[str, Field(description="as of when, ISO 8601, UTC")]
    degraded: Degraded | None = None
    shelves: list[Shelf]
    notes: Annotated[list[str], Field(description="such as a rule that emptied a shelf")] = field(
        default_factory=list
    )


@shown
class Playlist:
    """A list made for one user, or a ready-made one."""

    name: str
    title: str
    kind: str
    until: Annotated[str | None, Field(description="until when it stays as it is, ISO 8601, UTC")] = None
    things: list[Thing]


@shown
class PlaylistPage:
    """A user's playlists."""

    exposure: Annotated[str, Field(description="names this answer in the exposure log")]
    user: Key | None = None
    known: bool
    model: str
    variant: str
    at: str
    degraded: Degraded | None = None
    playlists: list[Playlist]


class Reason(Body):
    """A thing in the user's past that speaks for another."""

    thing: Reference
    at: str = Field(description="when they met, ISO 8601, UTC")


class Explained(Body):
    """Why a thing is, or would be, proposed to a user."""

    user: Key | None
    known: bool = Field(description="whether the user is known")
    thing: Reference
    sentence: str
    channel: str = Field(description="the channel that speaks most for it; none where no channel does")
    because: list[Reason]
    model: str
    at: str


class Accepted(Body):
    """What became of some events: they are on the disk now."""

    accepted: int = Field(description="events that are new")
    duplicates: int = Field(description="events whose id had been logged before; they changed nothing")
    ignored: int = Field(description="events of users who were deleted; they are not kept")
    position: int = Field(description="the place of the last of them in the log; 0 where none is kept")


class ModelState(Body):
    """Which models answer."""

    current: str
    before: str | None = Field(description="what a roll-back returns to")
    challenger: str | None = Field(description="the other model of an experiment")
    share: float = Field(description="the share of users whom the challenger answers")


class Deleted(Body):
    """What was deleted of a user."""

    events: int
    exposures: int
    cached: int


class Health(Body):
    """Whether the service is there."""

    status: Literal["ok"]


def finite(number: float) -> float | None:
    """A number, or None for NaN and infinity, which JSON has not."""
    value = float(number)
    return value if value - value == 0 else None


def as_key(value: Any) -> Key:
    """A key in JSON's types: whole numbers stay numbers, all else is text."""
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)
