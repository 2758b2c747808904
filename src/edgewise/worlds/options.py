"""How the size of a planted world is said in its name: `:large`, `?weeks=26`, `:large?weeks=10`, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

from edgewise.errors import SourceError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["SEEDS", "sized"]

SEEDS: Final = (0, 2**31 - 1)  # what random_seed may be, in every world

T = TypeVar("T", bound="DataclassInstance")
Ranges = Mapping[str, tuple[float, float]]


def sized(world: str, sizes: Mapping[str, T], ranges: Ranges, text: str) -> T:
    """The options that stand behind a world's name: those of a size (`medium` where none is named), some changed.

    `ranges` has the least and the most of each option, by its name.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    size, _, query = text.partition("?")
    options = sizes.get(size.removeprefix(":") or "medium")
    if options is None or size == ":":
        raise SourceError(f"the world '{world}' has no size '{size[1:]}'", hint=f"sizes: {', '.join(sizes)}")
    said = parse_qsl(query, keep_blank_values=True)
    changes: dict[str, Any] = {key: _value(world, sizes["medium"], ranges, key, value) for key, value in said}
    return replace(options, **changes)


def _value(world: str, usual: DataclassInstance, ranges: Ranges, key: str, value: str) -> float:
    """A whole number where the usual value is one."""
    if key not in ranges:
        raise SourceError(f"the world '{world}' has no option '{key}'", hint=f"options: {', '.join(ranges)}")
    low, high = ranges[key]
    example = getattr(usual, key)
    number: float | None
    try:
        number = type(example)(value)
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise SourceError(
            f"the option {key}={value} of the world '{world}' is no number from {low} to {high}",
            hint=f"for example {key}={example}",
        )
    return number
