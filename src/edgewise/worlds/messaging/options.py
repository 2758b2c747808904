"""How large a messaging world is, and how its size is said in its name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Final
from urllib.parse import parse_qsl

from edgewise.errors import SourceError

__all__ = ["SIZES", "MessagingOptions", "read_options"]


@dataclass(frozen=True, slots=True)
class MessagingOptions:
    """The size of a messaging world; the same options give the same world.

    `weeks` is the length of its randomised history. A user is sent about 1.5 messages a week.
    """

    users: int = 5000
    weeks: int = 26
    messages: int = 48
    products: int = 160
    random_seed: int = 0


SIZES: Final = {
    "small": MessagingOptions(users=600, weeks=12, messages=24, products=80),
    "medium": MessagingOptions(),
    "large": MessagingOptions(users=100_000),
}

_LEAST: Final = {"users": 20, "weeks": 4, "messages": 16, "products": 16, "random_seed": 0}
_MOST: Final = {
    "users": 500_000,
    "weeks": 104,
    "messages": 500,
    "products": 10_000,
    "random_seed": 2**31 - 1,
}


def read_options(text: str) -> MessagingOptions:
    """The options in a world's name: `:large`, `?users=2000&weeks=12`, `:small?weeks=8`, or nothing.

    Raises:
        SourceError: there is no such size or option, or its value is out of range.
    """
    size, _, query = text.partition("?")
    options = SIZES.get(size.removeprefix(":") or "medium")
    if options is None or size == ":":
        raise SourceError(f"the world 'messaging' has no size '{size[1:]}'", hint=f"sizes: {', '.join(SIZES)}")
    for key, value in parse_qsl(query, keep_blank_values=True):
        options = replace(options, **{key: _value(key, value)})
    return options


def _value(key: str, value: str) -> int:
    known = [field.name for field in fields(MessagingOptions)]
    if key not in known:
        raise SourceError(f"the world 'messaging' has no option '{key}'", hint=f"options: {', '.join(known)}")
    low, high = _LEAST[key], _MOST[key]
    if not value.isdecimal() or not low <= int(value) <= high:
        raise SourceError(
            f"the option {key}={value} of the world 'messaging' is no number from {low} to {high}",
            hint=f"for example {key}={asdict(SIZES['medium'])[key]}",
        )
    return int(value)
