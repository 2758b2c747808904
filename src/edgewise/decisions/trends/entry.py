"""What is watched for trends, and how carefully: the section `trends` of a project file."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["TrendsEntry", "WatchedEntry"]

Weeks = Annotated[int, Field(ge=1, le=8)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WatchedEntry(_Entry):
    """One table of events. Columns are the table's own, or `table.column` of one that it links to."""

    people: str | None = Field(
        default=None,
        description="The column that says who it was: each counts once a day. Without it, rows count.",
    )
    items: str | None = Field(default=None, description="The column with the key of the item.")
    levels: list[str] = Field(
        default=[], description="Columns that group items, such as categories: each value is watched."
    )
    behaviours: list[str] = Field(
        default=[], description="Columns that say how it was done, such as a channel: each value is watched."
    )
    text: str | None = Field(default=None, description="The column with what was searched for, as text.")
    where: list[str] = Field(
        default=[], description="Columns of places, such as stores: where a trend comes from."
    )
    whom: list[str] = Field(
        default=[], description="Columns of people, such as age: with whom a trend comes from."
    )
    within: str | None = Field(
        default=None, description="The level that is also watched in each place and for each group of people."
    )


class TrendsEntry(_Entry):
    """What is watched, and how carefully."""

    events: dict[str, WatchedEntry] = Field(min_length=1, description="The tables of events, by name.")
    false_discoveries: float = Field(
        default=0.05, gt=0, lt=0.5, description="The share of what is listed that may be false, over all looks."
    )
    dependence: Literal["positive", "any"] = Field(
        default="positive",
        description="How the things that are watched at one look may hang together: `any` costs power.",
    )
    windows: list[Weeks] = Field(
        default=[1, 2, 4],
        min_length=1,
        description="How many recent weeks are held against the weeks before them.",
    )
    baseline_weeks: int = Field(default=12, ge=4, le=52, description="How many weeks before are the baseline.")
    history_weeks: int = Field(default=120, ge=13, le=520, description="How many weeks back are read at most.")
    keep_weeks: int = Field(
        default=8, ge=2, le=26, description="After so many weeks, what a trend led to is the new normal."
    )
    least: int = Field(
        default=20, ge=5, description="With fewer than so many events in baseline and window, nothing is tested."
    )
    peaks: Literal["cut", "count"] = Field(
        default="cut", description="Whether single days far above what the weeks before had are cut down to size."
    )
    holidays: dict[str, list[dt.date]] = Field(
        default={},
        description="Known holidays by name, with their days: their rises are expected, no discoveries.",
    )
    holiday_weeks: int = Field(default=2, ge=1, le=6, description="How many weeks up to a holiday belong to it.")
    list_holidays: bool = Field(default=False, description="List what rises towards known holidays all the same.")
    examples: int = Field(default=3, ge=0, le=20, description="How many rows are shown of each trend.")
