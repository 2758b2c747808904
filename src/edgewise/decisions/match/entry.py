"""What is declared about a market of two sides: where the tables say what happened, and what lists must be."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AnswersEntry",
    "AsksEntry",
    "BookingsEntry",
    "ClosedEntry",
    "MatchEntry",
    "NewcomersEntry",
    "OffersEntry",
    "PlacesEntry",
    "RequestsEntry",
    "ReviewsEntry",
    "ShownEntry",
]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AsksEntry(_Entry):
    """What one side looks for: a row each time that somebody looks."""

    table: str = Field(description="The table of what is looked for; its key names a row.")
    asker: str = Field(description="The column with who looks, a link to their table.")
    place: str | None = Field(default=None, description="The column with the place that is wanted.")
    begins: str | None = Field(
        default=None, description="The column with the first day that is wanted; without it nothing has dates."
    )
    length: str | None = Field(default=None, description="The column with how many days; 1 where left out.")
    size: str | None = Field(default=None, description="The column with how many people.")
    hours: int = Field(
        default=24,
        ge=1,
        description="For so many hours somebody who looks waits for a list, or until they request.",
    )


class OffersEntry(_Entry):
    """What the other side offers."""

    table: str = Field(description="The table of the offers; its key names an offer.")
    owner: str | None = Field(default=None, description="The column with who offers it, a link to their table.")
    place: str | None = Field(default=None, description="The column with where it is.")
    capacity: str | None = Field(
        default=None, description="The column with how many can be taken in on one day; 1 where left out."
    )
    size: str | None = Field(default=None, description="The column with how many people one of them takes.")


class PlacesEntry(_Entry):
    """Where things are."""

    table: str = Field(description="The table of the places.")
    x: str = Field(description="The column with the first coordinate; distances are in its unit.")
    y: str = Field(description="The column with the second coordinate.")


class ShownEntry(_Entry):
    """What was shown: an offer on the list of somebody who looked."""

    table: str = Field(description="The table of what was shown.")
    ask: str = Field(description="The column that names what was looked for.")
    offer: str = Field(description="The column with the offer.")
    position: str = Field(description="The column with the place on the list, from 1.")


class RequestsEntry(_Entry):
    """Who asked for which offer."""

    table: str = Field(description="The table of the requests; its key names one.")
    ask: str = Field(description="The column that names what was looked for.")
    offer: str = Field(description="The column with the offer.")


class AnswersEntry(_Entry):
    """What the other side said to a request."""

    table: str = Field(description="The table of the answers.")
    request: str = Field(description="The column that names the request.")
    accepted: str = Field(description="The column that is true where it was accepted.")


class BookingsEntry(_Entry):
    """What was agreed on."""

    table: str = Field(description="The table of the bookings.")
    request: str = Field(description="The column that names the request.")
    cancelled: str | None = Field(
        default=None, description="A table of those called off; it links to the bookings."
    )
    cancelled_booking: str | None = Field(default=None, description="The column that names the booking there.")


class ReviewsEntry(_Entry):
    """How it was."""

    table: str = Field(description="The table of the reviews.")
    offer: str = Field(description="The column with the offer.")
    rating: str = Field(description="The column with the rating.")


class ClosedEntry(_Entry):
    """Days on which an offer is not open."""

    table: str = Field(description="The table of the closed days.")
    offer: str = Field(description="The column with the offer.")
    begins: str = Field(description="The column with the first closed day.")
    ends: str = Field(description="The column with the first day that is open again.")


class NewcomersEntry(_Entry):
    """Places for offers that nothing is known about yet."""

    regret: float = Field(
        default=0.05,
        ge=0,
        le=0.5,
        description="The share of the expected bookings that may be given up for newcomers; 0 gives them nothing.",
    )
    looks: float = Field(
        default=120.0, gt=0, description="With so many expected looks, an offer is new no longer, booked or not."
    )
    bookings: int = Field(
        default=1, ge=1, description="With so many bookings of its owner, an offer is new no longer."
    )
    quota: float = Field(
        default=0.5,
        gt=0,
        description="In one round of lists, so many bookings are sought for a newcomer at most.",
    )
    optimism: float = Field(
        default=1.0, ge=0, description="How many standard errors above its expectation a newcomer is judged."
    )


class MatchEntry(_Entry):
    """Whom of one side to offer to whom of the other."""

    asks: AsksEntry = Field(description="What one side looks for.")
    offers: OffersEntry = Field(description="What the other side offers.")
    requests: RequestsEntry = Field(description="Who asked for which offer.")
    shown: ShownEntry = Field(description="What was shown to whom.")
    answers: AnswersEntry = Field(description="What the other side said.")
    bookings: BookingsEntry | None = Field(
        default=None, description="What was agreed on; every accepted request where left out."
    )
    reviews: ReviewsEntry | None = Field(default=None, description="How it was.")
    closed: ClosedEntry | None = Field(default=None, description="Days on which offers are not open.")
    places: PlacesEntry | None = Field(default=None, description="Where things are.")
    list_length: int = Field(default=10, ge=1, le=50, description="How many offers a list has at most.")
    candidates: int = Field(
        default=30, ge=1, le=500, description="How many offers are weighed for each list, the most likely ones."
    )
    load: float = Field(
        default=1.0,
        gt=0,
        description="So many bookings of one round of lists may be expected for each place of an offer on a day.",
    )
    exposure: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Each offer gets this share of the looks that it would have were all that suit shown alike.",
    )
    most_looks: float | None = Field(
        default=None, gt=0, description="No offer gets more expected looks than this in one round of lists."
    )
    newcomers: NewcomersEntry = Field(
        default=NewcomersEntry(), description="Places for offers that nothing is known about yet."
    )
    random_seed: int = Field(default=0, ge=0, description="What chance is drawn from.")
