"""What is declared about messages: where the tables say what was sent and what came of it, and what is allowed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "BudgetEntry",
    "ChannelEntry",
    "ConsentEntry",
    "GoalEntry",
    "MessagesEntry",
    "NotifyEntry",
    "QuietEntry",
    "ResponseEntry",
    "SendsEntry",
    "UnsubscribeEntry",
    "UsersEntry",
]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UsersEntry(_Entry):
    """Those who are written to."""

    table: str = Field(description="The table of the users.")
    zone: str | None = Field(
        default=None, description="The column with their time zone, such as Europe/Berlin; UTC where left out."
    )
    joined: str | None = Field(
        default=None, description="The column that says since when they are users; by default the table's time."
    )
    held_out: str | None = Field(
        default=None, description="A column that is true for users who are never sent anything, to measure."
    )


class MessagesEntry(_Entry):
    """What can be sent."""

    table: str = Field(description="The table of the messages; its key names them.")
    begins: str | None = Field(
        default=None, description="The column that says from when on it can be sent; by default the table's time."
    )
    ends: str | None = Field(default=None, description="The column that says when a message is over.")
    priority: str | None = Field(
        default=None,
        description="A column that is true, or above 0, for messages that go to everyone before all others, "
        "whatever they bring; consent, quiet hours and the budget hold for them too, caps count them without "
        "stopping them.",
    )
    priority_channel: str | None = Field(
        default=None, description="The channel of priority messages; by default each user's cheapest one."
    )
    priority_days: int = Field(
        default=7, ge=1, le=90, description="For so many days after it begins a priority message is still sent."
    )


class SendsEntry(_Entry):
    """What was sent; or, as `withheld`, what was ready to be sent when chance held it back."""

    table: str = Field(description="The table of the sends.")
    user: str = Field(description="The column with the user.")
    message: str | None = Field(default=None, description="The column with the message.")
    channel: str | None = Field(default=None, description="The column with the channel.")
    time: str | None = Field(default=None, description="When it was sent; by default the table's time.")
    time_of: str | None = Field(
        default=None, description="A table with the time, where the sends have none: that of the messages."
    )
    key: str | None = Field(
        default=None, description="The column that responses name a send by; by default the table's key."
    )
    chance: str | None = Field(
        default=None, description="The column with the chance with which it was sent rather than withheld."
    )


class ResponseEntry(_Entry):
    """A sign on the way to the goal: opens, clicks, visits from a message."""

    table: str = Field(description="The table of the responses.")
    send: str | None = Field(default=None, description="The column that names the send.")
    user: str | None = Field(default=None, description="The column with the user, where no send is named.")
    message: str | None = Field(default=None, description="The column with the message, where no send is named.")
    time: str | None = Field(default=None, description="When it happened; by default the table's time.")


class GoalEntry(_Entry):
    """What messages are for."""

    table: str = Field(description="The table whose rows are wanted: purchases, listens, visits.")
    user: str = Field(description="The column with the user.")
    value: str | None = Field(default=None, description="The column with what a row is worth; 1 where left out.")
    time: str | None = Field(default=None, description="When it happened; by default the table's time.")
    send: str | None = Field(default=None, description="The column that names the send that led to it.")
    margin: float = Field(default=1.0, gt=0, description="What one unit of the value is worth, in units of cost.")
    days: int = Field(
        default=14, ge=1, le=90, description="For how many days after a message what happens is counted for it."
    )


class UnsubscribeEntry(_Entry):
    """Who left a channel, or muted it."""

    table: str = Field(description="The table of those who left.")
    user: str = Field(description="The column with the user.")
    channel: str | None = Field(default=None, description="The column with the channel they left.")
    time: str | None = Field(default=None, description="When; by default the table's time.")
    send: str | None = Field(default=None, description="The column that names the send they left at.")
    days: int = Field(
        default=2, ge=1, le=30, description="For how many days leaving is put down to the last send before it."
    )


class ConsentEntry(_Entry):
    """Who agreed to what."""

    table: str = Field(description="The table of the consents.")
    user: str = Field(description="The column with the user.")
    channel: str | None = Field(default=None, description="The column with the channel; all channels if left out.")
    time: str | None = Field(default=None, description="Since when; by default the table's time.")
    given: str | None = Field(
        default=None, description="A column that is false where consent is taken back; the latest row counts."
    )


class ChannelEntry(_Entry):
    """One channel."""

    cost: float = Field(default=0.0, ge=0, description="What a send costs.")
    per_week: int | None = Field(
        default=None, ge=0, description="At most so many a week and user in this channel."
    )
    worth: float | None = Field(
        default=None, ge=0, description="What a channel is worth while its user stays; by default it is estimated."
    )


class QuietEntry(_Entry):
    """Hours in which nothing is sent, in the user's own time."""

    start: int = Field(default=21, ge=0, le=23, description="The hour from which it is quiet.")
    end: int = Field(default=8, ge=0, le=23, description="The hour until which it is quiet.")

    def allowed(self) -> list[int]:
        """The hours of the day in which something may be sent; all of them where start equals end."""
        if self.start == self.end:
            return list(range(24))
        quiet = {(self.start + i) % 24 for i in range((self.end - self.start) % 24)}
        return [hour for hour in range(24) if hour not in quiet]


