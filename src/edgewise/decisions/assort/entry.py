"""The section `assort` of a project file: where sales are recorded, and what an assortment must keep to."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["AssortEntry", "SupplierTerms"]


def _listed(value: object) -> object:
    return value if isinstance(value, (list, tuple, dict)) or value is None else [value]


#: Keys as users write them: numbers or texts.
Keys = Annotated[list[int | str], BeforeValidator(_listed)]
Columns = Annotated[list[str], BeforeValidator(_listed)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SupplierTerms(_Entry):
    """What was agreed with a supplier, for each store."""

    least: int = Field(default=0, ge=0, description="A store carries at least so many of its articles.")
    most: int | None = Field(default=None, ge=0, description="A store carries at most so many of its articles.")
    if_any: int = Field(
        default=0, ge=0, description="A store that carries any of its articles carries at least so many."
    )


class AssortEntry(_Entry):
    """Which articles each store carries."""

    sales: str = Field(description="The table with a row for each article sold.")
    store: str = Field(description="Its column that says in which store: a link to the table of stores.")
    article: str = Field(description="Its column that says which article: a link to the table of articles.")
    shopper: str | None = Field(
        default=None, description="Its column that says who bought: tells what people buy instead of what."
    )
    amount: str | None = Field(
        default=None, description="Its column that says how much a row counts (pieces, money); by default 1."
    )
    category: str | None = Field(
        default=None, description="The articles' column within whose values people buy one thing for another."
    )
    supplier: str | None = Field(default=None, description="The articles' column that names the supplier.")
    alike: Columns = Field(default=[], description="The articles' columns that say which of them are alike.")
    store_alike: Columns = Field(
        default=[], description="The stores' columns that say which of them are alike: region, format, size."
    )
    days: int = Field(default=28, ge=1, le=366, description="For how many days the assortment is to hold.")
    candidates: int = Field(
        default=2000,
        ge=1,
        description="From how many articles each store chooses: those it would sell most of.",
    )
    space: Annotated[int, Field(ge=1)] | str | None = Field(
        default=None,
        description="The space of each store, or the stores' column that holds it; by default as many articles "
        "as it sold in the last `days`, at least `least_space` and at most half of the candidates.",
    )
    least_space: int = Field(default=50, ge=1, description="The least space that a store is taken to have.")
    size: str | None = Field(
        default=None, description="The articles' column with the space that one needs; by default 1."
    )
    category_least: dict[str, int] = Field(
        default={}, description="By category, how many articles each store carries at least."
    )
    category_most: int | dict[str, int] | None = Field(
        default=None,
        description="How many articles of a category a store carries at most: for all or by category.",
    )
    must_have: Keys = Field(default=[], description="Articles that every store carries.")
    must_not: Keys = Field(default=[], description="Articles that no store carries.")
    suppliers: dict[str, SupplierTerms] = Field(default={}, description="Terms by supplier.")
    changes: int | float | None = Field(
        default=None,
        ge=0,
        description="How many articles a store takes in at most that it did not sell in the last `current_days`: "
        "a number, or, below 1, a share of its space. Places that stood empty are filled beside.",
    )
    current_days: int = Field(
        default=91, ge=1, description="A store carries now what it sold within the last so many days."
    )
    stores: Keys = Field(default=[], description="The stores to decide for; by default all.")
    substitution: bool = Field(
        default=True, description="Whether to count what people would buy instead of what is missing."
    )
    gap: float = Field(default=0.01, gt=0, le=0.5, description="How far from the best a plan may be, as a share.")
    seconds: float = Field(default=120.0, gt=0, description="How long to look for plans that are near enough.")
    random_seed: int = Field(default=0, ge=0, description="What chance is drawn from.")
