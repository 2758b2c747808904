"""How large a lodging world is, and how its size is said in its name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Final
from urllib.parse import parse_qsl

from edgewise.errors import SourceError

__all__ = ["SIZES", "LodgingOptions", "read_options"]


@dataclass(frozen=True, slots=True)
class LodgingOptions:
    """The size of a lodging world; the same options give the same world.

    `weeks` is the length of its history. `hosts` are there when it begins; `new_hosts` more join every week.
    """

    guests: int = 8000
    hosts: int = 260
    new_hosts: int = 6
    places: int = 10
    weeks: int = 26
    random_seed: int = 0


SIZES: Final = {
    "small": LodgingOptions(guests=2000, hosts=70, new_hosts=3, places=5, weeks=16),
    "medium": LodgingOptions(),
    "large": LodgingOptions(guests=40_000, hosts=1_500, new_hosts=30, places=30, weeks=30),
}

_LEAST: Final = {"guests": 20, "hosts": 5, "new_hosts": 0, "places": 2, "weeks": 2, "random_seed": 0}
_MOST: Final = {
    "guests": 200_000,
    "hosts": 20_000,
    "new_hosts": 500,
    "places": 200,
    "weeks": 104,
    "random_seed": 2**31 - 1,
}


def read_options(text: str) -> LodgingOptions:
    """The options in a world's name: `:large`, `?guests=2000&weeks=26`, `:large?weeks=10`, or nothing.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    size, _, query = text.partition("?")
    options = SIZES.get(size.removeprefix(":") or "medium")
    if options is None or size == ":":
        raise SourceError(f"the world 'lodging' has no size '{size[1:]}'", hint=f"sizes: {', '.join(SIZES)}")
    for key, value in parse_qsl(query, keep_blank_values=True):
        options = replace(options, **{key: _value(key, value)})
    return options


def _value(key: str, value: str) -> int:
    known = [field.name for field in fields(LodgingOptions)]
    if key not in known:
        raise SourceError(f"the world 'lodging' has no option '{key}'", hint=f"options: {', '.join(known)}")
    low, high = _LEAST[key], _MOST[key]
    if not value.isdecimal() or not low <= int(value) <= high:
        raise SourceError(
            f"the option {key}={value} of the world 'lodging' is no number from {low} to {high}",
            hint=f"for example {key}={asdict(SIZES['medium'])[key]}",
        )
    return int(value)
