"""The rules of a project file, one model a kind of rule. `rule` says which."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AgeEntry",
    "BoostEntry",
    "ExcludeEntry",
    "FilterEntry",
    "PinEntry",
    "QuotaEntry",
    "RegionEntry",
    "RuleEntry",
    "StockEntry",
]

_CONDITION = "A condition on the item's columns, written as after WHERE in a query."


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="What reports call the rule.")
    kind: str = Field(description="The table of the things that it is about.")


class FilterEntry(_Rule):
    """Only things that meet a condition are shown. A condition that is neither true nor false is not met."""

    rule: Literal["filter"]
    where: str = Field(description=_CONDITION)


class PinEntry(_Rule):
    """Things that meet a condition come first, on the given kind of shelf or at the top of a list."""

    rule: Literal["pin"]
    where: str = Field(description=_CONDITION)
    shelf: str = Field(default="for_you", description="The kind of shelf.")
    most: int = Field(default=1, ge=1, le=20, description="How many at most.")


class BoostEntry(_Rule):
    """Things that meet a condition count more, or less below 1."""

    rule: Literal["boost"]
    where: str = Field(description=_CONDITION)
    by: float = Field(gt=0, description="What their value is multiplied by.")


class ExcludeEntry(_Rule):
    """Things that the person took or was shown in the last days are left out."""

    rule: Literal["exclude"]
    what: Literal["taken", "shown"] = Field(description="`taken`: bought, heard, …; `shown`: was on a page.")
    days: float = Field(gt=0, description="For how many days.")
    shelves: list[str] = Field(
        default=[], description="Kinds of shelves that it is about; all but again and back if empty."
    )


class QuotaEntry(_Rule):
    """At most so many things of one supplier, category or creator."""

    rule: Literal["quota"]
    per: Literal["supplier", "category", "creator"] = Field(description="What is counted.")
    most: int = Field(ge=1, description="How many of each.")
    of: Literal["page", "shelf"] = Field(
        default="page", description="Counted over a page, or over each shelf or list."
    )


class StockEntry(_Rule):
    """Only things whose stock is above 0 (or TRUE) are shown; an unknown stock is none."""

    rule: Literal["stock"]
    column: str = Field(description="The column with the stock.")


class AgeEntry(_Rule):
    """Only people of at least the age in a column see the thing; of unknown age, what needs none."""

    rule: Literal["age"]
    column: str = Field(description="The column with the least age, in years; null for none.")


class RegionEntry(_Rule):
    """A thing is shown in the regions that a column lists (a list, or a text parted by commas); null: everywhere.

    People whose region is unknown see what is shown everywhere.
    """

    rule: Literal["region"]
    column: str = Field(description="The column with the regions.")


RuleEntry = Annotated[
    FilterEntry | PinEntry | BoostEntry | ExcludeEntry | QuotaEntry | StockEntry | AgeEntry | RegionEntry,
    Field(discriminator="rule"),
]