class BudgetEntry(_Entry):
    """What may be spent."""

    sends: int | None = Field(default=None, ge=0, description="At most so many messages in `days`.")
    money: float | None = Field(default=None, ge=0, description="At most so much cost in `days`.")
    days: int = Field(default=7, ge=1, le=31, description="The days that the budget is for.")

    @model_validator(mode="after")
    def _one(self) -> BudgetEntry:
        if self.sends is not None and self.money is not None:
            raise ValueError("a budget is counted in sends or in money, not in both")
        return self


class NotifyEntry(_Entry):
    """Messages: whom to send what, when, on which channel."""

    users: UsersEntry = Field(description="Those who are written to.")
    sends: SendsEntry = Field(description="What was sent in the past.")
    goal: GoalEntry = Field(description="What messages are for.")
    messages: MessagesEntry | None = Field(default=None, description="What can be sent.")
    responses: list[ResponseEntry] = Field(
        default=[], description="Signs on the way to the goal, the first one first: opens, then clicks."
    )
    withheld: SendsEntry | None = Field(
        default=None, description="What was ready to be sent when chance held it back: the controls."
    )
    unsubscribes: list[UnsubscribeEntry] = Field(default=[], description="Who left a channel, or muted it.")
    acts: list[str] = Field(
        default=[],
        description="Further tables of what users do by themselves, such as visits: they say what interests them "
        "and at what time of day.",
    )
    consents: ConsentEntry | None = Field(
        default=None, description="Who agreed to what; without it everyone may be written to."
    )
    history: Literal["randomised", "propensity", "association"] = Field(
        default="association",
        description="How the past was decided: by chance; by what the tables hold, so that it can be corrected "
        "for; or by something else, when the past shows association only.",
    )
    channels: dict[str, ChannelEntry] = Field(
        default={}, description="The channels that may be used; by default those of the past."
    )
    per_day: int = Field(default=1, ge=1, le=4, description="At most so many messages a user and day.")
    per_week: int = Field(default=3, ge=0, le=28, description="At most so many messages a user and week.")
    spacing_hours: float = Field(default=20.0, ge=0, le=168, description="At least so many hours between two.")
    repeat_days: int = Field(
        default=28, ge=0, le=365, description="The same message goes to the same user once in so many days."
    )
    quiet: QuietEntry = Field(default=QuietEntry(), description="Hours in which nothing is sent.")
    budget: BudgetEntry = Field(default=BudgetEntry(), description="What may be spent.")
    most_per_hour: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="At most this share of a day's messages goes out within one hour; those with priority go out "
        "at the first permitted hour and are neither paced nor counted.",
    )
    holdout: float = Field(
        default=0.02, ge=0, le=0.5, description="This share of users is sent nothing, always the same ones."
    )
    explore: float = Field(
        default=0.02,
        ge=0,
        le=0.2,
        description="This share of sends is left to chance: half of them are held back, half replaced by another "
        "allowed message, channel or hour; what was chosen is written down with its chance.",
    )
    days: int = Field(default=7, ge=1, le=7, description="For how many days sends are planned.")
    weeks: int = Field(
        default=26, ge=1, le=260, description="For how many weeks a channel that is kept is of use."
    )
    care: float = Field(
        default=1.0, ge=0, description="How much a lost channel counts beside what it would have brought."
    )
    random_seed: int = Field(default=0, ge=0, description="What chance is drawn from.")
