"""How large a trending world is and what is planted in it, and how that is said in its name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final
from urllib.parse import parse_qsl

from edgewise.errors import SourceError

__all__ = ["SIZES", "TrendingOptions", "read_options"]


@dataclass(frozen=True, slots=True)
class TrendingOptions:
    """The size of a trending world; the same options give the same world.

    Attributes:
        shoppers: how many people there are.
        products: how many products, in categories of about ten.
        stores: how many stores.
        weeks: the length of the history.
        events: purchases a week, on the average.
        trends: how many rises and falls are planted.
        size: the factor of a rise; of a fall, its inverse.
        season: how far categories swing with the year, as a share of their mean.
        bursts: the share of purchases that begin a spell in which one person buys the same thing day after day,
            and the share of days on which a product has a peak.
        random_seed: what chance is drawn from.
    """

    shoppers: int = 1500
    products: int = 200
    stores: int = 8
    weeks: int = 40
    events: int = 3000
    trends: int = 12
    size: float = 2.5
    season: float = 0.0
    bursts: float = 0.003
    random_seed: int = 0


SIZES: Final = {
    "small": TrendingOptions(shoppers=500, products=120, stores=4, weeks=26, events=1500, trends=4, size=3.0),
    "medium": TrendingOptions(),
    "years": TrendingOptions(weeks=110, season=0.3),
}

_LEAST: Final = {"shoppers": 50, "products": 20, "stores": 2, "weeks": 14, "events": 100, "size": 1.0}


def read_options(text: str) -> TrendingOptions:
    """The options in a world's name: `:small`, `?weeks=60&trends=0`, `:years?random_seed=4`, or nothing.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    size, _, query = text.partition("?")
    options = SIZES.get(size.removeprefix(":") or "medium")
    if options is None or size == ":":
        raise SourceError(f"the world 'trending' has no size '{size[1:]}'", hint=f"sizes: {', '.join(SIZES)}")
    asked = {key: _value(key, value) for key, value in parse_qsl(query, keep_blank_values=True)}
    whole: dict[str, Any] = {**asdict(options), **asked}
    return TrendingOptions(**whole)


def _value(key: str, text: str) -> int | float:
    kinds = {field.name: type(getattr(SIZES["medium"], field.name)) for field in fields(TrendingOptions)}
    if key not in kinds:
        raise SourceError(f"the world 'trending' has no option '{key}'", hint=f"options: {', '.join(kinds)}")
    try:
        value: int | float = kinds[key](text)
    except ValueError:
        hint = f"for example {key}={_LEAST.get(key, 1)}"
        raise SourceError(f"{key}={text}: a number is expected", hint=hint) from None
    if not _LEAST.get(key, 0) <= value <= 1_000_000:
        raise SourceError(f"{key}={text} is out of range", hint=f"from {_LEAST.get(key, 0)}")
    return value
